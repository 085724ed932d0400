"""The order in which recognised lines are read: down one column of print, then down the next."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TypeVar

from docqa.documents import Box

_Line = TypeVar("_Line", bound=Sequence[tuple[str, Box, float]])
_MIN_LINES = 3
_MIN_WORDS = 2.5
_MAX_SPANNING_SHARE = 0.3


def in_reading_order(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Group lines (each of words with text, box and confidence) into blocks, in reading order.

    A gutter parts two columns when print stands on both sides of it over several lines; lines that cross it, such as a
    title, end the columns above and begin new ones below. What stands left and right in short pieces, as the
    cells of a table do, stays row by row.
    """
    ordered = sorted(lines, key=lambda line: (_middle(line), line[0][1].x0))
    gutter = _gutter(ordered)
    if gutter is None:
        return [_rows(ordered)] if ordered else []
    blocks: list[list[_Line]] = []
    for band, spanning in _bands(ordered, gutter):
        if spanning:
            blocks.append(_rows(band))
            continue
        for side in ([r for r in band if _x1(r) <= gutter], [r for r in band if _x1(r) > gutter]):
            blocks += in_reading_order(side) if len(side) < len(lines) else [_rows(side)]
    return [b for b in blocks if b]


def _bands(lines: Sequence[_Line], gutter: float) -> list[tuple[list[_Line], bool]]:
    """Part lines from top to bottom into runs that cross the gutter and runs that do not."""
    bands: list[tuple[list[_Line], bool]] = []
    for line in lines:
        crosses = _crosses(line, gutter)
        if bands and bands[-1][1] == crosses:
            bands[-1][0].append(line)
        else:
            bands.append(([line], crosses))
    return bands


def _gutter(lines: Sequence[_Line]) -> float | None:
    """Return the x that fewest lines cross and that has columns of print on both sides, or None."""
    if len(lines) < 2 * _MIN_LINES:
        return None
    best: tuple[int, float] | None = None
    for line in lines:
        x = _x1(line) + 1.0
        n_crossing = sum(_crosses(other, x) for other in lines)
        if n_crossing <= _MAX_SPANNING_SHARE * len(lines) and (best is None or n_crossing < best[0]):
            left = [r for r in lines if _x1(r) <= x]
            right = [r for r in lines if _x0(r) >= x]
            if _is_print(left) and _is_print(right) and _beside(left, right):
                best = (n_crossing, x)
    return best[1] if best else None


def _is_print(lines: Sequence[_Line]) -> bool:
    return len(lines) >= _MIN_LINES and median(len(line) for line in lines) >= _MIN_WORDS


def _beside(left: Sequence[_Line], right: Sequence[_Line]) -> bool:
    """Whether two groups share some height of the page."""
    top = max(min(map(_middle, left)), min(map(_middle, right)))
    bottom = min(max(map(_middle, left)), max(map(_middle, right)))
    return bottom > top


def _rows(lines: Sequence[_Line]) -> list[_Line]:
    """Sort lines from top to bottom; pieces whose middles stand at one height are read from left to right."""
    rows: list[list[_Line]] = []
    for line in sorted(lines, key=_middle):
        height = line[0][1].y1 - line[0][1].y0
        if rows and _middle(line) - _middle(rows[-1][-1]) < 0.4 * height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=_x0)]


def _crosses(line: _Line, x: float) -> bool:
    return _x0(line) < x < _x1(line)


def _x0(line: _Line) -> float:
    return line[0][1].x0


def _x1(line: _Line) -> float:
    return line[-1][1].x1


def _middle(line: _Line) -> float:
    return sum(box.y0 + box.y1 for _, box, _ in line) / (2 * len(line))
