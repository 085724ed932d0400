"""Word documents (DOCX): sections under headings, with lists, tables, notes, text boxes and tracked changes.

Headers, footers and comments are left out. A Word file knows no pages: where they break is up to the program
that shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from docqa.documents import Page
from docqa.retrieval.readers import blocks, flow
from docqa.retrieval.readers.archive import Archive
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Block, Heading, Paragraph
from docqa.retrieval.readers.docx_styles import Numbers, Style, Styles, numbering, outline_level
from docqa.retrieval.readers.docx_text import ParagraphText, paragraph_text
from docqa.retrieval.readers.packages import chosen, main_part, related_xml, relations, title
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.safe_xml import Element, attribute, child, children, children_of, integer, local

_CONTAINERS = frozenset({
    "sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "txbxContent", "Choice", "Fallback", "footnote",
    "endnote", "tc",
})  # fmt: skip
_MAX_SPAN = 64
# A label that spans rows is repeated in each, so that a row says what it is about; a long text is not.
_MAX_REPEATED_CHARS = 200


class DocxReader:
    """Reads .docx, .docm, .dotx and .dotm."""

    version = "docx-1"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnreadableDocument` for damage, `UnsafeDocument` for bombs and XML tricks, `NoTextFound`."""
        return PagedReading(path, options, first_page, lambda: _pages(path, options))


def _pages(path: Path, options: ReadOptions) -> Iterator[Page]:
    with Archive(path, options.limits) as archive:
        part = main_part(archive)
        body = _Body(archive, part)
        tops = children_of(archive, part, ("body",), ("p", "tbl", "sdt", "customXml", "AlternateContent"))
        yield from flow.pages(body.blocks(tops), flow.Naming(title=title(archive)))


class _Body:
    def __init__(self, archive: Archive, part: str) -> None:
        links = relations(archive, part)
        self._styles = Styles(related_xml(archive, links, "styles"))
        self._numbers = Numbers(related_xml(archive, links, "numbering"))
        self._notes = {
            kind: {attribute(note, "id") or "": note for note in children(related_xml(archive, links, kind), kind[:-1])}
            for kind in ("footnotes", "endnotes")
        }
        self._caption = ""

    def blocks(self, elements: Iterable[Element]) -> Iterator[Block]:
        for element in elements:
            name = local(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "AlternateContent":
                branch = chosen(element)
                yield from self.blocks(branch if branch is not None else ())
            elif name in _CONTAINERS:
                yield from self.blocks(element)

    def _paragraph(self, element: Element) -> Iterator[Block]:
        properties = child(element, "pPr")
        style_id = attribute(child(properties, "pStyle"), "val")
        style = self._styles.get(style_id)
        text = paragraph_text(element, self._styles, style.hidden)
        own_level = outline_level(properties)
        level = style.level if own_level is None else own_level
        marker = self._marker(properties, style, style_id or "") if text.shown else ""
        shown = f"{marker} {text.shown}" if marker else text.shown
        if style.name == "title":
            level = 1
        if level and shown:
            yield Heading(" ".join(shown.split()), level)
        elif shown:
            yield Paragraph(shown, "furniture" if style.name.startswith("toc ") else "paragraph")
        self._caption = shown if style.name == "caption" else ""
        if text.hidden:
            yield Paragraph(text.hidden, "hidden")
        yield from self._attached(text)

    def _marker(self, properties: Element | None, style: Style, style_id: str) -> str:
        number_id, level = numbering(properties) or ("", -1)
        if not number_id:
            number_id, level = style.number_id, max(level, style.number_level)
        return self._numbers.next(number_id, level, style_id) if number_id else ""

    def _attached(self, text: ParagraphText) -> Iterator[Block]:
        """Text boxes anchored in a paragraph, and its notes: they follow it and share its number."""
        for box in text.boxes:
            yield from self.blocks(box)
        for kind, note_id in text.notes:
            # Each note is read once, so that notes which refer to each other come to an end.
            note = self._notes[kind].pop(note_id, None)
            if note is not None:
                for block in self.blocks(note):
                    yield Paragraph(block.text, block.kind, counted=False) if isinstance(block, Paragraph) else block

    def _table(self, element: Element) -> Iterator[Block]:
        caption, self._caption = self._caption, ""
        rows = [row for row in _table_children(element, "tr") if not _is_deleted(row)]
        cells = [list(_table_children(row, "tc")) for row in rows]
        if sum(map(len, cells)) == 1:
            # A table of one cell is a frame around ordinary text.
            yield from self.blocks(next(cell for row in cells for cell in row))
            return
        inner: list[Block] = []
        grid = [[text for cell in row for text in self._cell(cell, inner)] for row in cells]
        _repeat_merged(grid, cells)
        n_header_rows = next((i for i, row in enumerate(rows) if not _repeats_as_header(row)), len(rows))
        built = blocks.table(grid, n_header_rows, caption)
        if built is not None:
            yield built
        yield from inner

    def _cell(self, cell: Element, inner: list[Block]) -> Iterator[str]:
        """The cell's text on one line, then an empty text for each further column it spans."""
        lines: list[str] = []
        for block in self.blocks(cell):
            if isinstance(block, Heading) or (
                isinstance(block, Paragraph) and block.counted and block.kind != "hidden"
            ):
                lines.append(block.text)
            else:
                inner.append(block)
        yield " ".join(" ".join(lines).split())
        span = integer(child(cell, "tcPr", "gridSpan"), "val", 1)
        yield from [""] * (min(span, _MAX_SPAN) - 1)


def _table_children(element: Element, name: str) -> Iterator[Element]:
    """Rows of a table or cells of a row, also where content controls or tracked changes wrap them."""
    for each in element:
        if local(each) == name:
            yield each
        elif local(each) in _CONTAINERS:
            yield from _table_children(each, name)


def _is_deleted(row: Element) -> bool:
    return child(row, "trPr", "del") is not None


def _repeats_as_header(row: Element) -> bool:
    mark = child(row, "trPr", "tblHeader")
    return mark is not None and (attribute(mark, "val") or "1") not in ("0", "false", "off")


def _repeat_merged(grid: list[list[str]], cells: list[list[Element]]) -> None:
    """Fill cells that continue a vertical merge with the text above."""
    for index in range(1, len(grid)):
        column = 0
        for cell in cells[index]:
            merge = child(cell, "tcPr", "vMerge")
            continues = merge is not None and (attribute(merge, "val") or "continue") == "continue"
            above = grid[index - 1][column] if column < len(grid[index - 1]) else ""
            if continues and not grid[index][column] and len(above) <= _MAX_REPEATED_CHARS:
                grid[index][column] = above
            column += min(max(integer(child(cell, "tcPr", "gridSpan"), "val", 1), 1), _MAX_SPAN)
