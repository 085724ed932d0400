"""Children that read the pages of one file side by side; the pages come out in order."""

from __future__ import annotations

import os
import re
from collections import deque
from pathlib import Path

from docqa.errors import UnreadableDocument
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.child import ChildFailed
from docqa.retrieval.readers.pdf.frames import Frame
from docqa.retrieval.readers.pdf.session import PDFIUM, PageRefused, Session

_N_AHEAD = 24
_MAX_FAILURES = 5
_MAX_LANES = 4
_PAGES_PER_CHILD = 100
_PAGES_WORTH_TWO = 20
_BYTES_PER_PAGE = 32 * 1024
_FEW_PAGES = 16
_SEARCHED_BYTES = 8 * 1024**2
_PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")


class Lane:
    """One child with the pages it was asked for. A page that kills it costs that page: a new child reads the rest."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options
        self._session: Session | None = Session(PDFIUM, path, options)
        self._asked: deque[tuple[int, str]] = deque()
        self._n_failures = 0

    @property
    def session(self) -> Session:
        """The child as it runs now. Raises ChildFailed when there is none any more."""
        if self._session is None:
            raise ChildFailed("failed on the pages before")
        return self._session

    def backlog(self) -> int:
        """Return how many pages this lane has still to read."""
        return len(self._asked) - (self._session.n_arrived() if self._session else 0)

    def ask(self, index: int, ocr: str) -> None:
        """Ask for a page, with a picture of it by the mode `ocr`; `receive` returns the pages in the order asked."""
        self._asked.append((index, ocr))
        if self._session is not None:
            self._session.send({"do": "page", "index": index, "ocr": ocr})

    def receive(self) -> Frame:
        """Return the next page asked for. Raises PageRefused or ChildFailed: that page cannot be read here."""
        try:
            reply = self.session.receive()
        except PageRefused:
            self._asked.popleft()
            raise
        except (ChildFailed, UnreadableDocument) as failure:
            self._asked.popleft()
            self._start_anew()
            raise ChildFailed(str(failure)) from failure
        self._asked.popleft()
        self._n_failures = 0
        return reply

    def close(self) -> None:
        """End the child."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _start_anew(self) -> None:
        """Replace the child, unless it was lost on several pages in a row: the file is no good for PDFium then."""
        if self._session is None:
            return
        self.close()
        self._n_failures += 1
        if self._n_failures < _MAX_FAILURES:
            self._session = Session(PDFIUM, self._path, self._options)
            for index, ocr in self._asked:
                self._session.send({"do": "page", "index": index, "ocr": ocr})


class Lanes:
    """One child for a small file, up to four for a long one where there are processors for them.

    A file that seems to have many pages gets two at once, before PDFium has told their number: a start takes as
    long as thirty pages.
    Together they are at most 24 pages ahead of whoever takes the pages.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options
        n_lanes = min(2, _n_processors()) if _n_likely_pages(path) >= _PAGES_WORTH_TWO else 1
        self._lanes = [Lane(path, options) for _ in range(n_lanes)]
        self._order: deque[Lane] = deque()

    def opened(self) -> tuple[int, bool]:
        """Return the number of pages and whether the file is encrypted.

        Raises UnreadableDocument, PasswordRequired or ChildFailed.
        """
        session = self._lanes[0].session
        session.opened()
        return session.n_pages, session.encrypted

    def suit(self, n_left: int) -> None:
        """Start more children if so many pages are worth it, end the second if they are not."""
        while len(self._lanes) > 1 and n_left < _FEW_PAGES:
            self._lanes.pop().close()
        while len(self._lanes) < min(_MAX_LANES, _n_processors(), 1 + n_left // _PAGES_PER_CHILD):
            self._lanes.append(Lane(self._path, self._options))

    def wants_more(self) -> bool:
        """Whether another page should be asked for now."""
        return len(self._order) < _N_AHEAD

    def ask(self, index: int, ocr: str) -> None:
        """Ask the less busy child for a page."""
        lane = min(self._lanes, key=Lane.backlog)
        lane.ask(index, ocr)
        self._order.append(lane)

    def receive(self) -> Frame:
        """Return the next page in the order asked. Raises PageRefused or ChildFailed."""
        return self._order.popleft().receive()

    def close(self) -> None:
        """End the children."""
        for lane in self._lanes:
            lane.close()


def _n_likely_pages(path: Path) -> int:
    """Count the page objects that stand uncompressed in the first 8 MiB: the number of pages of most files.

    It takes 1 ms per MiB. Where all are compressed, the size of the file must do for a guess.
    """
    with path.open("rb") as file:
        n_objects = sum(1 for _ in _PAGE_OBJECT.finditer(file.read(_SEARCHED_BYTES)))
    return n_objects or path.stat().st_size // _BYTES_PER_PAGE


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
