"""What every reader takes and gives; knows no file format.

A reader opens a file and yields its pages in order, one at a time, so that memory grows with a page and not with the
file, and so that whoever stores the pages may stop after any page and go on from there later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from docqa.documents import Box, Page, Span

OcrMode = Literal["auto", "off", "force"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost before it is refused as unsafe. Sizes are bytes after decompression."""

    max_file_bytes: int = 2 * 1024**3
    max_entries: int = 20_000
    max_total_bytes: int = 1024**3
    max_entry_bytes: int = 512 * 1024**2
    max_ratio: float = 200.0
    max_pages: int = 100_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read. `ocr_languages` are ISO 639-2 codes as tesseract names them ("eng", "deu")."""

    password: str | None = None
    ocr: OcrMode = "auto"
    ocr_languages: tuple[str, ...] = ("eng",)
    page_timeout_s: float = 30.0
    limits: Limits = field(default_factory=Limits)


class Reading(Protocol):
    """An open file: iterate once over its pages, then close. `n_pages` is known before the first page is read."""

    n_pages: int
    encrypted: bool

    def __iter__(self) -> Iterator[Page]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reader(Protocol):
    """Turns one kind of file into pages.

    `version` changes whenever the same bytes would give another text: what is stored under an older one is rebuilt.
    `open` raises a leaf of `UnreadableDocument`. `first_page` is the 0-based index of the first page to yield.
    """

    version: str

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> Reading: ...


class Locator(Protocol):
    """A reader that can say where on the page a span stands, from the file itself."""

    def boxes(self, path: Path, page: Page, spans: Sequence[Span], options: ReadOptions) -> list[tuple[Box, ...]]:
        """One tuple of boxes for each span, one box for each line it touches; empty when it cannot be located."""
        ...


class Painter(Protocol):
    """A reader that can draw a page as it is displayed."""

    def render(self, path: Path, page_index: int, dpi: float, options: ReadOptions) -> bytes:
        """The page as PNG. Raises UnreadableDocument when it cannot be drawn."""
        ...
