"""Say cheaply which lines of a page may belong to a table or to mixed columns, from the lines' boxes alone.

Most pages have none, and are done with PDFium's own order; only the suspected lines are worth the boxes of their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from docqa.retrieval.readers.pdf.columns import has_columns
from docqa.retrieval.readers.pdf.geometry import beside
from docqa.retrieval.readers.pdf.page_chars import RawLine

_NUMBERS = re.compile(r"(?:(?<=\s)|^)[($€£¥~+\-\u2013\u2212]*\d[\d.,:/'%)\u2013-]*(?=\s|$)")
_DIGIT = re.compile(r"\d")
_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_N_NEIGHBOURS = 6
_MIN_ROWS = 3
_MARKS = 2.0  # a bullet or a number is at most so many heights wide
_WIDE_GAP = 1.1  # of a line's height
_WIDEST_CHAR = 0.95  # of a line's height; running text has 0.4 to 0.6
_MIN_CHARS = 4  # fewer are no row of cells: "%", "M"
_MARGIN_PT = 60.0
_PROSE_CHARS = 25


class Suspicion(NamedTuple):
    """The indices of lines whose words must be looked at, none on an ordinary page; whether it is set in columns."""

    indices: frozenset[int] = frozenset()
    in_columns: bool = False


def suspicion(raw: str, lines: Sequence[RawLine]) -> Suspicion:
    """Return what must be looked at on a page.

    A page is suspect when among some neighbouring lines several look like rows of cells: mostly numbers, or
    torn by wide gaps. Then all lines near these are returned, and all of the page if it is set in columns. Pages in a
    right-to-left script are left as they are.
    """
    rows = _dense([_is_row(raw, line, lines[i - 1] if i else None) for i, line in enumerate(lines)])
    if not rows or len(_RTL.findall(raw)) >= 0.2 * len(raw):
        return Suspicion()
    prose = [line.box for line in lines if line.gap <= _WIDE_GAP and line.span.end - line.span.start >= _PROSE_CHARS]
    torn = sum(_is_torn_prose(raw, lines[i]) for i in rows)
    if torn >= 2 * _MIN_ROWS or has_columns(prose, [line.box for line in lines]):
        return Suspicion(frozenset(range(len(lines))), in_columns=True)
    return Suspicion(frozenset(_near(lines, rows)))


def _is_torn_prose(raw: str, line: RawLine) -> bool:
    """Whether a line looks like lines of two columns side by side."""
    is_long = line.span.end - line.span.start > 2 * _PROSE_CHARS
    return is_long and line.gap > _WIDE_GAP and len(_NUMBERS.findall(raw, *line.span)) < 2


def _dense(is_row: Sequence[bool]) -> list[int]:
    """Return the indices of rows that have enough rows among their neighbours."""
    found: set[int] = set()
    indices = [i for i, row in enumerate(is_row) if row]
    for k in range(len(indices) - _MIN_ROWS + 1):
        group = indices[k : k + _MIN_ROWS]
        if group[-1] - group[0] < _N_NEIGHBOURS:
            found.update(group)
    return sorted(found)


def _near(lines: Sequence[RawLine], rows: Sequence[int]) -> list[int]:
    """Return the lines that stand at the height of some rows, or little above or below."""
    reaches: list[list[float]] = []
    for top, bottom in sorted((lines[i].box.y0 - _MARGIN_PT, lines[i].box.y1 + _MARGIN_PT) for i in rows):
        if reaches and top <= reaches[-1][1]:
            reaches[-1][1] = max(bottom, reaches[-1][1])
        else:
            reaches.append([top, bottom])
    return [i for i, line in enumerate(lines) if any(a <= line.box.y0 and line.box.y1 <= b for a, b in reaches)]


def _is_row(raw: str, line: RawLine, above: RawLine | None) -> bool:
    if above is not None and _side_by_side(above, line):
        return True
    if line.gap > _WIDE_GAP or _is_sparse(line):
        return True
    n_numbers = len(_NUMBERS.findall(raw, *line.span)) if _DIGIT.search(raw, *line.span) else 0
    return n_numbers >= 2 and 3 * n_numbers > raw.count(" ", *line.span)


def _is_sparse(line: RawLine) -> bool:
    """Whether the line is much wider than its characters: a row whose cells PDFium has as one stretch."""
    box = line.box
    n_chars = line.span.end - line.span.start
    return n_chars >= _MIN_CHARS and box.x1 - box.x0 > _WIDEST_CHAR * (box.y1 - box.y0) * n_chars


def _side_by_side(a: RawLine, b: RawLine) -> bool:
    if not (a.box.x1 <= b.box.x0 or b.box.x1 <= a.box.x0):
        return False
    narrow = min(a.box.x1 - a.box.x0, b.box.x1 - b.box.x0)
    return beside(a.box, b.box) and narrow > _MARKS * (a.box.y1 - a.box.y0)
