"""Find the tables of a page from the positions of its words; knows no file format and reads no file.

Precision comes before recall: a table that is missed stays readable text, a false one damages it. Lines are cut
at wide gaps, neighbouring lines with such gaps are projected on the x axis, and what falls into columns of aligned
numbers (or, with stronger evidence, of short texts) is a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docqa.retrieval.readers.columns import Columns, column_of, spans
from docqa.retrieval.readers.grids import CAPTION, Grid, find_grids
from docqa.retrieval.readers.segments import (
    Line,
    Ruling,
    Segment,
    SegmentedLine,
    Word,
    WordRef,
    is_leader,
    segmented,
    without_leader,
)

__all__ = ["Cell", "Line", "Row", "Ruling", "Table", "Word", "WordRef", "find_tables", "is_leader", "without_leader"]

_CONTINUES = re.compile(
    r"(?:[,;\-\u2013\u2014(]|\b(?:and|of|or|to|for|the|in|on|from|with|by|per|a|an|net))$", re.IGNORECASE
)
_MARK = re.compile(r"^(?:\((?:\d{1,2}|[a-z])\)|[*†‡§]{1,3})$")
_UNITS = re.compile(r"^[(\[].{2,80}[)\]]$")


Cell = tuple[WordRef, ...]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: rows of cells, all rows with the same number of cells, an empty cell being `()`.

    A cell lists its words in reading order; a wrapped cell holds words of several lines. The first `n_header_rows`
    rows are the header. `caption` is the text of the title or caption beside it, "" when there is none; its words
    are in no cell. The rows use words of the lines `first_line` to `last_line`, both included, and every word of these
    lines stands in exactly one cell, except words that are only leader dots (`is_leader`): they stand in none.
    A word that ends in leader dots ("Product.....") is in its cell whole: print `without_leader(word.text)`.
    """

    rows: tuple[Row, ...]
    n_header_rows: int
    caption: str
    first_line: int
    last_line: int


def find_tables(lines: Sequence[Line], rulings: Sequence[Ruling] = ()) -> tuple[Table, ...]:
    """Return the tables of a page from top to bottom; they do not overlap.

    `lines` are those of the whole page in reading order, each holding all words of its base line within its column of
    print: on a page of one column all words of the base line; on a page set in two columns the lines of
    the left column come first, then those of the right one (where y jumps back up, a table ends).
    """
    page = [segmented(i, line) for i, line in enumerate(lines)]
    heights = [line.height for line in page if line.segments]
    if sum(len(line.segments) > 1 for line in page) < 3:
        return ()
    height = median(heights)
    found: list[Table] = []
    for grid in find_grids(page, height, rulings):
        start = found[-1].last_line + 1 if found else 0
        found.append(_assembled(page, grid, lines, start))
    return tuple(found)


def _assembled(page: Sequence[SegmentedLine], grid: Grid, lines: Sequence[Line], start: int) -> Table:
    """Make the table of a grid: add heads that stand alone above it, join wrapped cells, and find the caption.

    No line before `start` is taken: it belongs to the table above.
    """
    first, last = grid.lines[0].number, grid.lines[-1].number
    top = first
    while top > start and first - top < 3 and _is_lone_head(page[top - 1], page[top], grid.columns):
        top -= 1
    n_header = first - top + grid.first_body
    while last + 1 < len(page) and _is_wrapped_label(page[last], page[last + 1], grid.columns):
        last += 1
    header = _header_rows(page[top : top + n_header], lines, grid.columns)
    body = _body_rows(page[top + n_header : last + 1], grid.columns)
    height = median(line.height for line in page if line.segments)
    caption = _caption_above(page, top, start, height) or _caption_below(page, last, height)
    return Table(tuple(header + body), len(header), caption, top, last)


def _is_lone_head(line: SegmentedLine, below: SegmentedLine, columns: Columns) -> bool:
    """Whether a line is a title over several value columns: "Year ended December 31"."""
    if len(line.segments) != 1 or below.y0 - line.y1 > 1.2 * line.height or line.y0 > below.y0:
        return False
    return line.x0 > columns[0].x1 and line.x1 <= columns[-1].x1 + line.height and len(columns) > 2


def _is_wrapped_label(line: SegmentedLine, below: SegmentedLine, columns: Columns) -> bool:
    if len(below.segments) != 1 or not 0 <= below.y0 - line.y0 < 2.2 * line.height or len(columns) < 2:
        return False
    segment = below.segments[0]
    return segment.text[:1].islower() and segment.x1 <= columns[1].x0 and segment.text.count(" ") < 8


_Cells = list[list[WordRef]]


def _cells(line: SegmentedLine, columns: Columns) -> _Cells:
    cells: _Cells = [[] for _ in columns]
    for segment in line.segments:
        cells[column_of(segment, columns)].extend(segment.refs)
    return cells


def _header_cells(line: SegmentedLine, page: Sequence[Line], columns: Columns) -> _Cells:
    """Part the titles of neighbouring columns where they nearly touch.

    That is at every word when this gives each column its title, else at a gap wider than that between words.
    """
    whole = [s for s in line.segments if not spans(s, columns)]
    touching = [s for s in line.segments if spans(s, columns)]
    runs = [(ref,) for s in touching for ref in s.refs] + [s.refs for s in whole]
    places = [_column_of_run(run, page, columns) for run in runs]
    if not touching or len(set(places)) < len(places) or {*places, 0} != {*range(len(columns))}:
        runs = [run for s in line.segments for run in (_parted(s, line.height) if s in touching else [s.refs])]
        places = [column_of(s, columns) for s in line.segments]
        if len(runs) > len(places):
            places = [_column_of_run(run, page, columns) for run in runs]
    cells: _Cells = [[] for _ in columns]
    for place, run in zip(places, runs, strict=True):
        cells[place].extend(run)
    return [sorted(cell) for cell in cells]


