"""The columns into which the segments of a group of lines fall, and whether these look like a table's."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from docqa.retrieval.readers.segments import Segment, SegmentedLine

_PLAIN_INTEGER = re.compile(r"^\(?\d{1,4}\)?\.?$")
_ITEM_NUMBER = re.compile(r"^\d{1,2}\.$")
_MAX_PROSE_SHARE = 0.3
_MIN_FILLED = 0.55


class Column(NamedTuple):
    """The horizontal extent of one column, in points."""

    x0: float
    x1: float

    def overlap(self, segment: Segment) -> float:
        """Return by how many points a segment and the column overlap; negative is the distance between them."""
        return min(self.x1, segment.x1) - max(self.x0, segment.x0)


Columns = tuple[Column, ...]
Placed = tuple[tuple[Segment, ...], ...]


def columns_of(lines: Sequence[SegmentedLine]) -> Columns:
    """Project the segments of lines on the x axis; where (nearly) none stands is the gap between two columns."""
    tolerated = len(lines) // 14
    edges = sorted(
        [(s.x0, 1) for line in lines for s in line.segments] + [(s.x1, -1) for line in lines for s in line.segments]
    )
    found: list[Column] = []
    cover, start = 0, 0.0
    for x, step in edges:
        if step == 1 and cover == tolerated:
            start = x
        if step == -1 and cover == tolerated + 1 and x > start:
            found.append(Column(start, x))
        cover += step
    return _without_staggered(_without_rare(found, lines), lines)


def column_of(segment: Segment, columns: Columns) -> int:
    """Return the index of the column that a segment stands in: the first it covers, else the nearest.

    A heading that spans several columns goes to the first of them.
    """
    nearest, most = 0, -math.inf
    first_covered, n_covered = 0, 0
    x0, x1 = segment.x0, segment.x1
    for i, (left, right) in enumerate(columns):  # called so often that a call of `overlap` would tell
        overlap = (right if right < x1 else x1) - (left if left > x0 else x0)
        if overlap > most:
            nearest, most = i, overlap
        if overlap > 0.6 * (right - left):
            first_covered = first_covered if n_covered else i
            n_covered += 1
        elif overlap < 0 < most:
            break  # columns stand from left to right: the rest is further away
    return first_covered if n_covered > 1 else nearest


def spans(segment: Segment, columns: Columns) -> bool:
    """Whether a segment stands across the gap between two columns."""
    n_touched = 0
    x0, x1 = segment.x0, segment.x1
    for left, right in columns:
        if left > x1:
            break  # columns stand from left to right
        n_touched += (right if right < x1 else x1) - (left if left > x0 else x0) > 1.0
    return n_touched > 1


def placed(lines: Sequence[SegmentedLine], columns: Columns) -> Placed:
    """Return the segments of each column."""
    cells: list[list[Segment]] = [[] for _ in columns]
    for line in lines:
        for segment in line.segments:
            cells[column_of(segment, columns)].append(segment)
    return tuple(tuple(c) for c in cells)


def is_numeric_table(body: Sequence[SegmentedLine], columns: Columns, height: float, has_header: bool) -> bool:
    """Whether lines with numbers form a table: aligned numbers right of something, and no list of contents."""
    if len(columns) < 2 or not fits(body, columns):
        return False
    by_column = placed(body, columns)
    numeric = [i for i, cells in enumerate(by_column) if _is_numeric_column(cells, height)]
    values = [i for i in numeric if i > 0]
    n_rows = len(body) + has_header
    if not values or n_rows < 3 or _is_contents(by_column) or _is_prose(by_column) or _is_lettered(by_column):
        return False
    if all(_is_enumeration(by_column[i]) or _is_of_marks(by_column[i]) for i in values):
        return False
    if not has_header and _is_scattered(by_column, len(body)):
        return False
    if len(values) == 1:
        return len(body) >= 3 and len(by_column[values[0]]) >= 3
    return sum(len(by_column[i]) for i in values) >= 0.5 * len(values) * len(body)


def is_text_table(lines: Sequence[SegmentedLine], columns: Columns, height: float, ruled: bool) -> bool:
    """Whether lines without numbers that fit columns form a table: short cells, in three columns or between rulings."""
    n_columns, n_rows = (2, 2) if ruled else (3, 4)
    if len(columns) < n_columns or len(lines) < n_rows:
        return False
    by_column = placed(lines, columns)
    if _is_contents(by_column) or _is_lettered(by_column) or (_is_prose(by_column) and not ruled):
        return False
    full = sum(len(line.segments) >= len(columns) for line in lines)
    aligned = all(_alignment(cells, height) >= 0.8 for cells in by_column)
    return aligned and (ruled or full >= 0.75 * len(lines)) and _mean_words(by_column) <= (12 if ruled else 3.5)


def _without_rare(found: Sequence[Column], lines: Sequence[SegmentedLine]) -> Columns:
    """Join columns that hold next to nothing, such as footnote marks, to the column at their left."""
    columns: list[Column] = []
    lefts = sorted([s.x0 for line in lines for s in line.segments])
    rights = sorted([s.x1 for line in lines for s in line.segments])
    for column in found:
        n_cells = bisect_left(lefts, column.x1) - bisect_right(rights, column.x0)
        if columns and n_cells < max(2, 0.12 * len(lines)):
            columns[-1] = Column(columns[-1].x0, column.x1)
        else:
            columns.append(column)
    return tuple(columns)


def _without_staggered(found: Columns, lines: Sequence[SegmentedLine]) -> Columns:
    """Join neighbours of which no line has both, such as numbers and, set further right, the dashes for none."""
    columns = list(found[:1])
    for column in found[1:]:
        left = columns[-1]
        near = column.x0 - left.x1 < 2.5 * lines[0].height and len(columns) > 1
        if near and _are_staggered(left, column, lines):
            columns[-1] = Column(left.x0, column.x1)
        else:
            columns.append(column)
    return tuple(columns)


def _are_staggered(left: Column, right: Column, lines: Sequence[SegmentedLine]) -> bool:
    in_left = {line.number for line in lines if any(left.overlap(s) > 0 for s in line.segments)}
    in_right = {line.number for line in lines if any(right.overlap(s) > 0 for s in line.segments)}
    return not in_left & in_right and min(len(in_left), len(in_right)) <= 0.4 * len(lines)


def fits(lines: Sequence[SegmentedLine], columns: Columns) -> bool:
    """Whether nearly every line has at most one segment in a column and none across a gap."""
    n_bad = 0
    for line in lines:
        places = [column_of(s, columns) for s in line.segments]
        n_bad += len(set(places)) < len(places) or any(spans(s, columns) for s in line.segments)
    return n_bad <= 0.15 * len(lines)


def _is_numeric_column(cells: Sequence[Segment], height: float) -> bool:
    n_numeric = sum(s.numeric for s in cells)
    if not any(c.isdigit() for s in cells for c in s.text):
        return False
    return n_numeric >= max(2, 0.6 * len(cells)) and _alignment([s for s in cells if s.numeric], height) >= 0.7


def _alignment(cells: Sequence[Segment], height: float) -> float:
    """Return the share of cells whose right edges, left edges or centres agree, whichever is largest."""
    if not cells:
        return 0.0
    return max(
        _agreement([s.edge for s in cells], 0.8 * height),
        _agreement([s.x0 for s in cells], 0.5 * height),
        _agreement([(s.x0 + s.x1) / 2 for s in cells], 0.6 * height),
    )


def _agreement(values: Sequence[float], tolerance: float) -> float:
    middle = median(values)
    return sum(abs(v - middle) <= tolerance for v in values) / len(values)


def _is_contents(by_column: Placed) -> bool:
    """Whether the last column counts pages: whole numbers that hardly ever fall, beside titles without values."""
    *others, last = by_column
    numbers = _plain_integers(last)
    if len(last) < 3 or len(numbers) < 0.85 * len(last):
        return False
    n_values = sum(s.numeric for cells in others[1:] for s in cells)
    n_falls = sum(a > b for a, b in pairwise(numbers))
    return n_values <= 0.1 * len(last) and n_falls <= 0.1 * len(numbers)


def _is_enumeration(cells: Sequence[Segment]) -> bool:
    """Whether numbers are those of equations or items: whole, and rising by one."""
    numbers = _plain_integers(cells)
    return len(numbers) == len(cells) and all(b - a == 1 for a, b in pairwise(numbers))


def _is_of_marks(cells: Sequence[Segment]) -> bool:
    """Whether most cells number the items of a list that stands beside: "4.", "5."."""
    return sum(_ITEM_NUMBER.match(s.text) is not None for s in cells) >= 0.8 * len(cells)


def _is_scattered(by_column: Placed, n_lines: int) -> bool:
    """Whether many columns are mostly empty, as those of the numbers on a map or a drawing are."""
    n_cells = sum(map(len, by_column))
    return len(by_column) >= 4 and n_cells < _MIN_FILLED * len(by_column) * n_lines


def _plain_integers(cells: Sequence[Segment]) -> list[int]:
    return [int(s.text.strip("().")) for s in cells if _PLAIN_INTEGER.match(s.text)]


def _is_prose(by_column: Placed) -> bool:
    """Whether some column right of the first holds long runs of words, as print in two columns does."""
    for cells in by_column[1:]:
        n_long = sum(not s.numeric and s.text.count(" ") >= 5 for s in cells)
        if n_long > _MAX_PROSE_SHARE * len(cells):
            return True
    return False


def is_beside_prose(lines: Sequence[SegmentedLine]) -> bool:
    """Whether running text stands left of what is in columns: it begins in mid-sentence or fills its measure."""
    firsts = [line.segments[0] for line in lines if line.segments]
    n_inside = sum(s.text[:1].islower() and s.text.count(" ") >= 2 for s in firsts)
    return n_inside > max(1, 0.25 * len(firsts)) or _fills_measure(firsts)


def is_chart(lines: Sequence[SegmentedLine]) -> bool:
    """Whether many lines are those of axes: single letters of titles set upright, or ticks of charts side by side."""
    n_lettered = sum(all(_is_letters(s) for s in line.segments) for line in lines if line.segments)
    n_ticks = sum(_is_ticks(line) for line in lines)
    n_numeric = sum(any(s.numeric for s in line.segments) for line in lines)
    return n_lettered > 0.15 * len(lines) or n_ticks > max(2, 0.5 * n_numeric)


def _is_ticks(line: SegmentedLine) -> bool:
    """Whether a line repeats one number and has nothing else but the title of an axis before it."""
    numbers = {s.text.rsplit(" ", 1)[-1] for s in line.segments}
    return len(line.segments) > 1 and len(numbers) == 1 and all(c.isdigit() or c in ".%" for c in numbers.pop())


def _fills_measure(firsts: Sequence[Segment]) -> bool:
    """Whether lines of at least five words, on average, mostly end near the same right edge."""
    texts = [s for s in firsts if not s.numeric]
    if len(texts) < 4 or sum(s.text.count(" ") + 1 for s in texts) < 5 * len(texts):
        return False
    width = max(s.x1 - s.x0 for s in texts)
    return sum(s.x1 - s.x0 > 0.75 * width for s in texts) >= 0.7 * len(texts)


def _is_letters(segment: Segment) -> bool:
    return not segment.numeric and all(len(word) == 1 for word in segment.text.split())


def _is_lettered(by_column: Placed) -> bool:
    """Whether single letters fill the cells."""
    texts = [s for cells in by_column for s in cells if not s.numeric]
    return sum(map(_is_letters, texts)) > 0.3 * len(texts) and len(texts) > 3


def _mean_words(by_column: Placed) -> float:
    cells = [s for column in by_column for s in column]
    return sum(s.text.count(" ") + 1 for s in cells) / max(1, len(cells))
