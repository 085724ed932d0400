"""The library: the one object through which the rest of docqa gets at documents.

It reads a file once, whatever its name, keeps what it found in a cache directory, and gives pages, passages, index and
boxes from there. Everything in the directory can be made again from the files; it holds their text, so it is private to
the user.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from docqa.documents import Box, Document, Passage, Span
from docqa.errors import NoTextFound, PasswordRequired, StoreError
from docqa.retrieval.catalogue import HealthReport, LibraryEntry, entry, find_record
from docqa.retrieval.collection import Collected, Rules, collect, forget
from docqa.retrieval.database import DamagedDatabase, Notify
from docqa.retrieval.index_folders import IndexFolders
from docqa.retrieval.ingest import Ingest, OnProgress, display_name, silent
from docqa.retrieval.ingest import Progress as Progress
from docqa.retrieval.intake import Intake
from docqa.retrieval.ocr_boxes import word_boxes
from docqa.retrieval.readers.base import Locator, Painter, ReadOptions
from docqa.retrieval.records import DocumentRecord
from docqa.retrieval.shipped_readers import Readers, ShippedReaders
from docqa.retrieval.store import Store

if TYPE_CHECKING:
    from docqa.retrieval.dense import VectorCache
    from docqa.retrieval.embedders import Embedder
    from docqa.retrieval.loaded_indexes import LoadedIndexes
    from docqa.retrieval.retriever import IndexedDocument

DATABASE = "library.sqlite"


class Library:
    """Documents by content, in `directory`, read under `options`.

    `readers` finds the reader of a file; `notify` gets remarks for a person (a damaged cache was moved aside). Threads
    may share a library, processes a directory. Raises StoreError when the directory cannot be used.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        options: ReadOptions | None = None,
        *,
        readers: Readers | None = None,
        notify: Notify | None = None,
        lock_timeout_s: float = 300.0,
    ) -> None:
        self.directory = Path(os.path.abspath(directory))
        _make_private(self.directory, *(self.directory / name for name in ("locks", "indexes", "dense")))
        self._store = Store(self.directory / DATABASE, notify or _warn)
        folders, dense = IndexFolders(self.directory / "indexes"), IndexFolders(self.directory / "dense")
        self._ingest = Ingest(self._store, folders, dense, readers or ShippedReaders())
        self._intake = Intake(self._ingest, options or ReadOptions(), self.directory / "locks", lock_timeout_s)
        self._loaded: LoadedIndexes | None = None

    def add(
        self, path: str | os.PathLike[str], *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Document:
        """Read, split and index a file as far as that is still to be done, and give the document.

        Raises a leaf of UnreadableDocument: NoTextFound when no page holds text, PasswordRequired also for a document
        that was read before. May be interrupted at any moment; the next call goes on.
        """
        try:
            record, _ = self._intake.up_to_date(Path(path), password, on_progress or silent)
        except DamagedDatabase:
            record, _ = self._intake.up_to_date(Path(path), password, on_progress or silent)
        if record.health.n_chars == 0:
            raise NoTextFound(path, record.health.why_no_text)
        return self._document(record, display_name(Path(path)))

    def find(self, name: str, *, password: str | None = None) -> Document:
        """The document known by a path, a file name, or at least the first 4 digits of its id.

        Brought up to date first if its file is still where it was. Raises UsageError when none or several are meant.
        """
        record = find_record(self._store, name)
        file = self._intake.file_of(record.id)
        if file is not None:
            record, _ = self._intake.up_to_date(file.path, password, silent)
        elif record.encrypted and record.id not in self._intake.passwords:
            raise PasswordRequired(record.name, "is encrypted, and its file is gone, so no password can be checked")
        return self._document(record, record.name)

    def documents(self) -> tuple[LibraryEntry, ...]:
        """All documents, the last used first."""
        return tuple(entry(self._store, record) for record in self._store.records())

    def document(self, document_id: str) -> Document:
        """A document by its whole id. Raises as `passages` does."""
        record = self._intake.readable(document_id)
        return self._document(record, record.name)

    def passages(self, document_id: str) -> Sequence[Passage]:
        """All passages by number, read one by one.

        Raises StoreError for an unknown id, PasswordRequired for an encrypted document whose password this object has
        not been given.
        """
        return self._ingest.passages(self._intake.indexed(document_id))

    def indexed(self, document_id: str, encoder: str = "") -> IndexedDocument:
        """The document with passages and index, made anew if splitter or index changed. Raises as `passages`.

        With an encoder's fingerprint, its vectors of all passages are there too if `embed` has made them.
        """
        from docqa.retrieval.retriever import IndexedDocument

        record = self._intake.indexed(document_id)
        if record.health.n_chars == 0:
            raise NoTextFound(record.name, record.health.why_no_text)
        folder = self._ingest.folders.find(record.id, record.index_stamp)
        if folder is None:
            raise StoreError(f"{record.name}: another process removed its index just now; try again")
        document = self._document(record, record.name)
        dense = None
        if encoder:
            from docqa.retrieval.vectors import find_dense

            dense = find_dense(self._ingest.dense_folders, record, encoder)
        return IndexedDocument(document, self._ingest.passages(record), self._loaded_indexes().of(folder), dense)

    def _loaded_indexes(self) -> LoadedIndexes:
        if self._loaded is None:
            from docqa.retrieval.loaded_indexes import LoadedIndexes

            self._loaded = LoadedIndexes()
        return self._loaded

    def vectors(self) -> VectorCache:
        """The cache of single vectors, on the disk."""
        from docqa.retrieval.vectors import StoredVectors

        return StoredVectors(self._store.database)

    def embed(self, document_id: str, embedder: Embedder, on_progress: OnProgress | None = None) -> None:
        """Encode all passages of a document, unless this encoder has; may be interrupted. Raises as `passages`."""
        from docqa.retrieval.vectors import Encoding, StoredVectors, embed, find_dense

        on_progress = on_progress or silent
        self._intake.indexed(document_id)
        with self._intake.working_on(document_id, document_id[:12], on_progress):
            record = self._intake.readable(document_id)
            if find_dense(self._ingest.dense_folders, record, embedder.fingerprint) is None:
                encoding = Encoding(embedder, StoredVectors(self._store.database), on_progress)
                embed(self._ingest.dense_folders, record, self._ingest.passages(record), encoding)

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        """Where spans of a page stand on it: a box for each line touched, none where that cannot be told.

        A page that OCR read knows its words' boxes; other boxes come from the file, as long as it is unchanged.
        """
        record = self._intake.readable(document_id)
        page = self._ingest.pages(record)[page_index]
        if page.words:
            return [word_boxes(page.words, span) for span in spans]
        file = self._intake.file_of(document_id)
        if file is None or not spans:
            return [() for _ in spans]
        options = self._intake.options_for(document_id)
        media_type, reader = self._ingest.readers.reader_for(file.path, options.limits)
        if media_type != record.media_type or not hasattr(reader, "boxes"):
            return [() for _ in spans]
        return cast(Locator, reader).boxes(file.path, page, spans, options)

    def picture(self, document_id: str, page_index: int, dpi: float) -> bytes | None:
        """A picture of a page as it is displayed, as PNG; None where its format has none or its file is gone.

        Raises UnreadableDocument when the page cannot be drawn, and StoreError as `passages` does.
        """
        record = self._intake.readable(document_id)
        file = self._intake.file_of(document_id)
        if file is None:
            return None
        options = self._intake.options_for(document_id)
        media_type, reader = self._ingest.readers.reader_for(file.path, options.limits)
        if media_type != record.media_type or not hasattr(reader, "render"):
            return None
        return cast(Painter, reader).render(file.path, page_index, dpi, options)

    def file(self, document_id: str) -> Path | None:
        """Where the document's file lies, None when no known path still holds its bytes."""
        file = self._intake.file_of(document_id)
        return None if file is None else file.path

    def health(self, document_id: str) -> HealthReport:
        """The page health report: it holds no text and needs no password. Raises StoreError for an unknown id."""
        record = self._intake.known(document_id)
        return HealthReport(record.id, record.name, record.health, self._store.page_healths(record.id))

    def remove(self, document_id: str) -> None:
        """Forget a document and all that was made of it, not its file.

        Raises StoreError for an unknown id, and while another process is reading it.
        """
        record = self._intake.known(document_id)
        if not forget(self._intake, document_id):
            raise StoreError(f"{record.name}: another docqa process is reading it; try again when it has finished")
        self._store.database.shrink()

    def gc(
        self, *, missing: bool = True, older_than_days: float | None = None, max_bytes: int | None = None
    ) -> Collected:
        """Forget documents that are not needed any more, and clear away what killed processes left behind.

        These are documents whose file is gone or changed (`missing`), that were last used longer ago than
        `older_than_days` and, the longest unused first, as many as make the directory exceed `max_bytes`.
        """
        return collect(self._intake, Rules(missing, older_than_days, max_bytes))

    def close(self) -> None:
        """Close the database; it opens again when the library is used again."""
        self._store.database.close()
        self._loaded = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _document(self, record: DocumentRecord, name: str) -> Document:
        return Document(record.id, name, self._ingest.pages(record), record.media_type, record.language)


def _make_private(*directories: Path) -> None:
    """Make what is missing, open to its owner alone. A directory that was there keeps the mode that somebody chose."""
    for directory in directories:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{directory}: {error.strerror or error}; choose another cache directory") from error


def _warn(message: str) -> None:
    import logging

    logging.getLogger("docqa").warning(message)