def _parted(segment: Segment, height: float) -> list[tuple[WordRef, ...]]:
    """Cut a title at its widest gaps if these are much wider than the others."""
    if not _nearly_parted(segment, height):
        return [segment.refs]
    limit = 0.8 * max(segment.gaps)
    cuts = [i for i, gap in enumerate(segment.gaps, start=1) if gap > limit]
    return [segment.refs[a:b] for a, b in pairwise([0, *cuts, len(segment.refs)])]


def _nearly_parted(segment: Segment, height: float) -> bool:
    """Whether one gap between the words of a title is much wider than the others."""
    widest = max(segment.gaps, default=0.0)
    return widest >= 0.6 * height and (len(segment.gaps) == 1 or widest > 1.5 * min(segment.gaps))


def _column_of_run(run: Sequence[WordRef], page: Sequence[Line], columns: Columns) -> int:
    x0 = page[run[0].line].words[run[0].word].box.x0
    x1 = page[run[-1].line].words[run[-1].word].box.x1
    return max(range(len(columns)), key=lambda i: min(columns[i].x1, x1) - max(columns[i].x0, x0))


def _header_rows(lines: Sequence[SegmentedLine], page: Sequence[Line], columns: Columns) -> list[Row]:
    """Join the lines of the header column by column; a title that spans columns keeps a row of its own.

    Titles of several lines that are centred on each other overlap in height: these are joined too.
    """
    rows: list[_Cells] = []
    previous_spans, bottom = True, 0.0
    for line in lines:
        spanning = _is_spanning(line, columns)
        interleaved = line.y0 < bottom - 0.15 * line.height
        if rows and (interleaved or (not spanning and not previous_spans)):
            rows[-1] = [a + b for a, b in zip(rows[-1], _header_cells(line, page, columns), strict=True)]
        elif line.segments:
            rows.append(_header_cells(line, page, columns))
        previous_spans, bottom = spanning, line.y1
    return [_frozen(r) for r in rows]


def _is_spanning(line: SegmentedLine, columns: Columns) -> bool:
    if any(spans(s, columns) for s in line.segments):
        return True
    if len(line.segments) != 1:
        return False
    return 0 < column_of(line.segments[0], columns) < len(columns) - 1 or len(columns) == 3


def _body_rows(lines: Sequence[SegmentedLine], columns: Columns) -> list[Row]:
    """Make one row of each line, and one of a label that is wrapped with the values beside it."""
    rows: list[_Cells] = []
    previous: SegmentedLine | None = None
    for line in lines:
        if not line.segments:
            continue
        cells = _cells(line, columns)
        if previous is not None and _is_raised(previous, line):
            rows[-1] = [b + a for a, b in zip(rows[-1], cells, strict=True)]
        elif previous is not None and _continues(previous, line, columns):
            rows[-1] = [a + b for a, b in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
        previous = line
    return [_frozen(r) for r in rows]


def _is_raised(above: SegmentedLine, line: SegmentedLine) -> bool:
    """Whether a line holds nothing but footnote marks that are set a little above the line after it."""
    return above.y1 > line.y0 + 0.2 * above.height and all(_MARK.match(s.text) for s in above.segments)


def _continues(above: SegmentedLine, line: SegmentedLine, columns: Columns) -> bool:
    """Whether a line goes on with the row above: one of both is a mere label, and the text runs on."""
    if line.y0 - above.y1 > 0.9 * line.height or not (_is_label(above, columns) or _is_label(line, columns)):
        return False
    if _is_label(above, columns) and above.segments[0].text.endswith(":"):
        return False
    begins_lower = column_of(line.segments[0], columns) == 0 and line.segments[0].text[:1].islower()
    return begins_lower or (_is_label(above, columns) and _CONTINUES.search(above.segments[0].text) is not None)


def _is_label(line: SegmentedLine, columns: Columns) -> bool:
    return len(line.segments) == 1 and column_of(line.segments[0], columns) == 0


def _frozen(cells: _Cells) -> Row:
    return tuple(tuple(c) for c in cells)


def _text(line: SegmentedLine) -> str:
    return " ".join(s.text for s in line.segments)


def _caption_above(page: Sequence[SegmentedLine], top: int, start: int, height: float) -> str:
    """Return the lines from "Table 3" down to the table, or the title lines right above it."""
    above: list[SegmentedLine] = []
    below = page[top]
    for line in reversed(page[max(start, top - 4) : top]):
        if not line.segments or below.y0 - line.y1 > 3 * height or line.y0 > below.y0:
            break
        above.insert(0, line)
        if CAPTION.match(_text(line)):
            return " ".join(map(_text, above))
        below = line
    return " ".join(_titles(above, page[top]))


def _titles(above: Sequence[SegmentedLine], head: SegmentedLine) -> list[str]:
    titles: list[str] = []
    for line in reversed(above):
        text = _text(line)
        if len(line.segments) > 1 or text.count(" ") > 13 or not (text.isupper() or _UNITS.match(text)):
            break
        titles.insert(0, text)
    return titles


def _caption_below(page: Sequence[SegmentedLine], last: int, height: float) -> str:
    """Return the lines under the table that begin with "Table 3", up to a gap."""
    texts: list[str] = []
    for above, line in zip(page[last : last + 5], page[last + 1 : last + 6], strict=False):
        if not 0 <= line.y0 - above.y0 < 3 * height or (not texts and not CAPTION.match(_text(line))):
            break
        if texts and line.y0 - above.y1 > 0.8 * height:
            break
        texts.append(_text(line))
    return " ".join(texts)
