"""The characters of one page as PDFium has them: raw text, lines, words and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docqa.documents import Box
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.display import Display
from docqa.retrieval.readers.pdf.geometry import union
from docqa.retrieval.readers.pdf.mapped_text import RawSpan
from docqa.retrieval.readers.pdf.pdfium import Handle

_LINE = re.compile(rf"[^\r\n{HYPHEN}]*[^\s{HYPHEN}][^\r\n{HYPHEN}]*{HYPHEN}?|{HYPHEN}")
WORD = re.compile(r"\S+")
_MARK_WIDTH = 2.0


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
    """A run of raw characters without white space on one printed line."""

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
        lines = []
        level = self.display.is_level
        for found in _LINE.finditer(self.raw):
            start, end = found.span()
            first = self.char(start)
            if level:
                extent = pdfium.line_extent(self.text, first, self.char(end) - first, _MARK_WIDTH)
                if extent is not None:
                    rect, gap, n_stretches = extent
                    lines.append(RawLine(RawSpan(start, end), self.display.box(rect), gap, n_stretches))
            elif boxes := self.boxes(RawSpan(start, end)):
                lines.append(RawLine(RawSpan(start, end), union(boxes), _widest_gap(boxes), len(boxes)))
        return lines

    def words(self, line: RawLine) -> Iterator[RawWord]:
        """Yield the words of a line with their boxes."""
        for found in WORD.finditer(self.raw, *line.span):
            start, end = found.span()
            first = self.char(start)
            rect = pdfium.extent(self.text, first, self.char(end) - first)
            if rect is not None:
                yield RawWord(RawSpan(start, end), self.display.box(rect))


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
