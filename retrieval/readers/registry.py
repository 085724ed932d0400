"""Which reader reads which kind of file.

A reader is imported when a file asks for it, so that a PDF loads no XML parser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from docqa.errors import UsageError
from docqa.retrieval.readers import media_types
from docqa.retrieval.readers.base import Limits, Reader, Reading, ReadOptions
from docqa.retrieval.readers.detect import detect

_DEFAULT_LIMITS = Limits()


def _pdf() -> Reader:
    from docqa.retrieval.readers.pdf.reader import PdfReader

    return PdfReader()


def _docx() -> Reader:
    from docqa.retrieval.readers.docx import DocxReader

    return DocxReader()


def _pptx() -> Reader:
    from docqa.retrieval.readers.pptx import PptxReader

    return PptxReader()


def _xlsx() -> Reader:
    from docqa.retrieval.readers.xlsx import XlsxReader

    return XlsxReader()


def _delimited() -> Reader:
    from docqa.retrieval.readers.delimited import DelimitedReader

    return DelimitedReader()


def _html() -> Reader:
    from docqa.retrieval.readers.html import HtmlReader

    return HtmlReader()


def _epub() -> Reader:
    from docqa.retrieval.readers.epub import EpubReader

    return EpubReader()


def _markdown() -> Reader:
    from docqa.retrieval.readers.markdown import MarkdownReader

    return MarkdownReader()


def _plain() -> Reader:
    from docqa.retrieval.readers.plain import PlainReader

    return PlainReader()


READERS: dict[str, Callable[[], Reader]] = {
    media_types.PDF: _pdf,
    media_types.DOCX: _docx,
    media_types.PPTX: _pptx,
    media_types.XLSX: _xlsx,
    media_types.CSV: _delimited,
    media_types.TSV: _delimited,
    media_types.HTML: _html,
    media_types.EPUB: _epub,
    media_types.MARKDOWN: _markdown,
    media_types.PLAIN: _plain,
}


@cache
def reader_of(media_type: str) -> Reader:
    """The reader of a media type; raises `UsageError` listing the known ones."""
    if media_type not in READERS:
        raise UsageError(f"there is no reader for {media_type}; the known kinds are {', '.join(READERS)}")
    return READERS[media_type]()


def reader_for(path: Path, limits: Limits = _DEFAULT_LIMITS) -> tuple[str, Reader]:
    """What a file is, and its reader. Raises a leaf of `UnreadableDocument` for what docqa cannot read."""
    media_type = detect(path, limits)
    return media_type, reader_of(media_type)


def reader_version(media_type: str) -> str:
    """The version of the reader of a media type: text stored under another one is to be read again."""
    return reader_of(media_type).version


def open_document(path: Path, options: ReadOptions, first_page: int = 0) -> Reading:
    """Open a file of any readable kind. Raises a leaf of `UnreadableDocument` naming the file and the cause."""
    _, reader = reader_for(path, options.limits)
    return reader.open(path, options, first_page)
