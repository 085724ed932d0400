"""Read single pages with pypdf, in a child of its own, when PDFium has failed on them."""

from __future__ import annotations

from pathlib import Path

from docqa.documents import Page
from docqa.errors import UnreadableDocument
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.child import ChildDied, ChildFailed
from docqa.retrieval.readers.pdf.frames import Frame
from docqa.retrieval.readers.pdf.replies import page_by_pypdf, unreadable_page
from docqa.retrieval.readers.pdf.session import PYPDF, PageRefused, Session

_MAX_FAILURES = 3


class Fallback:
    """The second reader of one file; its child is started when it is first needed."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options
        self._session: Session | None = None
        self._n_failures = 0

    def open_instead(self, failure: str) -> tuple[int, bool]:
        """Return number of pages and whether it is encrypted, of a file that PDFium cannot even open."""
        try:
            session = self._running()
            session.opened()
        except (ChildFailed, UnreadableDocument) as error:
            raise UnreadableDocument(self._path, f"cannot be read as a PDF: PDFium {failure}") from error
        return session.n_pages, session.encrypted

    def page(self, index: int, failure: str) -> Page:
        """Read a page; one that pypdf cannot read either is unreadable. `failure` says what PDFium did."""
        try:
            reply = self._ask(index)
            self._n_failures = 0
            return page_by_pypdf(index, reply.body, failure)
        except PageRefused as refusal:
            return unreadable_page(index, f"PDFium {failure}; pypdf failed ({refusal})")
        except (ChildFailed, UnreadableDocument) as error:
            self._n_failures += 1
            self.close()
            return unreadable_page(index, f"PDFium {failure}; pypdf {error}")

    def _ask(self, index: int) -> Frame:
        """Ask for a page; once more if the child has died in the meantime, which is no fault of this page."""
        is_used = self._session is not None
        try:
            return self._running().ask({"do": "page", "index": index})
        except ChildDied:
            self.close()
            if not is_used:
                raise
            return self._running().ask({"do": "page", "index": index})

    def close(self) -> None:
        """End the child."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _running(self) -> Session:
        if self._session is None:
            if self._n_failures >= _MAX_FAILURES:
                raise ChildFailed("failed on the pages before")
            self._session = Session(PYPDF, self._path, self._options)
        return self._session
