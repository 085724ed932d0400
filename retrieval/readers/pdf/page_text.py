"""Read one page: clean text with its map, regions, hidden text, and whether its picture must be read instead.

The same bytes and options give the same text each time: boxes are worked out from a second reading of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter

import pypdfium2_raw as raw

from docqa.documents import Box, Region, Span
from docqa.retrieval.readers.garbled import is_garbled
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.arrangement import Arranged, Suspects, arranged
from docqa.retrieval.readers.pdf.cleaning import HYPHEN, clean
from docqa.retrieval.readers.pdf.display import Display, display_of
from docqa.retrieval.readers.pdf.geometry import merged_lines, union
from docqa.retrieval.readers.pdf.headings import Outline, headings
from docqa.retrieval.readers.pdf.hidden import HiddenText, hidden_text, picture_share
from docqa.retrieval.readers.pdf.joints import rejoined
from docqa.retrieval.readers.pdf.mapped_text import MappedText, RawSpan
from docqa.retrieval.readers.pdf.page_chars import PageChars, page_chars
from docqa.retrieval.readers.pdf.pdfium import Handle
from docqa.retrieval.readers.pdf.rulings import Rulings
from docqa.retrieval.readers.pdf.suspicion import suspicion

MIN_TEXT_CHARS = 20
_MIN_PATHS = 40
_N_SAMPLED = 64
_N_ANGLES = 12
_MARGIN_PT = 1.0  # what rounding to pixels can add at 72 dpi
_MAX_DROPPED = 3
_LINE_ENDS = frozenset({"\r", "\n", HYPHEN})


@dataclass(frozen=True, slots=True)
class PageText:
    """What one page says. `pictures` is the share of the page that its largest picture covers, asked only of pages
    with little text; `is_drawn` says that such a page is made of vector outlines.
    """

    mapped: MappedText
    display: Display
    regions: tuple[Region, ...] = ()
    n_hidden_chars: int = 0
    over_scan: bool = False
    garbled: bool = False
    pictures: float = 0.0
    is_drawn: bool = False

    @property
    def needs_ocr(self) -> bool:
        """Whether there is something on the page that its text layer does not tell."""
        return self.garbled or self.pictures > 0.02 or self.is_drawn


class PageFailed(Exception):
    """PDFium cannot load this page."""


@contextmanager
def open_page(document: Handle, index: int) -> Iterator[tuple[Handle, PageChars]]:
    """Open a page and its text and close both, whatever happens. Raises PageFailed."""
    page = pdfium.load_page(document, index)
    if not page:
        raise PageFailed(f"PDFium cannot load page {index + 1}")
    text: Handle | None = None
    try:
        shown = display_of(page)
        text = pdfium.load_text(page)
        if text and (turns := _turns(page, text)) is not None:
            pdfium.close_text(text)
            pdfium.set_rotation(page, turns)  # only of the page in memory
            text = pdfium.load_text(page)
        if not text:
            raise PageFailed(f"PDFium cannot read the text of page {index + 1}")
        yield page, page_chars(text, display_of(page), shown)
    finally:
        if text:
            pdfium.close_text(text)
        pdfium.close_page(page)


def _turns(page: Handle, text: Handle) -> int | None:
    """Return how the page would have to be turned for its text to stand upright, None when it does so already.

    PDFium takes the words of a line in the order in which they are shown, which is wrong for text upside down.
    """
    n_chars = pdfium.count_chars(text)
    sample = range(0, n_chars, max(1, n_chars // _N_ANGLES))
    turns = Counter(pdfium.quarter_turns(text, i) for i in sample if pdfium.text_object(text, i))
    if not turns:
        return None
    most, n_most = turns.most_common(1)[0]
    is_upright = most is None or most == pdfium.rotation(page) or n_most < 0.7 * turns.total()
    return None if is_upright else most


def read_page(document: Handle, index: int, outline: Outline = ()) -> PageText:
    """Read a page. Raises PageFailed."""
    with open_page(document, index) as (page, chars):
        return _read(page, chars, outline)


def locate(document: Handle, index: int, text: str, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
    """Return the boxes of spans of a page's clean text; empty ones if the page does not give that text now."""
    with open_page(document, index) as (page, chars):
        mapped = _read(page, chars, ()).mapped
        if mapped.text != text:
            return [() for _ in spans]
        return [_boxes(chars, mapped, span) for span in spans]


