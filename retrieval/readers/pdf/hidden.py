"""Find the text of a page that nobody sees: invisible, transparent, in the background's colour, tiny or off the page.

Asked once per word and text object, which costs a tenth of reading the page; every character would cost as much again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pypdfium2_raw as raw

from docqa.documents import Box
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.display import Display
from docqa.retrieval.readers.pdf.mapped_text import RawSpan
from docqa.retrieval.readers.pdf.page_chars import WORD, PageChars, RawLine
from docqa.retrieval.readers.pdf.pdfium import Handle

_FILLED = raw.FPDF_TEXTRENDERMODE_FILL
_INVISIBLE_MODES = frozenset({raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP})
_PAPER = 250
_MIN_HEIGHT_PT = 0.8
_MAX_OBJECTS = 5_000
_PICTURES = frozenset({raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING, raw.FPDF_PAGEOBJ_FORM})


@dataclass(frozen=True, slots=True)
class HiddenText:
    """Raw ranges of hidden words. `over_scan`: the invisible text lies over a picture of the page and is its text."""

    spans: tuple[RawSpan, ...] = ()
    over_scan: bool = False


def hidden_text(page: Handle, chars: PageChars, lines: Sequence[RawLine]) -> HiddenText:
    """Find the hidden words of a page.

    Invisible text that makes up most of a page that is one picture is the text layer of a searchable scan: not hidden.
    """
    invisible, white = _suspects(chars, lines)
    unseen = _tiny_or_outside(lines, chars.display)
    if invisible and _is_scan(page, chars, invisible):
        return HiddenText(tuple(unseen), over_scan=True)
    if white:
        invisible += _on_paper(page, chars, white)
    return HiddenText(_merged([*invisible, *unseen]))


def _suspects(chars: PageChars, lines: Sequence[RawLine]) -> tuple[list[RawSpan], list[RawSpan]]:
    """Return the words that are drawn invisibly, and those that are drawn in white.

    The first and the last word of a line answer for it; all words are asked where one of these is suspect.
    """
    found = _sorted_out(chars, (span for line in lines for span in _ends(chars, line)))
    return _sorted_out(chars, (w.span() for w in WORD.finditer(chars.raw))) if any(found) else found


def _sorted_out(chars: PageChars, spans: Iterable[tuple[int, int]]) -> tuple[list[RawSpan], list[RawSpan]]:
    invisible: list[RawSpan] = []
    white: list[RawSpan] = []
    last: Handle | None = None
    into: list[RawSpan] | None = None
    for span in spans:
        index = chars.char(span[0])
        current = pdfium.text_object(chars.text, index)
        if current != last:
            last = current
            into = _list_for(chars.text, index, current, (invisible, white)) if current else None
        if into is not None:
            into.append(RawSpan(*span))
    return invisible, white


def _ends(chars: PageChars, line: RawLine) -> Iterator[tuple[int, int]]:
    start, end = line.span
    raw = chars.raw
    while raw[start].isspace():
        start += 1
    yield start, end
    if line.n_stretches > 1:
        while raw[end - 1].isspace():
            end -= 1
        yield end - 1, end


def _list_for(
    text: Handle, index: int, text_object: Handle, lists: tuple[list[RawSpan], list[RawSpan]]
) -> list[RawSpan] | None:
    mode = pdfium.render_mode(text_object)
    if mode in _INVISIBLE_MODES:
        return lists[0]
    colour = pdfium.fill_colour(text, index) if mode == _FILLED else None
    if colour is None:
        return None
    if colour[3] == 0:
        return lists[0]
    return lists[1] if min(colour[:3]) >= _PAPER else None


def _tiny_or_outside(lines: Iterable[RawLine], display: Display) -> list[RawSpan]:
    width, height = display.width, display.height
    return [
        line.span
        for line in lines
        for x0, y0, x1, y1 in (line.box,)
        if not (x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height and y1 - y0 >= _MIN_HEIGHT_PT)
        and (_is_tiny(line.box) or display.clipped(line.box) is None)
    ]


def _is_tiny(box: Box) -> bool:
    return max(box.y1 - box.y0, box.x1 - box.x0) < _MIN_HEIGHT_PT or (
        box.y1 - box.y0 < _MIN_HEIGHT_PT / 2 and box.x1 - box.x0 < 20 * _MIN_HEIGHT_PT
    )


def _is_scan(page: Handle, chars: PageChars, invisible: Sequence[RawSpan]) -> bool:
    n_invisible = sum(s.end - s.start for s in invisible)
    n_all = sum(len(word) for word in WORD.findall(chars.raw))
    return n_invisible >= 0.8 * n_all and picture_share(page, chars.display) >= 0.5


def picture_share(page: Handle, display: Display) -> float:
    """Return which share of the page its largest picture covers, from 0 to 1; pictures inside forms count too."""
    largest = 0.0
    for page_object, kind in _objects(page):
        rect = pdfium.bounds(page_object) if kind in _PICTURES else None
        if rect is None or (kind == raw.FPDF_PAGEOBJ_FORM and not _holds_picture(page_object)):
            continue
        box = display.clipped(display.box(rect))
        if box is not None:
            largest = max(largest, (box.x1 - box.x0) * (box.y1 - box.y0))
    return largest / max(1.0, display.width * display.height)


def _holds_picture(form: Handle) -> bool:
    n_objects = min(pdfium.count_form_objects(form), _MAX_OBJECTS)
    kinds = {pdfium.object_type(pdfium.get_form_object(form, i)) for i in range(max(0, n_objects))}
    return bool(kinds & _PICTURES)


def _objects(page: Handle) -> Iterable[tuple[Handle, int]]:
    for i in range(min(pdfium.count_objects(page), _MAX_OBJECTS)):
        page_object = pdfium.get_object(page, i)
        if page_object:
            yield page_object, pdfium.object_type(page_object)


def _on_paper(page: Handle, chars: PageChars, white: Sequence[RawSpan]) -> list[RawSpan]:
    """Keep the white words that have nothing but white paper beneath them."""
    grounds = [chars.display.box(rect) for rect in _dark_grounds(page)]
    hidden = []
    for span in white:
        boxes = chars.boxes(span)
        if boxes and not any(_inside(boxes[0], ground) for ground in grounds):
            hidden.append(span)
    return hidden


def _dark_grounds(page: Handle) -> Iterable[pdfium.Rect]:
    if pdfium.count_objects(page) > _MAX_OBJECTS:
        yield pdfium.Rect(-1e9, -1e9, 1e9, 1e9)
    for page_object, kind in _objects(page):
        if kind in _PICTURES or (kind == raw.FPDF_PAGEOBJ_PATH and _is_dark(page_object)):
            rect = pdfium.bounds(page_object)
            if rect is not None:
                yield rect


def _is_dark(path: Handle) -> bool:
    colour = pdfium.object_colour(path)
    return colour is None or (min(colour[:3]) < _PAPER and colour[3] > 0)


def _inside(box: Box, ground: Box) -> bool:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return ground.x0 <= x <= ground.x1 and ground.y0 <= y <= ground.y1


def _merged(spans: Sequence[RawSpan]) -> tuple[RawSpan, ...]:
    """Merge words that follow each other into one range."""
    merged: list[RawSpan] = []
    for span in sorted(set(spans)):
        if merged and span.start <= merged[-1].end + 3:
            merged[-1] = RawSpan(merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    return tuple(merged)
