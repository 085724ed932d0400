"""Plain text: paragraphs between blank lines, read as a stream; a form feed begins a new page of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docqa.documents import Page
from docqa.retrieval.readers import flow
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Block, PageBreak, Paragraph
from docqa.retrieval.readers.cleaning import clean_lines
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.text_encoding import file_encoding, lines


class PlainReader:
    """Reads .txt, .log, .rst and text without an extension."""

    version = "plain-1"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnsafeDocument` beyond the limits and `NoTextFound` for a file of white space."""
        encoding = file_encoding(path)
        return PagedReading(path, options, first_page, lambda: _pages(path, encoding))


def _pages(path: Path, encoding: str) -> Iterator[Page]:
    return flow.pages(_blocks(path, encoding), flow.Naming(fixed=""))


def _blocks(path: Path, encoding: str) -> Iterator[Block]:
    """Paragraphs; one longer than a page comes in parts that share its number."""
    parts: list[str] = []
    length = 0
    continued = False
    for line in _pieces(path, encoding):
        if parts and (not line.strip() or length + len(line) > flow.MAX_PAGE_CHARS):
            yield Paragraph(clean_lines("".join(parts)), counted=not continued)
            continued = bool(line.strip())
            parts, length = [], 0
        if line == "\f":
            yield PageBreak()
        if line.strip():
            parts.append(line)
            length += len(line)
        else:
            continued = False
    if parts:
        yield Paragraph(clean_lines("".join(parts)), counted=not continued)


def _pieces(path: Path, encoding: str) -> Iterator[str]:
    """Lines, cut where a form feed stands; the form feed comes alone."""
    for line in lines(path, encoding):
        first, *others = line.split("\f")
        yield first
        for other in others:
            yield from ("\f", other)
