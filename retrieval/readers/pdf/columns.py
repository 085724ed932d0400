"""The order in which a page set in columns is read, by a recursive cut at the gutters; knows words and boxes only."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docqa.documents import Box
from docqa.retrieval.readers.pdf.geometry import beside, union
from docqa.retrieval.readers.pdf.page_chars import RawWord

Row = tuple[RawWord, ...]

_MAX_DEPTH = 3
_MIN_PROSE_LINES = 5
_MAX_CROSSING = 0.3


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of one printed line with no wide gap between them, and the box around them."""

    words: Row
    box: Box

    @property
    def is_prose(self) -> bool:
        """Whether it looks like a line of running text and not like a cell."""
        letters = sum(w.span.end - w.span.start for w in self.words)
        return (len(self.words) >= 4 and letters >= 16) or letters >= 40


@dataclass(frozen=True, slots=True)
class Order:
    """Rows in reading order. `n_gutters` is 0 on a page of one column, where rows are simply read downwards."""

    rows: tuple[Row, ...]
    n_gutters: int


def reading_order(lines: Iterable[Sequence[RawWord]], in_columns: bool = True) -> Order:
    """Order the words of a page: down each column, columns from left to right, what spans them in its place.

    A row holds all words of one base line within its column. After Nagy and Seth 1984 (recursive XY-cut), with cuts
    only where both sides are running text, so that the columns of a table are no columns of print.
    """
    return _ordered([s for line in lines if line for s in stretches(line)], 0 if in_columns else _MAX_DEPTH)


def stretches(line: Sequence[RawWord]) -> list[Stretch]:
    """Cut a line at its wide gaps: wider than a line is high, and where it goes back to the left."""
    if len(line) == 1:
        return [Stretch(tuple(line), line[0].box)]
    height = max([w.box.y1 - w.box.y0 for w in line])
    limit = 1.1 * max(height, 4.0)
    groups: list[list[RawWord]] = [[line[0]]]
    for word in line[1:]:
        gap = word.box.x0 - groups[-1][-1].box.x1
        if gap > limit or gap < -3 * limit:
            groups.append([])
        groups[-1].append(word)
    return [Stretch(tuple(g), union([w.box for w in g]) if len(g) > 1 else g[0].box) for g in groups]


def n_conflicts(lines: Iterable[Sequence[RawWord]], order: Order) -> int:
    """Count how often one goes back in `order` when one reads the lines as they come."""
    rank = {word.span: i for i, word in enumerate(w for row in order.rows for w in row)}
    ranks = [rank[word.span] for line in lines for word in line]
    return sum(b < a for a, b in pairwise(ranks))


def _ordered(pieces: list[Stretch], depth: int) -> Order:
    gutter = _gutter(pieces) if depth < _MAX_DEPTH else None
    if gutter is None:
        return Order(tuple(tuple(w for s in row for w in s.words) for row in _rows(pieces)), 0)
    rows: list[Row] = []
    n_gutters = 1
    for left, right, spanning in _bands(pieces, gutter):
        for part in (left, right):
            inner = _ordered(part, depth + 1)
            rows += inner.rows
            n_gutters += inner.n_gutters
        rows.append(tuple(w for s in spanning for w in s.words))
    return Order(tuple(row for row in rows if row), n_gutters)


def _rows(pieces: Sequence[Stretch]) -> list[list[Stretch]]:
    """Put pieces on one base line together, from top to bottom, each row from left to right."""
    rows: list[list[Stretch]] = []
    for piece in sorted(pieces, key=lambda s: s.box.y0 + s.box.y1):
        if rows and beside(rows[-1][-1].box, piece.box) and beside(rows[-1][0].box, piece.box):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda s: s.box.x0) for row in rows]


def has_columns(prose: Sequence[Box], boxes: Sequence[Box]) -> bool:
    """Say whether a page is set in columns, from the boxes of its lines of running text and those of all lines."""
    return _gutter_between(prose, boxes) is not None


def _gutter(pieces: Sequence[Stretch]) -> float | None:
    return _gutter_between([s.box for s in pieces if s.is_prose], [s.box for s in pieces])


def _gutter_between(prose: Sequence[Box], boxes: Sequence[Box]) -> float | None:
    """Return the x of a gap that parts two columns of running text; None where there is none."""
    if len(prose) < 2 * _MIN_PROSE_LINES:
        return None
    x0, x1 = min(b.x0 for b in prose), max(b.x1 for b in prose)
    candidates = [x0 + (x1 - x0) * k / 50 for k in range(10, 41)]
    crossing = _n_crossing(candidates, boxes)
    fewest = min(crossing)
    if fewest > _MAX_CROSSING * len(boxes):
        return None
    best = [x for x, n in zip(candidates, crossing, strict=True) if n == fewest]
    gutter = _middle_of_widest_run(best, (x1 - x0) / 50)
    left = [b for b in prose if b.x1 <= gutter]
    right = [b for b in prose if b.x0 >= gutter]
    return gutter if _are_columns(left, right) else None


def _n_crossing(xs: Sequence[float], boxes: Sequence[Box]) -> list[int]:
    """Return for each x, in rising order, how many boxes stand across it."""
    lefts = sorted([box.x0 for box in boxes])
    rights = sorted([box.x1 for box in boxes])
    return [bisect_left(lefts, x) - bisect_right(rights, x) for x in xs]


def _middle_of_widest_run(xs: Sequence[float], step: float) -> float:
    runs = [[xs[0]]]
    for x in xs[1:]:
        if x - runs[-1][-1] > 1.5 * step:
            runs.append([])
        runs[-1].append(x)
    widest = max(runs, key=len)
    return (widest[0] + widest[-1]) / 2


def _are_columns(left: Sequence[Box], right: Sequence[Box]) -> bool:
    """Whether both sides are running text that fills its column, side by side on the page."""
    if min(len(left), len(right)) < _MIN_PROSE_LINES:
        return False
    a, b = union(left), union(right)
    shared = min(a.y1, b.y1) - max(a.y0, b.y0)
    return shared > 0.3 * min(a.y1 - a.y0, b.y1 - b.y0) and _fills(left, a) and _fills(right, b)


def _fills(lines: Sequence[Box], column: Box) -> bool:
    return median(b.x1 - b.x0 for b in lines) >= 0.6 * (column.x1 - column.x0)


def _bands(pieces: Sequence[Stretch], gutter: float) -> Iterable[tuple[list[Stretch], list[Stretch], list[Stretch]]]:
    """Yield what stands left and right of the gutter above each row that spans it, with that row; from the top."""
    spanning = [row for row in _rows(pieces) if _spans(row, gutter)]
    taken = {id(s) for row in spanning for s in row}
    rest = [s for s in pieces if id(s) not in taken]
    for row in [*spanning, []]:
        border = _middle(row[0].box) if row else float("inf")
        above = [s for s in rest if _middle(s.box) < border]
        rest = [s for s in rest if _middle(s.box) >= border]
        yield [s for s in above if s.box.x1 <= gutter], [s for s in above if s.box.x1 > gutter], row


def _spans(row: Sequence[Stretch], gutter: float) -> bool:
    """Whether a row belongs to both columns: it crosses the gutter, or is a row of cells on both sides of it."""
    if any(s.box.x0 < gutter < s.box.x1 for s in row):
        return not any(s.is_prose and not s.box.x0 < gutter < s.box.x1 for s in row)
    sides = {s.box.x1 <= gutter for s in row}
    return len(row) >= 3 and len(sides) == 2 and not any(s.is_prose for s in row)


def _middle(box: Box) -> float:
    return (box.y0 + box.y1) / 2
