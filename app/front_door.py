"""The embeddable agent: `DocQA().ask("report.pdf", "…")` returns an `Answer` that prints well."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from docqa.answers import Answer
from docqa.app.build import build_answerer, build_corpus, build_library
from docqa.app.config import Settings, load_settings
from docqa.documents import Document
from docqa.errors import UsageError
from docqa.retrieval.ingest import Progress
from docqa.retrieval.retriever import Hit

OnProgress = Callable[[str, Progress], None]
"""Called with the file's name and how far its ingest is."""

Files = str | PathLike[str] | Sequence[str | PathLike[str]]

MAX_QUESTION_CHARS = 10_000


class DocQA:
    """Asks documents. What was read is kept in the cache directory, so the same bytes are never read twice.

    Settings come from keyword arguments, then `DOCQA_*`, `docqa.toml` and the user's config, as for the command line:
    `DocQA(ocr="off")`. A ready `Settings` object is taken as it is.
    """

    def __init__(self, settings: Settings | None = None, **overrides: Any) -> None:
        if settings is not None and overrides:
            raise UsageError("give either a Settings object or single settings, not both")
        self.settings = settings or load_settings(overrides).settings
        self.library = build_library(self.settings)
        self._corpus = build_corpus(self.settings, self.library)
        self._answer = build_answerer(self.settings, self._corpus)

    def add(
        self, path: str | PathLike[str], *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Document:
        """Read and index a file, or find it again at once. Raises a leaf of `UnreadableDocument`."""
        path = Path(path)
        return self.library.add(path, password=password, on_progress=_named(path.name, on_progress))

    def embed(self, document: Document, on_progress: OnProgress | None = None) -> None:
        """Encode every passage of a document ahead of any question, with the encoder of the settings, if any."""
        self._corpus.embed(document, _named(document.name, on_progress))

    def ask(
        self, files: Files, question: str, *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Answer:
        """Read the files where needed and answer the question from them, with every citation checked."""
        started = time.perf_counter()
        documents = self._add_all(files, password, on_progress)
        read_s = time.perf_counter() - started
        answer = self.ask_documents(documents, question)
        return replace(answer, seconds={"read": read_s, **answer.seconds})

    def ask_documents(self, documents: Sequence[Document], question: str) -> Answer:
        """Answer from documents that `add` returned."""
        return self._answer(checked_question(question), documents)

    def search(self, files: Files, query: str, *, k: int = 10, password: str | None = None) -> tuple[Hit, ...]:
        """The passages of the files that bear most on the query, best first."""
        return self.search_documents(self._add_all(files, password, None), query, k)

    def search_documents(self, documents: Sequence[Document], query: str, k: int = 10) -> tuple[Hit, ...]:
        """As `search`, over documents that `add` returned."""
        return self._corpus.search(documents, checked_question(query), k).hits

    def close(self) -> None:
        """Close the cache; it opens again when it is used again."""
        self.library.close()

    def _add_all(self, files: Files, password: str | None, on_progress: OnProgress | None) -> list[Document]:
        paths = [files] if isinstance(files, str | PathLike) else list(files)
        if not paths:
            raise UsageError("no file was given; name at least one document")
        return [self.add(path, password=password, on_progress=on_progress) for path in paths]


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    return None if on_progress is None else (lambda progress: on_progress(name, progress))


def checked_question(question: str) -> str:
    """The question without white space around it; raises UsageError when it is empty or far too long."""
    question = question.strip()
    if not question:
        raise UsageError("the question is empty; write what you want to know")
    if len(question) > MAX_QUESTION_CHARS:
        raise UsageError(f"the question has {len(question)} characters; the limit is {MAX_QUESTION_CHARS}")
    return question
