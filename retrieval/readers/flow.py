"""From headings, paragraphs and tables to pages: one page for each section under a heading; knows no file format.

Blocks are apart by a newline, by a blank line where one of the two has newlines of its own. A section longer than
`MAX_PAGE_CHARS` goes on over several pages with one place and running paragraph numbers. Hidden text is a block of its
own: it can be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from docqa.documents import Health, Page, Region, RegionKind
from docqa.retrieval.readers.blocks import Block, Heading, Paragraph, Row, Table, row_text

MAX_PAGE_CHARS = 20_000
MAX_PAGE_ROWS = 500
_MAX_PLACE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Naming:
    """How pages are named: always `fixed` when given; else by the heading path, below `root` when given.

    Text before the first heading is named `title`, or "start" when there is none and a heading follows.
    """

    title: str = ""
    root: str = ""
    fixed: str | None = None


@dataclass(slots=True)
class _Draft:
    """A page in the making."""

    parts: list[str] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    length: int = 0
    n_hidden_chars: int = 0
    n_rows: int = 0
    has_body: bool = False
    ends_in_lines: bool = False

    def full(self, n_more: int) -> bool:
        return self.has_body and (self.length + n_more > MAX_PAGE_CHARS or self.n_rows >= MAX_PAGE_ROWS)

    def append(self, text: str, *, is_row: bool = False) -> tuple[int, int]:
        has_lines = is_row or "\n" in text
        if self.parts:
            self.parts.append("\n\n" if has_lines or self.ends_in_lines else "\n")
            self.length += len(self.parts[-1])
        self.ends_in_lines = has_lines
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return start, self.length

    def append_row(self, text: str) -> tuple[int, int]:
        """A row below a row of the same table."""
        self.parts.append("\n" + text)
        start = self.length + 1
        self.length = start + len(text)
        return start, self.length

    def add(self, kind: RegionKind, text: str, *, level: int = 0, number: int = 0) -> None:
        start, end = self.append(text)
        self.regions.append(Region(kind, start, end, level=level, number=number))
        self.has_body = self.has_body or kind != "heading"
        if kind == "hidden":
            self.n_hidden_chars += len(text)

    def page(self, place: str) -> Page:
        has_table = any(region.kind == "table" for region in self.regions)
        note = "; ".join(self.notes)
        health = Health(
            "text" if self.parts else "blank", has_table=has_table, n_hidden_chars=self.n_hidden_chars, note=note
        )
        return Page(0, "".join(self.parts), place=place, health=health, regions=tuple(self.regions))


class _Flow:
    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._path: list[tuple[int, str]] = []
        self._number = 0
        self._draft = _Draft()

    def take(self, block: Block) -> Iterator[Page]:
        if isinstance(block, Heading):
            yield from self._heading(block)
        elif isinstance(block, Paragraph):
            yield from self._paragraph(block)
        elif isinstance(block, Table):
            yield from self._table(block)
        else:
            yield from self.finish()

    def finish(self) -> Iterator[Page]:
        if self._draft.parts or self._draft.notes:
            yield self._draft.page(self._place())
        self._draft = _Draft()

    def _place(self, before_heading: bool = False) -> str:
        naming = self._naming
        if naming.fixed is not None:
            return naming.fixed
        path = [shortened(text) for _, text in self._path]
        if naming.root and (not path or path[0].casefold() != naming.root.casefold()):
            path.insert(0, shortened(naming.root))
        return " > ".join(path) or shortened(naming.title) or ("start" if before_heading else "")

    def _heading(self, block: Heading) -> Iterator[Page]:
        if not block.text:
            return
        deeper = bool(self._path) and block.level > self._path[-1][0]
        # A heading that only introduces a deeper one shares its page: nobody looks for a page without a text.
        if self._naming.fixed is None and self._draft.parts and (self._draft.has_body or not deeper):
            yield self._draft.page(self._place(before_heading=True))
            self._draft = _Draft()
        while self._path and self._path[-1][0] >= block.level:
            self._path.pop()
        self._path.append((block.level, block.text))
        self._number = 0 if self._naming.fixed is None else self._number
        for piece in pieces(block.text):
            yield from self._make_room(len(piece))
            self._draft.add("heading", piece, level=block.level)

    def _paragraph(self, block: Paragraph) -> Iterator[Page]:
        if not block.text:
            return
        if block.kind == "paragraph" and (block.counted or not self._number):
            self._number += 1
        for piece in pieces(block.text):
            yield from self._make_room(len(piece))
            self._draft.add(block.kind, piece, number=self._number if block.kind == "paragraph" else 0)

    def _table(self, block: Table) -> Iterator[Page]:
        first, rows = len(self._draft.regions), 0
        for row in block.rows:
            rows = row.number or rows + 1
            for piece in pieces(row_text(row.cells)):
                if self._draft.full(len(piece)):
                    self._close_table(block, first)
                    yield from self._make_room(len(piece))
                    first = 0
                self._row(row, rows, piece, continued=len(self._draft.regions) > first)
        self._close_table(block, first)

    def _row(self, row: Row, number: int, text: str, continued: bool) -> None:
        draft = self._draft
        start, end = draft.append_row(text) if continued else draft.append(text, is_row=True)
        draft.regions.append(Region("row", start, end, number=number))
        draft.has_body = True
        draft.n_rows += 1
        draft.n_hidden_chars += len(text) if row.hidden else 0
        draft.notes.update(dict.fromkeys(row.notes))

    def _close_table(self, block: Table, first: int) -> None:
        rows = self._draft.regions[first:]
        if rows:
            region = Region("table", rows[0].start_char, rows[-1].end_char, title=block.title, header=block.header)
            self._draft.regions.insert(first, region)

    def _make_room(self, n_chars: int) -> Iterator[Page]:
        if self._draft.full(n_chars):
            yield self._draft.page(self._place())
            self._draft = _Draft()


def pages(blocks: Iterable[Block], naming: Naming) -> Iterator[Page]:
    """Lay blocks out as pages, one at a time; a page's index is left 0 for whoever counts them."""
    flow = _Flow(naming)
    for block in blocks:
        yield from flow.take(block)
    yield from flow.finish()


def pieces(text: str, limit: int = MAX_PAGE_CHARS) -> Iterator[str]:
    """Cut a text that no page would hold, at a line's end if there is one, else at a space, else anywhere."""
    start = 0
    while len(text) - start > limit:
        end = start + limit
        for separator in ("\n", "\t", " "):
            cut = text.rfind(separator, start + limit // 2, end)
            if cut > start:
                end = cut
                break
        if piece := text[start:end].strip("\n "):
            yield piece
        start = end
    if rest := text[start:].strip("\n "):
        yield rest


def shortened(name: str) -> str:
    """A heading as part of a place: on one line, and cut where it is longer than anybody would read."""
    line = " ".join(name.split())
    return line if len(line) <= _MAX_PLACE_CHARS else line[: _MAX_PLACE_CHARS - 1].rstrip() + "…"
