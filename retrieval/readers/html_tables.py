"""HTML tables as rows of cells, with spans laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from docqa.retrieval.readers import blocks
from docqa.retrieval.readers.blocks import Table
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.safe_xml import all_text

# Spans reach no further than this, and count as one once the table has this many cells.
_MAX_COLUMNS = 1000
_MAX_CELLS = 1_000_000
_MAX_REPEATED_CHARS = 200
_MAX_DATA_CELL_CHARS = 2000
_SKIPPED = frozenset(["script", "style", "template", "noscript", "button", "select", "input", "textarea", "svg"])

IsHidden = Callable[[etree._Element], bool]


def is_layout_table(element: etree._Element) -> bool:
    """Whether a table only arranges the page: it nests tables or headings, has one cell, or holds whole articles."""
    if element.get("role") in ("presentation", "none"):
        return True
    if next(element.iter("h1", "h2", "h3"), None) is not None:
        return True
    if sum(1 for _ in element.iter("table")) > 1:
        return True
    cells = list(element.iter("td", "th"))
    return len(cells) == 1 or any(len(all_text(cell)) > _MAX_DATA_CELL_CHARS for cell in cells)


def html_table(element: etree._Element, is_hidden: IsHidden) -> Table | None:
    """The table, None when it is empty. Rows made of `th` at its top, or in `thead`, are its header."""
    rows = [row for row in element.iter("tr") if not is_hidden(row)]
    caption = next(element.iter("caption"), None)
    title = clean_line(all_text(caption)) if caption is not None else ""
    grid = _grid(rows, is_hidden)
    n_header_rows = next((i for i, row in enumerate(rows) if not _is_header_row(row)), len(rows))
    return blocks.table(grid, n_header_rows, title)


def _is_header_row(row: etree._Element) -> bool:
    above = row.getparent()
    if above is not None and above.tag == "thead":
        return True
    cells = list(row.iterchildren("td", "th"))
    return bool(cells) and all(cell.tag == "th" for cell in cells) and len(cells) > 1


def _grid(rows: list[etree._Element], is_hidden: IsHidden) -> list[list[str]]:
    """Texts by row and column. A cell that spans rows is repeated down, one that spans columns stands once."""
    grid: list[list[str]] = []
    # Column -> (rows still to fill, text), from cells that reach down from above.
    reaching: dict[int, tuple[int, str]] = {}
    n_cells = 0
    for row in rows:
        line: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _fill(line, reaching)
            text = "" if is_hidden(cell) else _cell_text(cell, is_hidden)
            n_columns = min(_span(cell, "colspan"), max(1, _MAX_COLUMNS - len(line)))
            n_rows = _span(cell, "rowspan")
            if n_cells > _MAX_CELLS:
                n_columns = n_rows = 1
            if n_rows > 1:
                below = text if len(text) <= _MAX_REPEATED_CHARS else ""
                reaching |= {len(line) + i: (n_rows - 1, "" if i else below) for i in range(n_columns)}
            line += [text, *[""] * (n_columns - 1)]
        _fill(line, reaching)
        n_cells += len(line)
        if n_cells > _MAX_CELLS:
            reaching.clear()
        grid.append(line)
    return grid


def _fill(line: list[str], reaching: dict[int, tuple[int, str]]) -> None:
    while (column := len(line)) in reaching:
        left, text = reaching[column]
        if left > 1:
            reaching[column] = (left - 1, text)
        else:
            del reaching[column]
        line.append(text)


def _cell_text(cell: etree._Element, is_hidden: IsHidden) -> str:
    return clean_line("".join(_texts(cell, is_hidden)))


def _texts(cell: etree._Element, is_hidden: IsHidden) -> Iterator[str]:
    walk = etree.iterwalk(cell, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if element is not cell and (element.tag in _SKIPPED or is_hidden(element)):
                walk.skip_subtree()
            else:
                # Blocks and line breaks within a cell are apart by at least a space.
                yield " " if element.tag in ("br", "p", "div", "li") else ""
                yield element.text or ""
        elif element is not cell:
            yield element.tail or ""


def _span(cell: etree._Element, name: str) -> int:
    value = (cell.get(name) or "").strip()
    return max(int(value), 1) if value.isdecimal() and len(value) < 10 else 1
