"""Find the lines that PDFium cuts in two although they are printed on one base line: at raised figures and the like.

"... pay the difference back.1" and "In 2024 ..." are one line when both stand side by side with no more than a space
between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.geometry import beside, union
from docqa.retrieval.readers.pdf.mapped_text import RawSpan
from docqa.retrieval.readers.pdf.page_chars import RawLine

_SPACE = 0.5  # of the taller line's height: no space is wider
_NO_SPACE = 0.12
_OVERLAP = 0.15
_PUNCTUATION = re.compile(r"[,.;:)\]](?!\d)")
_MARK = re.compile(r"[(\[]?(?:\d{1,3}|[a-z*†‡§])[)\]]?(?=\s|$)")


def rejoined(raw: str, lines: Sequence[RawLine]) -> tuple[list[RawLine], dict[int, str]]:
    """Return the lines with the cut ones whole, and what stands where each was cut: "" or a space.

    The key is the index of the first visible character after the cut. Text that is set from right to left is left
    alone.
    """
    whole: list[RawLine] = []
    joints: dict[int, str] = {}
    for line in lines:
        if whole and line.box.x0 > whole[-1].box.x0 and (joint := _joint(raw, whole[-1], line)) is not None:
            text = raw[slice(*line.span)]
            joints[line.span.end - len(text.lstrip())] = joint
            whole[-1] = _both(whole[-1], line)
        else:
            whole.append(line)
    return whole, joints


def _joint(raw: str, left: RawLine, right: RawLine) -> str | None:
    """Return what stands between two lines that are one, None if they are two."""
    height = max(left.box.y1 - left.box.y0, right.box.y1 - right.box.y0)
    gap = right.box.x0 - left.box.x1
    if not -_OVERLAP * height <= gap <= _SPACE * height or not beside(left.box, right.box):
        return None
    if raw[left.span.end - 1] == HYPHEN:
        return None
    text = raw[slice(*right.span)]
    if raw[left.span.end - 1].isspace() or text[0].isspace():
        return " "
    is_close = _PUNCTUATION.match(text) or (gap < _NO_SPACE * height and _MARK.match(text))
    return "" if is_close else " "


def _both(left: RawLine, right: RawLine) -> RawLine:
    box = union((left.box, right.box))
    gap = max(left.gap, right.gap, (right.box.x0 - left.box.x1) / max(4.0, box.y1 - box.y0))
    return RawLine(RawSpan(left.span.start, right.span.end), box, gap, left.n_stretches + right.n_stretches)
