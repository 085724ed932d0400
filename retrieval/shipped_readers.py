"""How the library gets at readers: the seam, and the readers that docqa ships behind it, imported only to read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from docqa.retrieval import readers
from docqa.retrieval.readers.base import Limits, Reader


class Readers(Protocol):
    """Finds the reader of a file: its media type and the object that reads it.

    `code` is a fingerprint of all readers' program text, "" where it cannot be taken; while it stays, versions stay.
    `ocr_engines` names the engines that can read these languages on this machine now.
    """

    def code(self) -> str: ...

    def reader_for(self, path: Path, limits: Limits) -> tuple[str, Reader]: ...

    def reader_version(self, media_type: str) -> str: ...

    def ocr_engines(self, languages: tuple[str, ...]) -> str: ...


class ShippedReaders:
    """The readers of `docqa.retrieval.readers`, each imported when the first file asks for it."""

    def code(self) -> str:
        """From names, sizes and times of the files: one millisecond, where importing a reader takes fifty and more."""
        files = sorted(file for folder in readers.__path__ for file in Path(folder).rglob("*.py"))
        states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256(repr(states).encode()).hexdigest() if states else ""

    def reader_for(self, path: Path, limits: Limits) -> tuple[str, Reader]:
        from docqa.retrieval.readers.registry import reader_for

        return reader_for(path, limits)

    def reader_version(self, media_type: str) -> str:
        from docqa.retrieval.readers.registry import reader_version

        return reader_version(media_type)

    def ocr_engines(self, languages: tuple[str, ...]) -> str:
        from docqa.retrieval.readers.ocr.engines import available_engines

        return ", ".join(f"{engine.name} {engine.version}" for engine in available_engines(languages) if engine.usable)
