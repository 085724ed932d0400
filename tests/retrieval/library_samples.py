"""What the tests of the library share: a small reader, documents, and a dump of everything that a store holds."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from docqa.documents import Health, Page
from docqa.errors import PasswordRequired
from docqa.retrieval.readers.base import Limits, Reader, Reading, ReadOptions

TIMES = {"added_at", "used_at", "seen_at"}
WORDS = """
    the the the of of and to in is was with for
    turbine harbour current seabed cable survey output winter spring repair blade bearing grid tariff budget member
    meeting report station channel depth sediment mooring vessel crew weather window permit cost income reserve
"""


def prose(seed: int, n_words: int) -> str:
    """Sentences of 8 to 14 words that differ with the seed."""
    source = random.Random(seed)
    words: list[str] = []
    while len(words) < n_words:
        sentence = source.choices(WORDS.split(), k=source.randint(8, 14))
        sentence[0] = sentence[0].capitalize()
        sentence[-1] += f" {source.randint(1, 999)}."
        words += sentence
    return " ".join(words)


@dataclass(slots=True)
class FormFeedReading:
    """An open file of the small reader."""

    texts: list[str]
    first_page: int
    reader: FormFeedReader
    encrypted: bool
    n_pages: int

    def __iter__(self) -> Iterator[Page]:
        for index, text in enumerate(self.texts[self.first_page :], self.first_page):
            self.reader.before_page(index)
            self.reader.n_pages_read += 1
            yield self.reader.page(index, text)

    def close(self) -> None:
        self.reader.n_closed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _nothing(index: int) -> None:
    pass


def _page(index: int, text: str) -> Page:
    if text == "(picture)":
        health = Health("unreadable", note="no text layer; OCR is not available: install tesseract")
        return Page(index, "", number=index + 1, health=health)
    return Page(index, text, number=index + 1, health=Health("text" if text.strip() else "blank"))


@dataclass(slots=True)
class FormFeedReader:
    """Reads text whose pages end at form feeds. A first line `password: x` makes the file demand x.

    Counts what it does, so that tests can see that nothing is read twice. A page "(picture)" is one that only OCR
    could read.
    """

    version: str = "1"
    before_page: Callable[[int], None] = _nothing
    page: Callable[[int, str], Page] = _page
    has_ocr: bool = False
    n_opened: int = 0
    n_closed: int = 0
    n_pages_read: int = 0
    opened_at: list[int] = field(default_factory=list)

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> Reading:
        text = path.read_text(encoding="utf-8")
        encrypted = text.startswith("password: ")
        if encrypted:
            first_line, _, text = text.partition("\n")
            if options.password != first_line.removeprefix("password: "):
                raise PasswordRequired(path, "is encrypted; give --password")
        self.n_opened += 1
        self.opened_at.append(first_page)
        texts = text.split("\f")
        return FormFeedReading(texts, first_page, self, encrypted, len(texts))


@dataclass(frozen=True, slots=True)
class OneReader:
    """The seam `Readers` with the small reader for every file."""

    reader: FormFeedReader = field(default_factory=FormFeedReader)

    def code(self) -> str:
        return ""

    def reader_for(self, path: Path, limits: Limits) -> tuple[str, Reader]:
        return ("text/csv" if path.suffix == ".csv" else "text/plain"), self.reader

    def reader_version(self, media_type: str) -> str:
        return self.reader.version

    def ocr_engines(self, languages: tuple[str, ...]) -> str:
        return "tesseract 5" if self.reader.has_ocr else ""


def write_pages(path: Path, n_pages: int, first_line: str = "") -> Path:
    """A file for the small reader, of pages of some 60 words."""
    path.write_text(first_line + "\f".join(prose(i, 60) for i in range(n_pages)), encoding="utf-8")
    return path


def write_pdf(path: Path, n_pages: int, n_words: int = 250) -> Path:
    """A PDF of running prose, with a running head and page numbers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for i in range(n_pages):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(72, 800, "Report on the harbour works")
        canvas.drawString(290, 40, str(i + 1))
        lines = simpleSplit(prose(i, n_words), "Helvetica", 10, 450)
        text = canvas.beginText(72, 760)
        text.textLines("\n".join(lines[:48]))
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return path


def contents(directory: Path) -> dict[str, Any]:
    """Every row of the store but its times, and the bytes of every array file.

    The versions of readers are left out: they tell about the program and not about what it read.
    """
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(directory / "library.sqlite")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in set(tables) - {"reader_versions"}:
            cursor = connection.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in cursor.description]
            rows = [tuple(v for name, v in zip(columns, row, strict=True) if name not in TIMES) for row in cursor]
            found[table] = sorted(rows, key=repr)
    for file in sorted((directory / "indexes").rglob("*")):
        if file.is_file():
            found[str(file.relative_to(directory))] = file.read_bytes()
    return found
