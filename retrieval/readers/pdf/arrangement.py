"""Put the text of a troubled page in order: columns that the file mixes, and tables whose cells must stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docqa.documents import Region
from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.columns import Order, Row, n_conflicts, reading_order
from docqa.retrieval.readers.pdf.composing import Composer, PlacedTable
from docqa.retrieval.readers.pdf.mapped_text import MappedText, RawIndex, RawSpan, joined
from docqa.retrieval.readers.pdf.page_chars import PageChars, RawLine
from docqa.retrieval.readers.pdf.suspicion import Suspicion
from docqa.retrieval.readers.tables import Cell, Line, Ruling, Table, Word, find_tables, is_leader

_MAX_WORDS = 20_000
_MIN_CONFLICTS = 6
_CONFLICTS_PER_ROW = 0.3


@dataclass(frozen=True, slots=True)
class Arranged:
    """A page's text in reading order, with its tables and their rows as regions."""

    mapped: MappedText
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspects:
    """The lines of a page in PDFium's order, what to look at among them, and the thin lines drawn on the page."""

    lines: Sequence[RawLine]
    suspicion: Suspicion
    rulings: Sequence[Ruling] = ()


def arranged(chars: PageChars, suspects: Suspects, plain: MappedText) -> Arranged:
    """Return the page with its tables kept as tables and its columns in order; `plain` as it is if all was well.

    The file's own order is kept unless it jumps between columns of print line by line.
    """
    words = {i: tuple(chars.words(suspects.lines[i])) for i in sorted(suspects.suspicion.indices)}
    if sum(map(len, words.values())) > _MAX_WORDS:
        return Arranged(plain)
    order = reading_order(words.values(), suspects.suspicion.in_columns)
    tables = _tables(chars.raw, order, suspects.rulings)
    mixed = order.n_gutters > 0 and n_conflicts(words.values(), order) >= max(
        _MIN_CONFLICTS, _CONFLICTS_PER_ROW * len(order.rows)
    )
    if not tables and not mixed:
        return Arranged(plain)
    composer = Composer(chars.raw, RawIndex(plain))
    composer.page(order.rows if mixed else _lines(suspects, words, tables), tables)
    return Arranged(joined(composer.pieces), tuple(composer.regions))


def _lines(suspects: Suspects, words: dict[int, Row], tables: Sequence[PlacedTable]) -> list[RawLine | Row]:
    """Return the lines in PDFium's order; those with words of a table, or leader dots beside one, word by word."""
    taken = {w.span for t in tables for row in t.rows for cell in row for w in cell}
    taken.update(span for t in tables for span in t.leaders)
    return [
        words[i] if i in words and any(w.span in taken for w in words[i]) else line
        for i, line in enumerate(suspects.lines)
    ]


def _tables(raw: str, order: Order, rulings: Sequence[Ruling]) -> list[PlacedTable]:
    lines = [Line(tuple(Word(_glyphs(raw, w.span), w.box) for w in row)) for row in order.rows]
    found = find_tables(lines, rulings)
    return [_placed(raw, table, order.rows) for table in found if len(table.rows) > 1]


def _placed(raw: str, table: Table, rows: Sequence[Row]) -> PlacedTable:
    def words(cell: Cell) -> Row:
        return tuple(rows[ref.line][ref.word] for ref in cell)

    cells = tuple(tuple(words(cell) for cell in row) for row in table.rows)
    lines = rows[table.first_line : table.last_line + 1]
    leaders = tuple(w.span for row in lines for w in row if is_leader(_glyphs(raw, w.span)))
    return PlacedTable(cells, table.n_header_rows, table.caption, leaders)


def _glyphs(raw: str, span: RawSpan) -> str:
    return raw[span.start : span.end].replace(HYPHEN, "-")