def _read(page: Handle, chars: PageChars, outline: Outline) -> PageText:
    lines, joints = rejoined(chars.raw, chars.lines())
    plain = clean(chars.raw, chars.is_hyphen, joints)
    if not plain.text:
        return PageText(plain, chars.shown, pictures=picture_share(page, chars.display), is_drawn=_is_drawn(page))
    hidden = hidden_text(page, chars, lines)
    done = Arranged(plain)
    found = suspicion(chars.raw, lines)
    if found.indices:
        done = arranged(chars, Suspects(lines, found, Rulings(page, chars.display)), plain)
    regions = [
        *done.regions,
        *headings(chars, lines, done.mapped, outline, done.regions),
        *_hidden_regions(done.mapped, hidden),
    ]
    n_hidden = sum(s.end - s.start for s in hidden.spans)
    is_short = len(plain.text) - n_hidden < MIN_TEXT_CHARS and not hidden.over_scan
    return PageText(
        done.mapped,
        chars.shown,
        tuple(sorted(regions, key=attrgetter("start_char"))),
        n_hidden,
        hidden.over_scan,
        is_garbled(plain.text, _n_unmapped(chars)),
        picture_share(page, chars.display) if is_short else 0.0,
        is_short and _is_drawn(page),
    )


def _n_unmapped(chars: PageChars) -> int:
    """Estimate how many glyphs have no Unicode value, from a sample spread over the page."""
    n_chars: int = pdfium.count_chars(chars.text)
    step = max(1, n_chars // _N_SAMPLED)
    sample = range(0, n_chars, step)
    return step * sum(bool(pdfium.is_unmapped(chars.text, i) == 1) for i in sample)


def _is_drawn(page: Handle) -> bool:
    """Whether the page is made of many paths: letters that were turned into outlines look like that."""
    n_objects: int = pdfium.count_objects(page)
    if n_objects < _MIN_PATHS:
        return False
    kinds = [pdfium.object_type(pdfium.get_object(page, i)) for i in range(min(n_objects, 500))]
    return kinds.count(raw.FPDF_PAGEOBJ_PATH) >= _MIN_PATHS


def _hidden_regions(mapped: MappedText, hidden: HiddenText) -> list[Region]:
    ranges = (mapped.chars_of(span) for span in hidden.spans)
    return [Region("hidden", *r) for r in ranges if r is not None]


def _boxes(chars: PageChars, mapped: MappedText, span: Span) -> tuple[Box, ...]:
    boxes: list[Box] = []
    for raw_span in _whole(mapped.raw_spans(*span)):
        boxes += _line_boxes(chars, raw_span)
    clipped = (chars.shown.clipped(box, _MARGIN_PT) for box in merged_lines(boxes))
    return tuple(box for box in clipped if box is not None)


def _whole(spans: Sequence[RawSpan]) -> list[RawSpan]:
    """Join raw ranges that only dropped characters part, so that a hyphen at a line end is covered too."""
    joined: list[RawSpan] = []
    for span in spans:
        if joined and 0 <= span.start - joined[-1].end <= _MAX_DROPPED:
            joined[-1] = RawSpan(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _line_boxes(chars: PageChars, span: RawSpan) -> Iterator[Box]:
    """Yield one box for each printed line of a raw range."""
    box: Box | None = None
    last: Box | None = None
    for i in range(span.start, span.end):
        rect = pdfium.char_box(chars.text, chars.char(i))
        if rect is not None:
            glyph = chars.shown.box(rect)
            if box and last and _starts_line(box, last, glyph):
                yield box
                box = None
            box, last = union((box, glyph)) if box else glyph, glyph
        if box and chars.raw[i] in _LINE_ENDS:
            yield box
            box = None
    if box:
        yield box


def _starts_line(line: Box, last: Box, glyph: Box) -> bool:
    """Whether a glyph stands on another line than those before it although PDFium says nothing of a line end."""
    return glyph.x1 < last.x0 and (glyph.y0 >= line.y1 or glyph.y1 <= line.y0)
