"""Read PDF files page by page and say where on a page a span stands; PDFium itself runs in a child process only."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from docqa.documents import Box, Page, Span
from docqa.errors import UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.child import ChildFailed
from docqa.retrieval.readers.pdf.fallback import Fallback
from docqa.retrieval.readers.pdf.geometry import merged_lines
from docqa.retrieval.readers.pdf.lanes import Lanes
from docqa.retrieval.readers.pdf.ocr_pages import OcrPages, done
from docqa.retrieval.readers.pdf.replies import is_by_pypdf
from docqa.retrieval.readers.pdf.session import PDFIUM, PageRefused, Session

VERSION = "pdf-2"
_N_IN_OCR = 4
_HEADER_WITHIN = 1024


class PdfReading:
    """An open PDF. The children are a few pages ahead of whoever iterates, never more."""

    def __init__(self, path: Path, options: ReadOptions, first_page: int = 0) -> None:
        _check_file(path, options)
        self._path = path.absolute()
        self._options = options
        self._fallback = Fallback(self._path, options)
        self._ocr = OcrPages(options)
        self._lanes = Lanes(self._path, options)
        self._first = first_page
        try:
            self.n_pages, self.encrypted = self._lanes.opened()
        except ChildFailed as failure:
            self._lanes.close()
            self.n_pages, self.encrypted = self._fallback.open_instead(str(failure))
        except BaseException:
            self.close()
            raise
        if self.n_pages > options.limits.max_pages:
            self.close()
            raise UnsafeDocument(path, f"has {self.n_pages} pages; the limit is {options.limits.max_pages}")

    def __iter__(self) -> Iterator[Page]:
        waiting: deque[Future[Page]] = deque()
        for page in self._read():
            waiting.append(page)
            while waiting and (len(waiting) >= _N_IN_OCR or waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def close(self) -> None:
        """End the children."""
        self._lanes.close()
        self._fallback.close()
        self._ocr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> Iterator[Future[Page]]:
        """Yield the pages in order, those that need OCR before they are done."""
        self._lanes.suit(self.n_pages - self._first)
        asked = self._first
        for index in range(self._first, self.n_pages):
            while asked < self.n_pages and self._lanes.wants_more():
                self._lanes.ask(asked, self._ocr.mode)
                asked += 1
            try:
                yield self._ocr.page(index, self._lanes.receive())
            except PageRefused as refusal:
                yield done(self._fallback.page(index, f"failed ({refusal})"))
            except ChildFailed as failure:
                yield done(self._fallback.page(index, str(failure)))


class PdfReader:
    """Reads PDFs. Keeps the child of the last file it located something in, until `close` or its own end."""

    version = VERSION

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._located: tuple[object, Session] | None = None

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PdfReading:
        """Open a PDF. Raises UnreadableDocument, PasswordRequired or UnsafeDocument."""
        return PdfReading(path, options, first_page)

    def boxes(self, path: Path, page: Page, spans: Sequence[Span], options: ReadOptions) -> list[tuple[Box, ...]]:
        """Return boxes that cover the glyphs of each span, one for each line; empty where they cannot be known."""
        if page.words:
            return [_word_boxes(page, span) for span in spans]
        if not page.text or page.health.source == "ocr" or is_by_pypdf(page):
            return [() for _ in spans]
        request = {"do": "locate", "index": page.index, "text": page.text, "spans": [list(s) for s in spans]}
        with self._lock:
            try:
                reply = self._session(path, options).ask(request)
            except PageRefused:
                return [() for _ in spans]
            except ChildFailed:
                self._end_session()
                return [() for _ in spans]
        found = cast("list[list[list[float]]]", reply.body["boxes"])
        return [tuple(Box(*box) for box in boxes) for boxes in found]

    def render(self, path: Path, page_index: int, dpi: float = 144.0, options: ReadOptions | None = None) -> bytes:
        """Return a picture of a page as PNG, in colour, `dpi` pixels to the inch.

        Very large pages are drawn at fewer. Raises UnreadableDocument when the page cannot be drawn.
        """
        with self._lock:
            try:
                session = self._session(path, options or ReadOptions())
                return session.ask({"do": "draw", "index": page_index, "dpi": dpi}).blob
            except PageRefused as refusal:
                raise UnreadableDocument(path, f"page {page_index + 1} cannot be drawn: {refusal}") from refusal
            except ChildFailed as failure:
                self._end_session()
                cause = f"page {page_index + 1} cannot be drawn: PDFium {failure}"
                raise UnreadableDocument(path, cause) from failure

    def close(self) -> None:
        """End the child that locates and draws, if there is one."""
        with self._lock:
            self._end_session()

    def _session(self, path: Path, options: ReadOptions) -> Session:
        """Return a child that has this very file open."""
        try:
            status = path.stat()
        except OSError as error:
            raise UnreadableDocument(path, error.strerror or "cannot be opened") from error
        key = (path.absolute(), status.st_mtime_ns, status.st_size, options.password, options.page_timeout_s)
        if self._located is None or self._located[0] != key:
            self._end_session()
            session = Session(PDFIUM, path.absolute(), options)
            session.opened()
            self._located = (key, session)
        return self._located[1]

    def _end_session(self) -> None:
        if self._located is not None:
            self._located[1].close()
            self._located = None


def _word_boxes(page: Page, span: Span) -> tuple[Box, ...]:
    return merged_lines([w.box for w in page.words if w.start_char < span.end_char and span.start_char < w.end_char])


def _check_file(path: Path, options: ReadOptions) -> None:
    """Refuse what PDFium need not look at, in clearer words than PDFium's."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEADER_WITHIN)
    except OSError as error:
        raise UnreadableDocument(path, (error.strerror or "cannot be opened").lower()) from error
    if not size:
        raise UnreadableDocument(path, "is empty (0 bytes)")
    if size > options.limits.max_file_bytes:
        raise UnsafeDocument(path, f"has {size} bytes; the limit is {options.limits.max_file_bytes}")
    if b"%PDF-" not in head:
        raise UnreadableDocument(path, "is not a PDF: it does not begin with %PDF-")
