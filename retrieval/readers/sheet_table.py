"""A stream of spreadsheet rows as a table: finds the header row and where the columns begin; knows no file format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from docqa.retrieval.readers.blocks import Row, Table, is_header, row_text

MAX_COLUMNS = 16_384
_LOOK_AHEAD_ROWS = 24
_MAX_HEADER_DEPTH = 10
# A row with one cell in column A and one in XFD is no table row of 16,384 cells.
_MAX_EMPTY_CELLS = 256


def cells_in_order(cells: dict[int, str]) -> tuple[str, ...]:
    """Cells by their 0-based columns as one row, empty where there is none; a sparse giant loses its gaps."""
    width = max(cells) + 1
    if width - len(cells) > _MAX_EMPTY_CELLS:
        return tuple(cells[column] for column in sorted(cells))
    return tuple(cells.get(column, "") for column in range(width))


def sheet_table(rows: Iterator[Row], title: str = "") -> Table:
    """A table whose header is found among its first rows, and whose empty columns on the left are left out."""
    ahead = list(islice(rows, _LOOK_AHEAD_ROWS))
    margin = min((_n_leading_empty(row) for row in ahead), default=0)
    cells = [row.cells[margin:] for row in ahead]
    header = next((i for i in range(min(len(cells), _MAX_HEADER_DEPTH)) if is_header(cells[i], cells[i + 1 :])), None)
    trimmed = (_without_margin(row, margin) for row in chain(ahead, rows))
    return Table(trimmed, row_text(cells[header]) if header is not None else "", title)


def _n_leading_empty(row: Row) -> int:
    return next((i for i, cell in enumerate(row.cells) if cell), 0)


def _without_margin(row: Row, margin: int) -> Row:
    return replace(row, cells=row.cells[min(margin, _n_leading_empty(row)) :]) if margin else row
