"""The one place where names and settings become objects. An unknown name raises and lists the known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.rag import Rag
from docqa.agents.reasoner import Reasoner
from docqa.answers import Answerer, Coverage
from docqa.app.config import Settings
from docqa.app.reports import place
from docqa.documents import Box, Document, Passage, Span
from docqa.errors import UsageError
from docqa.llm.reader import LexicalReader
from docqa.retrieval.embedders import Embedder, SentenceTransformersEmbedder
from docqa.retrieval.ingest import OnProgress
from docqa.retrieval.library import Library
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.retriever import HybridRetriever, Retrieval

T = TypeVar("T")

REASONERS: Mapping[str, Callable[[str], Reasoner]] = {"embedded": lambda _: EmbeddedReasoner(LexicalReader())}
ENCODERS: Mapping[str, Callable[[str], Embedder | None]] = {
    "none": lambda _: None,
    "sentence-transformers": SentenceTransformersEmbedder,
}


@dataclass(frozen=True, slots=True)
class LibraryCorpus:
    """The documents of a library as strategies see them; `embedder` encodes passages when a question needs them."""

    library: Library
    embedder: Embedder | None = None

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        """The k passages of exactly these documents that bear most on the query."""
        encoder = self.embedder.fingerprint if self.embedder else ""
        sources = [self.library.indexed(document.id, encoder=encoder) for document in documents]
        return HybridRetriever(sources, self.embedder, self.library.vectors()).search(query, k)

    def passages(self, document: Document) -> Sequence[Passage]:
        """Every passage of a document, in order."""
        return self.library.passages(document.id)

    def embed(self, document: Document, on_progress: OnProgress | None = None) -> None:
        """Encode every passage of a document, where there is an encoder."""
        if self.embedder is not None:
            self.library.embed(document.id, self.embedder, on_progress)

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        """The boxes of each span on the displayed page; empty where they cannot be found."""
        return self.library.boxes(document_id, page_index, spans)

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        """How many pages there are, how many could be read, and which could not."""
        reports = [self.library.health(document.id) for document in documents]
        unreadable = [
            place(page) if len(reports) == 1 else f"{report.name}, {place(page)}"
            for report in reports
            if report.summary.n_unreadable
            for page in report.pages
            if page.health.source == "unreadable"
        ]
        n_pages = sum(report.summary.n_pages for report in reports)
        return Coverage(n_pages, n_pages - len(unreadable), tuple(unreadable))


def build_library(settings: Settings) -> Library:
    """The library in the cache directory, reading as the settings say."""
    options = ReadOptions(
        ocr=settings.ocr, ocr_languages=settings.ocr_languages, page_timeout_s=settings.page_timeout_s
    )
    return Library(settings.cache_dir, options)


def build_corpus(settings: Settings, library: Library) -> LibraryCorpus:
    """The library with the encoder that the settings name."""
    return LibraryCorpus(library, _chosen(ENCODERS, settings.encoder, "encoder"))


def build_answerer(settings: Settings, corpus: LibraryCorpus) -> Answerer:
    """The strategy with the model that the settings name."""
    return Rag(_chosen(REASONERS, settings.model, "model"), corpus)


def _chosen(table: Mapping[str, Callable[[str], T]], setting: str, what: str) -> T:
    """Make what "name" or "name:argument" stands for."""
    name, _, argument = setting.partition(":")
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}; known: {', '.join(sorted(table))}")
    return table[name](argument)
