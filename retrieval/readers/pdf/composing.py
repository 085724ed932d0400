"""Write the text of a page line by line and table by table, and note where each table and row comes to stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from docqa.documents import Region
from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.columns import Row
from docqa.retrieval.readers.pdf.mapped_text import RawIndex, RawSpan
from docqa.retrieval.readers.pdf.page_chars import RawLine
from docqa.retrieval.readers.tables import without_leader

_Extent = tuple[float, float]
_OFF_CENTRE = 0.1


@dataclass(frozen=True, slots=True)
class PlacedTable:
    """A table with the words of its cells, the text of its caption, and the leader dots that stand in no cell."""

    rows: tuple[tuple[Row, ...], ...]
    n_header_rows: int
    caption: str
    leaders: tuple[RawSpan, ...]


@dataclass(slots=True)
class Composer:
    """The text so far, as pieces of clean text with their raw ranges, and the regions of its tables."""

    raw: str
    plain: RawIndex
    pieces: list[tuple[str, RawSpan]] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    _length: int = 0
    _last_end: int = 0

    def page(self, lines: Iterable[RawLine | Row], tables: Sequence[PlacedTable]) -> None:
        """Add all lines, as a whole or word by word; a table stands where the first of its words stood."""
        table_of = {w.span: t for t in tables for row in t.rows for cell in row for w in cell}
        dropped = {span for t in tables for span in t.leaders}
        written: set[int] = set()
        for line in lines:
            if isinstance(line, RawLine):
                self._line([line.span])
                continue
            for table in (table_of[w.span] for w in line if w.span in table_of):
                if id(table) not in written:
                    written.add(id(table))
                    self._table(table)
            self._line([w.span for w in line if w.span not in table_of and w.span not in dropped])

    def _line(self, spans: Sequence[RawSpan]) -> None:
        """Add a line, unless its first word goes on with a word that was cut at the end of the line before."""
        if not spans:
            return
        if self._length and not self._continues(spans[0]):
            self._literal("\n")
        self._words(spans)

    def _table(self, table: PlacedTable) -> None:
        self._literal("\n" if self._length else "")
        start = self._length
        rows = []
        for i, row in enumerate(table.rows):
            self._literal("\n" if i else "")
            first = self._length
            for k, cell in enumerate(row):
                self._literal("\t" if k else "")
                self._words([self._without_leader(w.span) for w in cell])
            rows.append(Region("row", first, self._length, number=i + 1))
        header = self._header(table)
        self.regions.append(Region("table", start, self._length, title=table.caption, header=header))
        self.regions += rows

    def _header(self, table: PlacedTable) -> str:
        columns = zip(*_titled(table), strict=True)
        return "\t".join(" ".join(t for cell in column if (t := self._text(cell))) for column in columns)

    def _text(self, cell: Row) -> str:
        return " ".join("".join(t for t, _ in self.plain.parts(self._without_leader(w.span))) for w in cell)

    def _words(self, spans: Sequence[RawSpan]) -> None:
        for k, span in enumerate(spans):
            if k and not self._continues(span):
                self._literal(" ")
            for piece in self.plain.parts(span):
                self.pieces.append(piece)
                self._length += len(piece[0])
            self._last_end = span.end

    def _continues(self, span: RawSpan) -> bool:
        end = self._last_end
        return end > 0 and self.raw[end - 1] == HYPHEN and self.raw[end : span.start].strip("\r\n") == ""

    def _without_leader(self, span: RawSpan) -> RawSpan:
        """Return the raw range of a word without leader dots at its end."""
        return RawSpan(span.start, span.start + len(without_leader(self.raw[span.start : span.end])))

    def _literal(self, text: str) -> None:
        if text:
            self.pieces.append((text, RawSpan(0, 0)))
            self._length += len(text)


def _titled(table: PlacedTable) -> list[tuple[Row, ...]]:
    """Return the header rows with a title over several columns repeated for each: "Price Range" over High and Low."""
    n_header = table.n_header_rows
    extents = [_extent(column) for column in zip(*table.rows[max(0, n_header - 1) :], strict=True)]
    titled: list[tuple[Row, ...]] = []
    for row in table.rows[: max(0, n_header - 1)]:
        places = [i for i, cell in enumerate(row) if cell]
        titled.append(tuple(cell or _title_of(row, places, extents, i) for i, cell in enumerate(row)))
    return [*titled, *table.rows[max(0, n_header - 1) : n_header]]


def _title_of(row: tuple[Row, ...], places: Sequence[int], extents: Sequence[_Extent | None], i: int) -> Row:
    """Return the cell of a header row that stands over column `i` from beside it, () if none does.

    One that is the only title in its row and is centred over all columns of values stands over all of these.
    """
    extent = extents[i]
    beside = [p for p in (i - 1, i + 1) if p in places and p > 0]
    if extent is None or not i:
        return ()
    for place in beside:
        if row[place][0].box.x0 < extent[1] and row[place][-1].box.x1 > extent[0]:
            return row[place]
    values = [e for e in extents[1:] if e is not None]
    others = [p for p in places if p > 0]
    if len(others) != 1 or len(values) < 2 or len(row[others[0]]) < 2:
        return ()
    title = row[others[0]]
    off_centre = (title[0].box.x0 + title[-1].box.x1 - values[0][0] - values[-1][1]) / 2
    return title if abs(off_centre) < _OFF_CENTRE * (values[-1][1] - values[0][0]) else ()


def _extent(column: Iterable[Row]) -> _Extent | None:
    """Return from where to where the words of a column reach, None when it has none."""
    boxes = [word.box for cell in column for word in cell]
    return (min(b.x0 for b in boxes), max(b.x1 for b in boxes)) if boxes else None
