"""What a strategy needs from wherever the documents are kept, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from docqa.answers import Coverage
from docqa.documents import Box, Document, Passage, Span
from docqa.retrieval.retriever import Retrieval


class Corpus(Protocol):
    """Access to documents that have been read and indexed."""

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        """The k passages of exactly these documents that bear most on the query."""
        ...

    def passages(self, document: Document) -> Sequence[Passage]:
        """Every passage of a document, in order."""
        ...

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        """The boxes of each span on the displayed page; empty where they cannot be found."""
        ...

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        """How many pages there are, how many could be read, and which could not."""
        ...
