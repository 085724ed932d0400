"""A corpus in memory over given pages, with the real splitter, index and retriever."""

from __future__ import annotations

from collections.abc import Sequence

from docqa.answers import Coverage
from docqa.documents import Box, Document, Page, Passage, Span
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument, Retrieval


class PagesCorpus:
    """Documents that were never files."""

    def __init__(self, *documents: Document) -> None:
        self._sources = {document.id: _indexed(document) for document in documents}

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        return HybridRetriever([self._sources[document.id] for document in documents]).search(query, k)

    def passages(self, document: Document) -> Sequence[Passage]:
        return self._sources[document.id].passages

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        return [(Box(0.0, 0.0, 1.0, 1.0),) for _ in spans]

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        pages = [page for document in documents for page in document.pages]
        unreadable = tuple(f"p. {page.number}" for page in pages if page.health.source == "unreadable")
        return Coverage(len(pages), len(pages) - len(unreadable), unreadable)


def document_of(*pages: Page, name: str = "report.pdf") -> Document:
    """A document with these pages; its id is made of its name."""
    return Document(name.encode().hex().ljust(64, "0"), name, pages, language="en")


def _indexed(document: Document) -> IndexedDocument:
    passages = list(split(document.id, document.pages))
    return IndexedDocument(document, passages, LexicalIndex.build(passages, document.language))
