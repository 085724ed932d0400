"""CSV and TSV files as a stream of records, whatever their delimiter and encoding.

Rows are numbered by record, as a spreadsheet program numbers them. Quotes that never close do not swallow the file:
it is then read again line by line.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from docqa.documents import Page
from docqa.retrieval.readers import flow
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Row
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.sheet_table import sheet_table
from docqa.retrieval.readers.text_encoding import file_encoding, lines

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_MAX_RECORD_LINE_CHARS = 4 * 1024**2


class DelimitedReader:
    """Reads .csv, .tsv and .tab."""

    version = "csv-1"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnsafeDocument` beyond the limits and `NoTextFound` for a file of empty cells."""
        encoding = file_encoding(path)
        separator = delimiter(path, encoding)
        try:
            return PagedReading(path, options, first_page, lambda: _pages(_quoted(path, encoding, separator)))
        except csv.Error:
            return PagedReading(path, options, first_page, lambda: _pages(_unquoted(path, encoding, separator)))


def _pages(records: Iterator[list[str]]) -> Iterator[Page]:
    return flow.pages([sheet_table(_rows(records))], flow.Naming(fixed=""))


def _rows(records: Iterator[list[str]]) -> Iterator[Row]:
    for number, record in enumerate(records, 1):
        cells = tuple(clean_line(cell) for cell in record)
        is_declaration = number == 1 and record[0][:4].lower() == "sep=" if record else False
        if any(cells) and not is_declaration:
            yield Row(cells, number)


def _quoted(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Records as RFC 4180 has them. Raises csv.Error when a quote opens and never closes."""
    last_line = ""

    def source() -> Iterator[str]:
        nonlocal last_line
        for last_line in lines(path, encoding, _MAX_RECORD_LINE_CHARS):
            yield last_line.replace("\0", "")

    record: list[str] = []
    for record in csv.reader(source(), delimiter=separator, skipinitialspace=True):
        yield record
    if record and "\n" in record[-1] and '"' not in last_line:
        raise csv.Error("a quote opens and never closes")


def _unquoted(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    for line in lines(path, encoding, _MAX_RECORD_LINE_CHARS):
        yield [cell.strip().strip('"') for cell in line.split(separator)]


def delimiter(path: Path, encoding: str) -> str:
    """The sign that cuts the first lines into the same number of cells most often.

    The standard library's sniffer takes letters for delimiters and raises on a single column.
    """
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    sample = "".join(islice(lines(path, encoding), _SAMPLE_LINES))
    declared = sample[:5].lower()
    if declared.startswith("sep=") and declared[4:5] in _DELIMITERS:
        return declared[4:5]
    return max(_DELIMITERS, key=lambda each: _regularity(sample, each))


def _regularity(sample: str, separator: str) -> float:
    try:
        widths = [len(record) for record in csv.reader(sample.splitlines(True), delimiter=separator) if record]
    except csv.Error:
        return 0.0
    if not widths:
        return 0.0
    width, count = Counter(widths).most_common(1)[0]
    return count / len(widths) * min(width - 1, 3)
