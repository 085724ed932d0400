"""The text of PowerPoint shapes and tables."""

from __future__ import annotations

from collections.abc import Iterator

from docqa.retrieval.readers import blocks
from docqa.retrieval.readers.blocks import Block, Heading, Paragraph
from docqa.retrieval.readers.cleaning import clean_line, clean_lines
from docqa.retrieval.readers.safe_xml import Element, attribute, child, children, descendants, integer, local

_MAX_REPEATED_CHARS = 200


def shape_blocks(shape: Element, *, is_title: bool = False) -> Iterator[Block]:
    """The paragraphs of a shape, or its tables; the title of a slide is its heading."""
    tables = list(descendants(shape, "tbl"))
    for table in tables:
        built = _table(table)
        yield from [built] if built is not None else []
    if tables:
        return
    if is_title:
        yield Heading(clean_line(shape_text(shape)), 1)
        return
    counter = 0
    for paragraph in _paragraphs(shape):
        text = clean_lines(_paragraph_text(paragraph))
        properties = child(paragraph, "pPr")
        numbered = child(properties, "buAutoNum")
        if numbered is not None and text:
            counter += 1
            text = f"{counter + integer(numbered, 'startAt', 1) - 1}. {text}"
        elif text:
            counter = 0
            text = f"• {text}" if child(properties, "buChar") is not None else text
        yield Paragraph(text)


def shape_text(shape: Element) -> str:
    """All text of a shape, a line for each paragraph."""
    texts = (clean_lines(_paragraph_text(paragraph)) for paragraph in descendants(shape, "p"))
    return "\n".join(text for text in texts if text)


def _paragraphs(shape: Element) -> Iterator[Element]:
    """Paragraphs of the shape's own text; both branches of alternate content hold the same one."""
    for paragraph in descendants(shape, "p"):
        if not any(local(above) == "Fallback" for above in paragraph.iterancestors()):
            yield paragraph


def _paragraph_text(paragraph: Element) -> str:
    parts: list[str] = []
    for each in paragraph:
        name = local(each)
        if name in ("r", "fld"):
            parts.extend(text.text or "" for text in children(each, "t"))
        elif name == "br":
            parts.append("\n")
        elif name not in ("pPr", "endParaRPr"):
            # Formulas and alternate content: their letters in order.
            parts.extend(text.text or "" for text in descendants(each, "t"))
    return "".join(parts)


def _table(table: Element) -> blocks.Table | None:
    grid: list[list[str]] = []
    for row in children(table, "tr"):
        line: list[str] = []
        for column, cell in enumerate(children(row, "tc")):
            text = clean_line(shape_text(cell))
            above = grid[-1][column] if grid and column < len(grid[-1]) else ""
            continues = attribute(cell, "vMerge") in ("1", "true") and len(above) <= _MAX_REPEATED_CHARS
            line.append(above if continues and not text else text)
        grid.append(line)
    has_header = attribute(child(table, "tblPr"), "firstRow") in ("1", "true")
    return blocks.table(grid, int(has_header and len(grid) > 1))
