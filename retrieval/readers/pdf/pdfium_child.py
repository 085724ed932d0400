"""The child process that reads PDFs with PDFium: `open`, `page`, `locate` and `draw`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from docqa.documents import Span
from docqa.retrieval.readers.pdf.document import CannotOpen, PdfDocument
from docqa.retrieval.readers.pdf.frames import Frame, Json
from docqa.retrieval.readers.pdf.page_text import PageFailed, PageText, locate, read_page
from docqa.retrieval.readers.pdf.picture import draw
from docqa.retrieval.readers.pdf.service import Refusal, serve

OCR_DPI = 200.0


class _Session:
    """The file that this child has open."""

    def __init__(self) -> None:
        self._document: PdfDocument | None = None

    def open(self, body: Json) -> Frame:
        """Open the file at "path"."""
        password = body.get("password")
        try:
            self._document = PdfDocument(Path(str(body["path"])), None if password is None else str(password))
        except CannotOpen as error:
            raise Refusal("password" if error.reason == "password" else "file", error.reason) from error
        return Frame({"n_pages": self._document.n_pages, "encrypted": self._document.encrypted})

    def page(self, body: Json) -> Frame:
        """Read the page "index"; with a picture of it for OCR when "ocr" is "force", or "auto" and it needs one."""
        document, index = self._open(), _index(body)
        try:
            handle = document.handle()
            found = read_page(handle, index, document.outline(index))
            reply = _described(found, document.label(index))
            if body["ocr"] == "force" or (body["ocr"] == "auto" and found.needs_ocr):
                picture = draw(handle, index, OCR_DPI, grey=True)
                return Frame({**reply, "picture": [picture.width, picture.height]}, picture.png)
        except PageFailed as error:
            raise Refusal("page", str(error)) from error
        return Frame(reply)

    def locate(self, body: Json) -> Frame:
        """Return the boxes of "spans" of the page "index" if its text still is "text"."""
        spans = [Span(*pair) for pair in cast("list[list[int]]", body["spans"])]
        try:
            boxes = locate(self._open().handle(), _index(body), str(body["text"]), spans)
        except PageFailed as error:
            raise Refusal("page", str(error)) from error
        return Frame({"boxes": boxes})

    def draw(self, body: Json) -> Frame:
        """Draw the page "index" in colour at "dpi"."""
        try:
            picture = draw(self._open().handle(), _index(body), cast("float", body["dpi"]))
        except PageFailed as error:
            raise Refusal("page", str(error)) from error
        return Frame({"picture": [picture.width, picture.height]}, picture.png)

    def _open(self) -> PdfDocument:
        assert self._document is not None, "the first request is open"
        return self._document


def _index(body: Json) -> int:
    return cast("int", body["index"])


def _described(found: PageText, label: str | None) -> Json:
    regions = [[r.kind, r.start_char, r.end_char, r.level, r.number, r.title, r.header] for r in found.regions]
    return {
        "text": found.mapped.text,
        "label": label,
        "size": [found.display.width, found.display.height],
        "regions": regions,
        "n_hidden": found.n_hidden_chars,
        "over_scan": found.over_scan,
        "garbled": found.garbled,
        "pictures": found.pictures,
        "needs_ocr": found.needs_ocr,
    }


def main() -> None:
    """Serve the parent."""
    session = _Session()
    serve({"open": session.open, "page": session.page, "locate": session.locate, "draw": session.draw})


if __name__ == "__main__":
    main()
