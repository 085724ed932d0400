"""A PDF that PDFium has open, inside the child process: labels, outline, and a fresh start every few hundred pages."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import pypdfium2_raw as raw

from docqa.retrieval.readers.pdf.headings import Outline
from docqa.retrieval.readers.pdf.pdfium import Handle

_PAGES_PER_OPENING = 250
_MAX_OUTLINE_ENTRIES = 20_000
_MAX_OUTLINE_DEPTH = 16


class CannotOpen(Exception):
    """PDFium refuses the file; `reason` is "password" or PDFium's complaint in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_COMPLAINTS = {
    raw.FPDF_ERR_FILE: "it cannot be opened",
    raw.FPDF_ERR_FORMAT: "it is not a PDF or is damaged beyond repair",
    raw.FPDF_ERR_PASSWORD: "password",
    raw.FPDF_ERR_SECURITY: "its kind of encryption is not supported",
    raw.FPDF_ERR_PAGE: "it has no pages",
}


class PdfDocument:
    """An open file.

    PDFium keeps every object it has met, so the file is opened anew every 250 pages: memory stays flat.
    """

    def __init__(self, path: Path, password: str | None) -> None:
        self._path = path
        self._password = password
        self._n_since_opening = 0
        self._outline: dict[int, list[tuple[int, str]]] | None = None
        self._handle = self._opened()
        self.n_pages = int(raw.FPDF_GetPageCount(self._handle))
        self.encrypted = raw.FPDF_GetSecurityHandlerRevision(self._handle) != -1
        if self.n_pages < 1:
            self.close()
            raise CannotOpen("it has no pages")

    def handle(self) -> Handle:
        """Return PDFium's handle of the document, good until the next call."""
        self._n_since_opening += 1
        if self._n_since_opening > _PAGES_PER_OPENING:
            self.close()
            self._handle = self._opened()
            self._n_since_opening = 1
        address = ctypes.cast(self._handle, ctypes.c_void_p).value
        assert address is not None
        return address

    def label(self, index: int) -> str | None:
        """Return the page label that the file declares, None when it declares none."""
        return _utf16(lambda buffer, size: raw.FPDF_GetPageLabel(self._handle, index, buffer, size)) or None

    def outline(self, index: int) -> Outline:
        """Return the outline entries that point to a page."""
        if self._outline is None:
            self._outline = self._read_outline()
        return self._outline.get(index, ())

    def close(self) -> None:
        """Give the document back to PDFium."""
        raw.FPDF_CloseDocument(self._handle)

    def _opened(self) -> raw.FPDF_DOCUMENT:
        password = None if self._password is None else self._password.encode()
        handle = raw.FPDF_LoadDocument(str(self._path).encode("utf-8", "surrogateescape"), password)
        if not handle:
            raise CannotOpen(_COMPLAINTS.get(raw.FPDF_GetLastError(), "PDFium cannot open it"))
        return handle

    def _read_outline(self) -> dict[int, list[tuple[int, str]]]:
        """Walk the outline; it may be cyclic or endless in a broken file, so entries and depth are limited."""
        entries: dict[int, list[tuple[int, str]]] = {}
        seen: set[int] = set()
        waiting = [(raw.FPDFBookmark_GetFirstChild(self._handle, None), 1)]
        while waiting and len(seen) < _MAX_OUTLINE_ENTRIES:
            entry, level = waiting.pop()
            address = ctypes.cast(entry, ctypes.c_void_p).value
            if address is None or address in seen or level > _MAX_OUTLINE_DEPTH:
                continue
            seen.add(address)
            page = self._page_of(entry)
            if page >= 0:
                entries.setdefault(page, []).append((level, _title(entry)))
            waiting.append((raw.FPDFBookmark_GetNextSibling(self._handle, entry), level))
            waiting.append((raw.FPDFBookmark_GetFirstChild(self._handle, entry), level + 1))
        return entries

    def _page_of(self, entry: raw.FPDF_BOOKMARK) -> int:
        target = raw.FPDFBookmark_GetDest(self._handle, entry)
        return int(raw.FPDFDest_GetDestPageIndex(self._handle, target)) if target else -1


def _title(entry: raw.FPDF_BOOKMARK) -> str:
    return _utf16(lambda buffer, size: raw.FPDFBookmark_GetTitle(entry, buffer, size))


def _utf16(fill: Callable[[ctypes.Array[ctypes.c_char] | None, int], int]) -> str:
    """Call a PDFium function that fills a buffer with UTF-16 and answers with its size in bytes."""
    size = fill(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    fill(buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").strip("\x00 ")
