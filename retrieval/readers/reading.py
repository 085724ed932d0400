"""An open file whose pages are made one after another by a function; knows no file format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from docqa.documents import Page
from docqa.errors import NoTextFound, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers.base import ReadOptions

# Pages of a short document are kept from counting; a long one is read a second time, so that memory stays bounded.
MAX_KEPT_CHARS = 8_000_000


class PagedReading:
    """Counts the pages by making them once, then yields them from `first_page` on.

    `make_pages` is called again for a document of more than `MAX_KEPT_CHARS` characters. It may leave `Page.index` 0.
    Raises `UnsafeDocument` for more pages or text than the limits allow, `NoTextFound` when there is no page at all.
    """

    encrypted = False

    def __init__(
        self, path: Path, options: ReadOptions, first_page: int, make_pages: Callable[[], Iterator[Page]]
    ) -> None:
        self._path = path
        self._limits = options.limits
        self._first_page = first_page
        self._make_pages = make_pages
        self._kept: list[Page] | None = []
        self.n_pages = self._count()
        if not self.n_pages:
            raise NoTextFound(path, "has no text in it")

    def __iter__(self) -> Iterator[Page]:
        source = self._guarded() if self._kept is None else iter(self._kept)
        for index, page in enumerate(islice(source, self._first_page, self.n_pages), self._first_page):
            yield replace(page, index=index)

    def close(self) -> None:
        self._kept = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _count(self) -> int:
        n_pages = n_chars = 0
        for page in self._guarded():
            n_pages += 1
            n_chars += len(page.text)
            if n_pages > self._limits.max_pages:
                raise UnsafeDocument(self._path, f"has more than {self._limits.max_pages:,} pages or sections")
            if n_chars > self._limits.max_total_bytes:
                raise UnsafeDocument(self._path, f"holds more than {self._limits.max_total_bytes:,} characters")
            if n_chars > MAX_KEPT_CHARS:
                self._kept = None
            elif self._kept is not None:
                self._kept.append(page)
        return n_pages

    def _guarded(self) -> Iterator[Page]:
        try:
            yield from self._make_pages()
        except OSError as error:
            raise UnreadableDocument(self._path, f"cannot be read: {error.strerror or error}") from error
        except RecursionError as error:
            raise UnsafeDocument(self._path, "is nested more deeply than any real document") from error
