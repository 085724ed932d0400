"""Which lines of a page form tables, and which of them are headers: lines with gaps that fall into columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docqa.retrieval.readers.columns import (
    Columns,
    column_of,
    columns_of,
    fits,
    is_beside_prose,
    is_chart,
    is_numeric_table,
    is_text_table,
)
from docqa.retrieval.readers.segments import Ruling, SegmentedLine

CAPTION = re.compile(r"^(?:Table|TABLE|Tab\.|Exhibit|EXHIBIT|Tableau|Tabelle|Tabla|Figure|Fig\.)\s*[A-Z]?\d+")
_ITEM_MARK = re.compile(r"^[(\[]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5}|[*†‡§•\u2013\u2014-]{1,3})[.)\]]{0,2}$")
_LEADS_IN = re.compile(r"\b(?:was|were|are|is|follows?|following|below)(?: \([^)]*\))?:$")
_MIN_BODY_SHARE = 0.34
_MAX_HEADER_LINES = 10


@dataclass(frozen=True, slots=True)
class Grid:
    """Lines that were accepted as a table; `first_body` is the index in `lines` of the first that is no header."""

    lines: tuple[SegmentedLine, ...]
    columns: Columns
    first_body: int


def find_grids(page: Sequence[SegmentedLine], height: float, rulings: Sequence[Ruling]) -> list[Grid]:
    """Return the tables of a page from top to bottom. `height` is the usual height of a line, in points."""
    grids: list[Grid] = []
    for first, last in _regions(page, height):
        region = page[first : last + 1]
        if not is_beside_prose(region) and not is_chart(region):
            grids += _grids(region, height, rulings)
    return _joined(page, grids)


def _regions(page: Sequence[SegmentedLine], height: float) -> Iterator[tuple[int, int]]:
    """Yield the first and last line of each run of lines with gaps, bridging a few lines without any."""
    first = last = -1
    for i, line in enumerate(page):
        if first >= 0 and (i - last > 4 or _breaks(page[first:i], line, height)):
            yield first, last
            first = -1
        if len(line.segments) > 1 and not _is_item(line):
            first, last = (i, i) if first < 0 else (first, i)
    if first >= 0:
        yield first, last


def _breaks(region: Sequence[SegmentedLine], line: SegmentedLine, height: float) -> bool:
    """Whether a line cannot belong to the table above it: too far off, further up, a footnote or a line of prose."""
    above = region[-1]
    farthest = 4.5 if len(line.segments) > 1 else 3.0
    if line.y0 - above.y1 > farthest * height or line.y0 < above.y0 - 0.5 * height or _is_item(line):
        return True
    if len(line.segments) != 1:
        return False
    text = line.segments[0].text
    values_x0 = median(r.segments[-1].x0 for r in region if len(r.segments) > 1)
    if _LEADS_IN.search(text) and text.count(" ") >= 6:
        return True  # "As of July 9, 2021, the number of shares of common stock outstanding was:"
    return (text.endswith(".") and text.count(" ") >= 4) or (line.x1 > values_x0 and text.count(" ") >= 8)


def _is_item(line: SegmentedLine) -> bool:
    """Whether a line is a footnote or an item of a list: a short mark, a gap, and running text."""
    if len(line.segments) != 2:
        return False
    mark, text = line.segments
    return _ITEM_MARK.match(mark.text) is not None and not text.numeric and text.text.count(" ") >= 3


def _grids(
    lines: Sequence[SegmentedLine], height: float, rulings: Sequence[Ruling], min_rows: int = 0
) -> Iterator[Grid]:
    """Yield the tables among neighbouring lines; lines that make no table together are parted and tried again.

    A part counts as a table for its numbers only, of which it must have `min_rows` rows: small parts of any text look
    aligned. `min_rows` is 0 for lines that have not been parted.
    """
    if sum(len(line.segments) > 1 for line in lines) < 2:
        return
    cut = _second_header(lines)
    grid = None if cut else _numeric_grid(lines, height, max(2, min_rows))
    if grid is None and not cut and not min_rows:
        grid = _text_grid(lines, height, rulings)
    if grid is not None:
        yield grid
        return
    cut = cut or _inner_header(lines)
    min_rows = max(min_rows, 2 if cut else 3)
    cut = cut or _widest_break(lines)
    if cut:
        yield from _grids(lines[:cut], height, rulings, min_rows)
        yield from _grids(lines[cut:], height, rulings, min_rows)


def _joined(page: Sequence[SegmentedLine], grids: Sequence[Grid]) -> list[Grid]:
    """Join a table that has no header with the one right above it on the same columns: it was parted by a gap."""
    joined: list[Grid] = []
    for grid in grids:
        above = joined[-1] if joined else None
        if above is not None and _goes_on(above, grid):
            lines = page[above.lines[0].number : grid.lines[-1].number + 1]
            joined[-1] = Grid(tuple(lines), above.columns, above.first_body)
        else:
            joined.append(grid)
    return joined


def _goes_on(above: Grid, grid: Grid) -> bool:
    first, last = above.lines[-1], grid.lines[0]
    if grid.first_body or last.number - first.number > 2 or not 0 < last.y0 - first.y1 < 8 * last.height:
        return False
    same = len(above.columns) == len(grid.columns)
    return same and all(min(a.x1, b.x1) > max(a.x0, b.x0) for a, b in zip(above.columns, grid.columns, strict=True))


def _second_header(lines: Sequence[SegmentedLine]) -> int:
    """Return the index of a line of years under numbers, which opens another table, or 0."""
    n_body = 0
    for i, line in enumerate(lines):
        n_body += line.has_value
        is_years = len(line.segments) > 1 and all(s.is_year for s in line.segments)
        if is_years and n_body >= 2 and line.x0 > min(r.segments[0].x1 for r in lines[:i] if r.segments):
            return _top_of_header(lines, i)
    return 0


def _inner_header(lines: Sequence[SegmentedLine]) -> int:
    """Return the index of the first line of column titles under values, or 0."""
    n_body = 0
    for i, line in enumerate(lines):
        n_body += line.has_value
        if n_body and len(line.segments) > 1 and not line.has_value:
            return _top_of_header(lines, i)
    return 0


def _top_of_header(lines: Sequence[SegmentedLine], i: int) -> int:
    while i > 1 and not lines[i - 1].has_value and lines[i].y0 - lines[i - 1].y1 < lines[i].height:
        i -= 1
    return i


def _widest_break(lines: Sequence[SegmentedLine]) -> int:
    """Return the index of the line before which lines are best parted: at the widest vertical gap."""
    gaps = [(below.y0 - above.y1, i) for i, (above, below) in enumerate(pairwise(lines), start=1)]
    return max(gaps)[1] if gaps else 0


def _numeric_grid(lines: Sequence[SegmentedLine], height: float, min_rows: int) -> Grid | None:
    body = [line for line in lines if line.has_value]
    if len(body) < min_rows:
        return None
    columns = columns_of(body)
    if len(columns) < 2:
        return None
    grid = _trimmed(lines, columns)
    enough = len(body) >= _MIN_BODY_SHARE * (len(grid.lines) - grid.first_body)
    if not enough or is_beside_prose(grid.lines):
        return None
    return grid if is_numeric_table(body, columns, height, grid.first_body > 0) else None


def _text_grid(lines: Sequence[SegmentedLine], height: float, rulings: Sequence[Ruling]) -> Grid | None:
    wide = [line for line in lines if len(line.segments) > 1]
    columns = columns_of(wide)
    if len(columns) < 2 or not fits(wide, columns):
        return None  # before the rulings are looked for, which takes as long as all the rest
    if is_text_table(wide, columns, height, _is_ruled(lines, rulings)):
        return Grid(tuple(lines), columns, 1)
    return None


def _is_ruled(lines: Sequence[SegmentedLine], rulings: Sequence[Ruling]) -> bool:
    """Whether at least three drawn lines run across the lines of text, two of them between these."""
    x0, x1 = min(r.x0 for r in lines if r.segments), max(r.x1 for r in lines)
    top, bottom = lines[0].y0, lines[-1].y1
    height = lines[0].height
    across = [
        r.y0 for r in rulings if abs(r.y1 - r.y0) < 1 and r.x0 < x0 + 0.2 * (x1 - x0) and r.x1 > x1 - 0.2 * (x1 - x0)
    ]
    near = {round(y) for y in across if top - 2 * height < y < bottom + 2 * height}
    return len(near) >= 3 and sum(top < y < bottom for y in near) >= 1


def _trimmed(lines: Sequence[SegmentedLine], columns: Columns) -> Grid:
    """Keep the lines with values, what stands between them, and the header above: lines on the same columns."""
    at = [i for i, line in enumerate(lines) if line.has_value]
    first_value = next((i for i in at if _has_label(lines[i], columns)), at[0])
    top = first_value
    while top > 0 and first_value - top < _MAX_HEADER_LINES and _is_header(lines[top - 1], columns):
        top -= 1
    heads = [i for i in range(top, first_value) if any(column_of(s, columns) > 0 for s in lines[i].segments)]
    first_body = heads[-1] + 1 if heads else top
    return Grid(tuple(lines[top : at[-1] + 1]), columns, first_body - top)


def _has_label(line: SegmentedLine, columns: Columns) -> bool:
    return column_of(line.segments[0], columns) == 0


def _is_header(line: SegmentedLine, columns: Columns) -> bool:
    """Whether a line above the values stands on their columns: titles of columns, or one short label."""
    if not line.segments or CAPTION.match(line.segments[0].text):
        return False
    if len(line.segments) == 1:
        segment = line.segments[0]
        return segment.text.count(" ") < 9 and segment.x1 <= columns[-1].x1 + line.height
    if line.segments[0].numeric and not line.segments[0].is_year:
        return False
    places = [column_of(s, columns) for s in line.segments]
    return len(set(places)) == len(places) and line.x1 <= columns[-1].x1 + 4 * line.height
