"""The characters of one page as PDFium has them: raw text, lines, words and where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docqa.documents import Box
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.display import Display
from docqa.retrieval.readers.pdf.geometry import union
from docqa.retrieval.readers.pdf.mapped_text import RawSpan
from docqa.retrieval.readers.pdf.pdfium import Extent, Handle

_LINE = re.compile(rf"[^\r\n{HYPHEN}]*[^\s{HYPHEN}][^\r\n{HYPHEN}]*{HYPHEN}?|{HYPHEN}")
WORD = re.compile(r"\S+")
_MARK_WIDTH = 2.0
_MIN_RUNNING_CHARS = 40
_CLOSE = 0.55  # of a line's height: the narrowest gap between two cells; letters are 0.4 to 0.5 wide
# At least five words, the first no mark of an item, the last no number.
_RUNNING = re.compile(r"\s*[^\W\d_]{2,}\S*(?: \S+){3,} [^\s\d]{2,}\s*$")
_LEADER_DOTS = re.compile(r"[.\u2024\u2026\u00b7_] ?[.\u2024\u2026\u00b7_]|  ")


class RawLine(NamedTuple):
    """A printed line in PDFium's order, drawn in `n_stretches` of one text object each.

    `gap` is how many of its heights its widest inner gap between two stretches is wide, not counting one behind a
    bullet or a number.
    """

    span: RawSpan
    box: Box
    gap: float
    n_stretches: int


class RawWord(NamedTuple):
    """A run of raw characters without white space on one printed line, or all of a line of running text."""

    span: RawSpan
    box: Box


@dataclass(frozen=True, slots=True)
class PageChars:
    """An open text page. `display` shows its text upright, `shown` is how the page is shown; they seldom differ.

    `to_char` maps raw code points to PDFium's character index where the two differ: on pages with characters
    outside the Basic Multilingual Plane (PDFium counts UTF-16 units), or that PDFium keeps out of its text.
    """

    text: Handle
    raw: str
    display: Display
    shown: Display
    to_char: tuple[int, ...] | None = None

    def char(self, index: int) -> int:
        """Return PDFium's index of a raw character; the index past the last one is allowed."""
        return index if self.to_char is None else self.to_char[index]

    def is_hyphen(self, index: int) -> bool:
        """Say whether PDFium means a hyphen at a line end by this U+FFFE."""
        return bool(pdfium.is_hyphen(self.text, self.char(index)) == 1)

    def boxes(self, span: RawSpan) -> list[Box]:
        """Return the boxes of a raw range in reading order, one for each stretch of a line and text object."""
        first = self.char(span.start)
        rects = pdfium.rects(self.text, first, self.char(span.end) - first)
        return [self.display.box(r) for r in rects]

    def lines(self) -> list[RawLine]:
        """Return the printed lines that are drawn, in PDFium's order; a hyphen at a line end ends a line."""
        spans = [RawSpan(*found.span()) for found in _LINE.finditer(self.raw)]
        if self.display.is_level:
            return self._level_lines(spans)
        found = ((span, boxes) for span in spans if (boxes := self.boxes(span)))
        return [RawLine(span, union(boxes), _widest_gap(boxes), len(boxes)) for span, boxes in found]

    def _level_lines(self, spans: Sequence[RawSpan]) -> list[RawLine]:
        text, char = self.text, self.char
        found = []
        for span in spans:
            first = char(span[0])
            extent = pdfium.line_extent(text, first, char(span[1]) - first, _MARK_WIDTH)
            if extent is not None:
                found.append((span, *extent))
        boxes = self.display.boxes([extent for _, extent, _, _ in found])
        return [RawLine(span, box, gap, n) for (span, _, gap, n), box in zip(found, boxes, strict=True)]

    def words(self, line: RawLine) -> list[RawWord]:
        """Return the words of a line with their boxes; a line of running text is one "word", which saves most of the
        work on most pages.
        """
        if is_running_text(self.raw, line):
            printed = self.raw[slice(*line.span)]
            start = line.span.end - len(printed.lstrip())
            return [RawWord(RawSpan(start, start + len(printed.strip())), line.box)]
        return self._words(line.span)

    def _words(self, line: RawSpan) -> list[RawWord]:
        text, char, extent = self.text, self.char, pdfium.extent
        spans: list[RawSpan] = []
        extents: list[Extent] = []
        for found in WORD.finditer(self.raw, *line):
            start, end = found.span()
            first = char(start)
            rect = extent(text, first, char(end) - first)
            if rect is not None:
                spans.append(RawSpan(start, end))
                extents.append(rect)
        return list(map(RawWord, spans, self.display.boxes(extents)))


def is_running_text(raw: str, line: RawLine) -> bool:
    """Say whether a line certainly is no row of cells: long, closely set, and with no number at its end."""
    (start, end), box = line.span, line.box
    n_chars = end - start
    if n_chars < _MIN_RUNNING_CHARS or line.gap > _CLOSE or box.x1 - box.x0 > _CLOSE * n_chars * (box.y1 - box.y0):
        return False
    text = raw[start:end]
    return _RUNNING.match(text) is not None and _LEADER_DOTS.search(text) is None


def _widest_gap(boxes: Sequence[Box]) -> float:
    """Do for a page that is shown turned what `pdfium.line_extent` does for a level one."""
    first, *others = sorted(boxes)
    right, gap = first.x1, 0.0
    for box in others:
        if right - first.x0 > _MARK_WIDTH * (box.y1 - box.y0):
            gap = max(gap, box.x0 - right)
        right = max(right, box.x1)
    return gap / max(4.0, max(b.y1 for b in boxes) - min(b.y0 for b in boxes))


def page_chars(text: Handle, display: Display, shown: Display) -> PageChars:
    """Read the characters of an open text page."""
    raw = pdfium.raw_text(text)
    n_chars = pdfium.count_chars(text)
    if len(raw) == n_chars and not _outside_plane(raw):
        return PageChars(text, raw, display, shown)
    return PageChars(text, raw, display, shown, _char_indices(text, raw, n_chars))


def _outside_plane(raw: str) -> bool:
    return not raw.isascii() and max(raw) > "\uffff"


def _char_indices(text: Handle, raw: str, n_chars: int) -> tuple[int, ...]:
    indices: list[int] = []
    unit = 0
    for character in raw:
        found = pdfium.char_of_text_index(text, unit)
        indices.append(found if found >= 0 else (indices[-1] if indices else 0))
        unit += 2 if character > "\uffff" else 1
    return (*indices, n_chars)
