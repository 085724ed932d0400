"""Documents of a benchmark as strategies see them: texts are indexed in memory, files go through the library."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

from docqa.answers import Coverage
from docqa.app.build import LibraryCorpus
from docqa.documents import Box, Document, Page, Passage, Span
from docqa.eval.examples import FileSource, Source, TextSource
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.likeness import Likeness
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument, Retrieval

_N_KEPT = 64
_MEDIA_TYPE = "text/x-docqa-parts"


class EvalCorpus:
    """A corpus over texts and files at once. The indexes of the last 64 texts are kept; threads may share it."""

    def __init__(self, files: LibraryCorpus) -> None:
        self._files = files
        self._texts: OrderedDict[str, IndexedDocument] = OrderedDict()
        self._opened: dict[str, Document] = {}
        self._lock = threading.Lock()

    def open(self, source: Source) -> Document:
        """The document of a source: a text's parts become its pages, a file is read as `docqa index` reads it."""
        if isinstance(source, FileSource):
            with self._lock:  # two questions about one file should not both read it
                key = str(source.path)
                if key not in self._opened:
                    self._opened[key] = self._files.library.add(source.path)
                return self._opened[key]
        return self._indexed(_document(source)).document

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        """The k passages of exactly these documents that bear most on the query."""
        if not any(self._is_text(document) for document in documents):
            return self._files.search(documents, query, k)
        sources = [self._indexed(d) if self._is_text(d) else self._files.library.indexed(d.id) for d in documents]
        return HybridRetriever(sources, self._files.embedder, self._files.library.vectors()).search(query, k)

    def passages(self, document: Document) -> Sequence[Passage]:
        """Every passage of a document, in order."""
        if self._is_text(document):
            return self._indexed(document).passages
        return self._files.passages(document)

    def n_chars(self, document: Document) -> int:
        """How many characters of text a document has."""
        return sum(len(page.text) for page in document.pages)

    def likeness(self) -> Likeness | None:
        """By the encoder of the library, None where there is none."""
        return self._files.likeness()

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        """No boxes: a text has none, and scores do not look at those of files."""
        return [() for _ in spans]

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        """How many pages there are, how many could be read, and which could not."""
        files = self._files.coverage([document for document in documents if not self._is_text(document)])
        n_parts = sum(len(document.pages) for document in documents if self._is_text(document))
        return Coverage(files.pages + n_parts, files.pages_read + n_parts, files.unreadable)

    def _is_text(self, document: Document) -> bool:
        return document.media_type == _MEDIA_TYPE

    def _indexed(self, document: Document) -> IndexedDocument:
        with self._lock:
            found = self._texts.get(document.id)
            if found is None:
                passages = list(split(document.id, document.pages))
                index = LexicalIndex.build(passages, document.language)
                found = self._texts[document.id] = IndexedDocument(document, passages, index)
                if len(self._texts) > _N_KEPT:
                    self._texts.popitem(last=False)
            self._texts.move_to_end(document.id)
            return found


def _document(source: TextSource) -> Document:
    """Its parts as pages without numbers; the id is the hash of all of them."""
    digest = hashlib.sha256("\f".join((source.name, *source.parts)).encode(errors="surrogatepass")).hexdigest()
    pages = [Page(index, part, place=f"part {index + 1}") for index, part in enumerate(source.parts)]
    return Document(digest, source.name, pages, _MEDIA_TYPE, "en")
