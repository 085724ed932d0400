"""Excel workbooks (XLSX): each sheet as a stream of rows with their real numbers and the values that Excel last stored.

Hidden sheets, rows and columns are read like the others, because filters hide rows too, and the page's health says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docqa.documents import Page
from docqa.retrieval.readers import flow, number_formats
from docqa.retrieval.readers.archive import Archive
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Row
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.number_formats import Show
from docqa.retrieval.readers.packages import main_part, related, relation_id, relations
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.safe_xml import (
    Element,
    attribute,
    child,
    children,
    children_of,
    descendants,
    integer,
    local,
    parse,
)
from docqa.retrieval.readers.sheet_table import MAX_COLUMNS, cells_in_order, sheet_table

_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})?")
_MAX_ROWS = 1_048_576
_NO_VALUE = "formulas without a stored value are shown as formulas"


class XlsxReader:
    """Reads .xlsx, .xlsm, .xltx and .xltm."""

    version = "xlsx-2"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnreadableDocument` for damage, `UnsafeDocument` for bombs and XML tricks, `NoTextFound`."""
        return PagedReading(path, options, first_page, lambda: _pages(path, options))


@dataclass(frozen=True, slots=True)
class _Workbook:
    strings: list[str]
    shows: list[Show]


def _pages(path: Path, options: ReadOptions) -> Iterator[Page]:
    with Archive(path, options.limits) as archive:
        part = main_part(archive)
        root = parse(archive, part)
        links = relations(archive, part)
        from_1904 = attribute(child(root, "workbookPr"), "date1904") in ("1", "true")
        strings = next((_strings(archive, each) for each in related(links, "sharedStrings") if each in archive), [])
        styles = next((parse(archive, each) for each in related(links, "styles") if each in archive), None)
        book = _Workbook(strings, _shows(styles, from_1904))
        for sheet in descendants(child(root, "sheets"), "sheet"):
            link = links.get(relation_id(sheet))
            if link is None or link.target not in archive or link.kind != "worksheet":
                continue
            name = clean_line(attribute(sheet, "name") or "")
            is_hidden = attribute(sheet, "state") in ("hidden", "veryHidden")
            rows = _rows(archive, link.target, book, is_hidden)
            place = f"sheet {name} (hidden)" if is_hidden else f"sheet {name}"
            yield from flow.pages([sheet_table(rows, title=name)], flow.Naming(fixed=place))


def _strings(archive: Archive, part: str) -> list[str]:
    return [clean_line(_rich_text(item)) for item in children_of(archive, part, ("sst",), ("si",))]


def _rich_text(item: Element) -> str:
    """The text of a string and of its runs; `rPh` spells Japanese readings out and is no part of the text."""
    parts = []
    for each in item:
        if local(each) == "t":
            parts.append(each.text or "")
        elif local(each) == "r":
            parts.extend(text.text or "" for text in children(each, "t"))
    return "".join(parts)


def _shows(styles: Element | None, from_1904: bool) -> list[Show]:
    """How numbers are shown under each cell style."""
    codes = dict(number_formats.BUILT_IN)
    for each in children(child(styles, "numFmts"), "numFmt"):
        codes[integer(each, "numFmtId", -1)] = attribute(each, "formatCode") or "General"
    formats = (integer(each, "numFmtId") for each in children(child(styles, "cellXfs"), "xf"))
    return [number_formats.shower(codes.get(each, "General"), from_1904) for each in formats]


def _rows(archive: Archive, part: str, book: _Workbook, sheet_hidden: bool) -> Iterator[Row]:
    hidden_columns: set[int] = set()
    number = 0
    for element in children_of(archive, part, ("cols", "sheetData"), ("col", "row")):
        is_hidden = attribute(element, "hidden") in ("1", "true")
        if local(element) == "col":
            hidden_columns.update(_columns(element) if is_hidden else ())
            continue
        stated = integer(element, "r")
        number = stated if number < stated <= _MAX_ROWS else number + 1
        cells, notes = _cells(element, book, hidden_columns)
        notes = ["hidden sheet"] * sheet_hidden + ["hidden rows"] * is_hidden + notes
        if cells:
            yield Row(cells_in_order(cells), number, sheet_hidden or is_hidden, tuple(dict.fromkeys(notes)))


def _columns(element: Element) -> range:
    first, last = integer(element, "min", 1), integer(element, "max", 1)
    return range(max(first, 1) - 1, min(last, MAX_COLUMNS))


def _cells(row: Element, book: _Workbook, hidden_columns: set[int]) -> tuple[dict[int, str], list[str]]:
    """The texts of a row by column, and what is to be noted about them."""
    cells: dict[int, str] = {}
    notes: list[str] = []
    column = -1
    for cell in children(row, "c"):
        column = _column(attribute(cell, "r"), column + 1)
        text, is_formula = _cell(cell, book)
        if text:
            cells[column] = text
            notes += [_NO_VALUE] * is_formula + ["hidden columns"] * (column in hidden_columns)
    return cells, notes


def _column(reference: str | None, expected: int) -> int:
    """The 0-based column of "AB12"; cells without a reference follow one another."""
    match = _REFERENCE.fullmatch(reference or "")
    if match is None:
        return min(expected, MAX_COLUMNS - 1)
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return min(column, MAX_COLUMNS) - 1


def _cell(cell: Element, book: _Workbook) -> tuple[str, bool]:
    """What the cell shows, and whether that is a formula because no value is stored."""
    kind = attribute(cell, "t") or "n"
    if kind == "inlineStr":
        item = child(cell, "is")
        return (clean_line(_rich_text(item)) if item is not None else ""), False
    stored = child(cell, "v")
    value = (stored.text or "") if stored is not None else ""
    if not value:
        formula = child(cell, "f")
        text = clean_line(formula.text or "") if formula is not None else ""
        return (f"={text}", True) if text and kind != "str" else ("", False)
    if kind == "s":
        index = int(value) if value.isdecimal() and len(value) < 12 else -1
        return (book.strings[index] if 0 <= index < len(book.strings) else ""), False
    if kind == "b":
        return ("TRUE" if value.strip() in ("1", "true") else "FALSE"), False
    return (_number(value, integer(cell, "s"), book) if kind == "n" else clean_line(value)), False


def _number(value: str, style: int, book: _Workbook) -> str:
    try:
        number = float(value)
        show = book.shows[style] if 0 <= style < len(book.shows) else number_formats.plain
        return show(number)
    # Not a number, or infinite: shown as it stands in the file.
    except (ValueError, OverflowError):
        return clean_line(value)
