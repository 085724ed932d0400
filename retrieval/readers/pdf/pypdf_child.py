"""The child process that reads single pages with pypdf, for pages that PDFium cannot read: `open` and `page`.

pypdf is slow and loses spaces and order here and there, but it shares no code with PDFium, so seldom both fail.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import cast

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from docqa.retrieval.readers.pdf.cleaning import clean
from docqa.retrieval.readers.pdf.frames import Frame, Json
from docqa.retrieval.readers.pdf.service import Refusal, serve


class _Session:
    """The file that this child has open."""

    def __init__(self) -> None:
        self._reader: PdfReader | None = None

    def open(self, body: Json) -> Frame:
        """Open the file at "path"."""
        password = body.get("password")
        try:
            reader = PdfReader(Path(str(body["path"])), password=None if password is None else str(password))
            self._reader = reader
            return Frame({"n_pages": len(reader.pages), "encrypted": reader.is_encrypted})
        except PyPdfError as error:
            raise Refusal("file", str(error)) from error

    def page(self, body: Json) -> Frame:
        """Read the page "index"."""
        assert self._reader is not None, "the first request is open"
        page = self._reader.pages[cast("int", body["index"])]
        width, height = float(page.cropbox.width), float(page.cropbox.height)
        size = [height, width] if page.rotation % 180 else [width, height]
        return Frame({"text": clean(page.extract_text()).text, "size": size})


def main() -> None:
    """Serve the parent."""
    logging.disable()  # pypdf warns about every oddity of a broken file
    session = _Session()
    serve({"open": session.open, "page": session.page})


if __name__ == "__main__":
    main()
