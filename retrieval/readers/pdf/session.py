"""One PDF open in a child: the words in which a file that cannot be opened is refused, and typed replies."""

from __future__ import annotations

from pathlib import Path

from docqa.errors import PasswordRequired, UnreadableDocument
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.child import Child, ChildFailed
from docqa.retrieval.readers.pdf.frames import Frame, Json

PDFIUM = "docqa.retrieval.readers.pdf.pdfium_child"
PYPDF = "docqa.retrieval.readers.pdf.pypdf_child"


class PageRefused(Exception):
    """The child is well and cannot do what was asked of it on this page; the message says why."""


class Session:
    """A child that has one file open. Every method may raise ChildFailed when the child dies or is too slow."""

    def __init__(self, module: str, path: Path, options: ReadOptions) -> None:
        self.n_pages = 0
        self.encrypted = False
        self._path = path
        self._options = options
        self._limit_s = options.page_timeout_s
        self._is_open = False
        self._child = Child(module)
        self.close = self._child.close
        self.pid = self._child.pid
        self.send({"do": "open", "path": str(path), "password": options.password})

    def opened(self) -> None:
        """Wait until the file is open. Raises UnreadableDocument or PasswordRequired, having ended the child."""
        if self._is_open:
            return
        try:
            body = _checked(self._child.receive(self._limit_s), self._path, self._options).body
        except BaseException:
            self.close()
            raise
        self.n_pages, self.encrypted = as_int(body["n_pages"]), bool(body["encrypted"])
        self._is_open = True

    def n_arrived(self) -> int:
        """Return how many replies are there already."""
        return self._child.n_arrived()

    def send(self, body: Json) -> None:
        """Send a request ahead; its reply comes by `receive`, in order."""
        self._child.send({**body, "limit_s": self._limit_s})

    def receive(self) -> Frame:
        """Return the next reply. Raises PageRefused, and what `opened` raises."""
        self.opened()
        reply = self._child.receive(self._limit_s)
        if "refused" in reply.body:
            raise PageRefused(str(reply.body["message"]))
        return reply

    def ask(self, body: Json) -> Frame:
        """Send a request and return its reply, as `receive` does."""
        self.send(body)
        return self.receive()


def as_int(value: object) -> int:
    """Return a whole number of a reply."""
    if not isinstance(value, int):
        raise ChildFailed(f"answered {value!r} instead of a number")
    return value


def _checked(reply: Frame, path: Path, options: ReadOptions) -> Frame:
    """Return the reply to "open", or raise what the user must know."""
    refused = reply.body.get("refused")
    if refused == "password":
        raise PasswordRequired(path, "wrong --password" if options.password else "is encrypted; give --password")
    if refused is not None:
        raise UnreadableDocument(path, f"cannot be read as a PDF: {reply.body['message']}")
    return reply
