"""What page-less formats are made of: headings, paragraphs and tables in reading order; knows no file format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` 1 is the highest."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or a list item. One that is not `counted` (a footnote) bears the number of the one before it."""

    text: str
    kind: Literal["paragraph", "hidden", "furniture"] = "paragraph"
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A table row. `number` 0 means: the row after the one before. `hidden`: the author hides it, it is read anyway.

    `notes` are said once each in the health of the page.
    """

    cells: Sequence[str]
    number: int = 0
    hidden: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows may be a stream; `header` is the text of its header row, cells apart by tabs."""

    rows: Iterable[Row]
    header: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """Where the author begins a new page of text; the section goes on."""


Block = Heading | Paragraph | Table | PageBreak

_NUMBER = re.compile(r"[\s$€£¥(+\u2212-]*\d[\d.,'\s]*%?\)?[\s€%]*|\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MAX_HEADER_CELL_CHARS = 120


def row_text(cells: Iterable[str]) -> str:
    """The cells apart by tabs, empty cells at the end left out."""
    return "\t".join(cells).rstrip("\t")


def is_header(cells: Sequence[str], following: Sequence[Sequence[str]]) -> bool:
    """Whether a table's row names its columns: distinct short texts, no figures but years, as wide as what follows."""
    filled = [cell for cell in cells if cell]
    width = max((sum(map(bool, row)) for row in following), default=0)
    if not width or len(filled) < max(1, 0.6 * width) or (len(filled) < 2 <= width):
        return False
    if len(set(filled)) < len(filled) or max(map(len, filled)) > _MAX_HEADER_CELL_CHARS:
        return False
    figures = [cell for cell in filled if _NUMBER.fullmatch(cell)]
    return len(figures) < len(filled) and all(_YEAR.fullmatch(cell) for cell in figures)


def header_text(rows: Sequence[Sequence[str]]) -> str:
    """The header of a table with one or more header rows; a cell that spans columns names each of them.

    >>> header_text([["", "2021", ""], ["Region", "Q1", "Q2"]])
    'Region\\t2021 Q1\\t2021 Q2'
    """
    width = max((len(row) for row in rows), default=0)
    columns: list[list[str]] = [[] for _ in range(width)]
    for row in rows:
        spread = ""
        for column in range(width):
            cell = row[column] if column < len(row) else ""
            spread = cell or (spread if row is not rows[-1] else "")
            if spread and spread not in columns[column]:
                columns[column].append(spread)
    return row_text(" ".join(names) for names in columns)


def table(rows: Sequence[Sequence[str]], n_header_rows: int = 0, title: str = "") -> Table | None:
    """A table held in memory; where no header rows are declared the first row is judged. None when it is empty."""
    if not any(cell for row in rows for cell in row):
        return None
    if not n_header_rows and len(rows) > 1 and is_header(rows[0], rows[1:20]):
        n_header_rows = 1
    header = header_text(rows[:n_header_rows]) if n_header_rows < len(rows) else ""
    return Table(tuple(Row(tuple(row)) for row in rows), header, title)
