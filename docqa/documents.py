"""Documents as docqa sees them: pages of clean text, and numbered passages of those pages.

Every offset is half-open and counts characters (Python code points) of the page's clean text.
Nothing here reads a file or knows a file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from docqa.text import Span as Span  # defined one floor below, since sentences are spans too

TextSource = Literal["text", "ocr", "blank", "unreadable"]
RegionKind = Literal["heading", "paragraph", "table", "row", "furniture", "hidden"]
PassageKind = Literal["text", "table"]


class Box(NamedTuple):
    """A rectangle on the page as it is displayed: rotation applied, cropped to the CropBox.

    Units are PDF points (1/72 inch); the origin is the top left corner and y grows downwards.
    """

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of a page whose role the reader knows.

    `heading`: `level` 1 is the highest. `paragraph` and `row`: `number` is the 1-based number by which a
    person finds it (paragraph of its section, row of its sheet). `table`: covers its rows, `title` is its caption
    and `header` the text of its header row, cells apart by tabs. `furniture`: running heads and page numbers.
    `hidden`: text that the page does not show (invisible, tiny, off the page, in the background's colour).
    """

    kind: RegionKind
    start_char: int
    end_char: int
    level: int = 0
    number: int = 0
    title: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class OcrWord:
    """A word that OCR read, with its box and the engine's confidence from 0 to 1."""

    start_char: int
    end_char: int
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Health:
    """How well a page could be read.

    `source` says where the text comes from; `unreadable` means that there is something on the page that could not
    be turned into text, and `note` says why. `garbled` is true when the glyphs have no trustworthy Unicode values.
    `ocr_confidence` is the mean over words from 0 to 1, None when no OCR was used.
    """

    source: TextSource = "text"
    garbled: bool = False
    has_table: bool = False
    n_hidden_chars: int = 0
    ocr_engine: str | None = None
    ocr_confidence: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, slide, sheet or section with its clean text.

    `index` is the 0-based position in the document and the key everywhere. `number` is the physical 1-based page
    number, None for formats that have no pages: there `place` names the part ("Methods > Data", "sheet Sales",
    "slide 3"). `label` is the printed page label ("iv", "12") when the file declares one. `width` and `height` are
    points of the displayed page, 0 where there is none. `words` is filled for OCR pages only: elsewhere
    boxes are worked out from the file when a span is cited.
    """

    index: int
    text: str
    number: int | None = None
    label: str | None = None
    place: str = ""
    width: float = 0.0
    height: float = 0.0
    health: Health = field(default_factory=Health)
    regions: tuple[Region, ...] = ()
    words: tuple[OcrWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document that has been read; `id` is the SHA-256 of the file's bytes in hexadecimal.

    `pages` may be a lazy sequence that reads from the store. `language` is an ISO 639-1 code, "" when unknown.
    """

    id: str
    name: str
    pages: Sequence[Page]
    media_type: str = "text/plain"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered stretch of one page on sentence borders: the unit of retrieval and of citation.

    `text` equals the page's clean text at the span. `number` is the 0-based position in the document, `page` the
    index of the page. `sentences` are spans of the page (a table row counts as a sentence). `headings` is the path of
    headings above it, `header` the header row of its table. Both are indexed with the text and are not part of it.
    """

    document_id: str
    number: int
    page: int
    start_char: int
    end_char: int
    text: str
    sentences: tuple[Span, ...] = ()
    headings: tuple[str, ...] = ()
    header: str = ""
    kind: PassageKind = "text"

    @property
    def id(self) -> str:
        """One stable name for document, page and span: `<sha256>:<page index>:<start>-<end>`."""
        return f"{self.document_id}:{self.page}:{self.start_char}-{self.end_char}"


def locator(page: Page, span: Span) -> str:
    """Say where a span stands in the words that a person would use to find it.

    >>> locator(Page(25, "…", number=26, label="12"), Span(0, 1))
    'p. 12 (PDF 26)'
    >>> rows = (Region("row", 0, 9, number=4), Region("row", 10, 19, number=5))
    >>> locator(Page(0, "…", place="sheet Sales", regions=rows), Span(2, 15))
    'sheet Sales, rows 4-5'
    """
    if page.number is not None:
        differs = page.label not in (None, str(page.number))
        return f"p. {page.label} (PDF {page.number})" if differs else f"p. {page.number}"
    for kind in ("row", "paragraph"):
        numbers = [r.number for r in page.regions if r.kind == kind and _overlap(r, span)]
        if numbers:
            first, last = min(numbers), max(numbers)
            where = f"{kind} {first}" if first == last else f"{kind}s {first}-{last}"
            return f"{page.place}, {where}" if page.place else where
    return page.place


def _overlap(region: Region, span: Span) -> bool:
    return region.start_char < span.end_char and span.start_char < region.end_char
