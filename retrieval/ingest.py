"""From a file to its pages, passages and index in the store, in stages, each redone only when it must be.

    reading    the reader's pages, committed every 32 pages or second: a killed run goes on after the last of them
    passages   language, furniture and passages, from the stored pages
    index      the lexical index, from the stored passages

Each stage leaves its stamp when it is whole. Callers hold the document's lock. Knows no file format.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from docqa.documents import Page, Passage
from docqa.errors import UnreadableDocument
from docqa.retrieval.health import HealthSummary, summary
from docqa.retrieval.index_folders import IndexFolders
from docqa.retrieval.readers.base import Reading, ReadOptions
from docqa.retrieval.records import DocumentRecord, FileVersion, ReadStamp
from docqa.retrieval.shipped_readers import Readers
from docqa.retrieval.store import Store
from docqa.retrieval.stored import StoredSequence

PAGES_PER_COMMIT = 32
SECONDS_PER_COMMIT = 1.0
PASSAGES_PER_COMMIT = 512

Stage = Literal["reading", "ocr", "passages", "index", "vectors"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the ingest of a document is: `done` of `total` pages (of passages in the stages `index` and `vectors`).

    The stage is `ocr` while the pages that come in were read by OCR. `note` is a remark for a person.
    """

    stage: Stage
    done: int
    total: int
    note: str = ""


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read: the version of it that was hashed, under which options, who is told of progress."""

    seen: FileVersion
    options: ReadOptions
    on_progress: OnProgress


@dataclass(frozen=True, slots=True)
class Ingest:
    """The three stages over one store."""

    store: Store
    folders: IndexFolders
    dense_folders: IndexFolders
    readers: Readers

    def is_current(self, record: DocumentRecord, source: Source) -> bool:
        """Whether nothing is to be done for a file whose document has this record."""
        media_type = self._media_type_now(record, source)
        return self.pages_are_current(record, source.options, media_type) and self.index_is_current(record)

    def pages_are_current(self, record: DocumentRecord, options: ReadOptions, media_type: str) -> bool:
        """Whether the stored pages are what reading the file as `media_type` now would give."""
        if not record.read_complete:
            return False
        wanted = ReadStamp.of(media_type, self._reader_version(media_type), options)
        if not record.read_stamp.gives_the_same(wanted, record.health):
            return False
        return record.read_stamp.ocr_engines == self._engines_wanted(record.health, options)

    def index_is_current(self, record: DocumentRecord) -> bool:
        """Whether passages and index are those that today's splitter and index would make of the stored pages."""
        if record.read_complete and record.health.n_chars == 0:
            return True
        return (
            record.read_complete
            and record.passages_stamp == passages_stamp(record)
            and record.index_stamp == index_stamp(record)
            and self.folders.find(record.id, record.index_stamp) is not None
        )

    def read(self, source: Source) -> DocumentRecord:
        """Bring the stored pages up to date, from the first page or from where an interrupted run stopped."""
        seen, options = source.seen, source.options
        media_type, reader = self.readers.reader_for(seen.path, options.limits)
        record = self.store.record(seen.document_id)
        if record is not None and self.pages_are_current(record, options, media_type):
            return record
        stamp = ReadStamp.of(media_type, reader.version, options)
        resumes = record is not None and not record.read_complete and record.read_stamp == stamp
        first_page = self.store.n_stored_pages(seen.document_id) if resumes else 0
        with reader.open(seen.path, options, first_page) as reading:
            if record is None or not resumes:
                record = new_record(seen, stamp, reading, options.password is not None)
                self.store.begin(record)
                self.store.note_use(seen, record.name, record.used_at)
            self._copy_pages(reading, record, first_page, source.on_progress)
        if not seen.is_unchanged:
            self.store.remove(seen.document_id)
            raise UnreadableDocument(seen.path, "changed while it was being read; run the command again")
        return self._finish(record, options)

    def index(self, record: DocumentRecord, on_progress: OnProgress) -> DocumentRecord:
        """Bring passages and index up to date from what is stored; the file is not needed."""
        if record.health.n_chars == 0:
            return record
        if record.passages_stamp != passages_stamp(record):
            record = self._split(record, on_progress)
        stamp = index_stamp(record)
        if record.index_stamp != stamp or self.folders.find(record.id, stamp) is None:
            record = self._build(record, stamp, on_progress)
        return record

    def pages(self, record: DocumentRecord) -> Sequence[Page]:
        """All stored pages of a document, read one by one."""
        return StoredSequence(record.n_pages, lambda start, stop: self.store.pages(record.id, start, stop))

    def passages(self, record: DocumentRecord) -> Sequence[Passage]:
        """All stored passages of a document, read one by one."""
        return StoredSequence(record.n_passages, lambda start, stop: self.store.passages(record.id, start, stop))

    def _reader_version(self, media_type: str) -> str:
        code = self.readers.code()
        version = self.store.reader_version(code, media_type) if code else None
        if version is None:
            version = self.readers.reader_version(media_type)
            if code:
                self.store.put_reader_version(code, media_type, version)
        return version

    def _media_type_now(self, record: DocumentRecord, source: Source) -> str:
        """A text file is CSV, Markdown or plain by its name alone, so a new suffix may be another kind of file."""
        path = source.seen.path
        known = {seen.path.suffix.lower() for seen in self.store.paths(record.id)}
        if not record.media_type.startswith("text/") or path.suffix.lower() in known:
            return record.media_type
        return self.readers.reader_for(path, source.options.limits)[0]

    def _copy_pages(self, reading: Reading, record: DocumentRecord, first_page: int, on_progress: OnProgress) -> None:
        batch = _PageBatch(self.store, record.id)
        done = first_page
        try:
            for page in reading:
                assert page.index == done, f"page {page.index} came where {done} was due"
                batch.add(page)
                done += 1
                stage: Stage = "ocr" if page.health.source == "ocr" else "reading"
                on_progress(Progress(stage, done, max(done, reading.n_pages), page.health.note))
        finally:
            batch.commit()

    def _finish(self, record: DocumentRecord, options: ReadOptions) -> DocumentRecord:
        health = summary(self.store.page_healths(record.id))
        stamp = replace(record.read_stamp, ocr_engines=self._engines_wanted(health, options))
        record = replace(record, n_pages=health.n_pages, read_stamp=stamp, read_complete=True, health=health)
        self.store.update(record)
        self._reader_version(record.media_type)
        return record

    def _engines_wanted(self, health: HealthSummary, options: ReadOptions) -> str:
        """What OCR could use now, asked only for pages that nothing could read: an engine installed since may."""
        if health.n_unreadable == 0 or options.ocr == "off":
            return ""
        return self.readers.ocr_engines(options.ocr_languages)

    def _split(self, record: DocumentRecord, on_progress: OnProgress) -> DocumentRecord:
        from docqa.retrieval.furniture import find_furniture
        from docqa.retrieval.languages import detect_language
        from docqa.retrieval.passages import split

        pages = self.pages(record)
        on_progress(Progress("passages", 0, len(pages)))
        language = detect_language(page.text for page in pages)
        passages = iter(split(record.id, pages, find_furniture(pages)))
        record = replace(record, language=language, passages_stamp=passages_stamp(record))
        return self.store.replace_passages(record, _batches(passages, len(pages), on_progress))

    def _build(self, record: DocumentRecord, stamp: str, on_progress: OnProgress) -> DocumentRecord:
        from docqa.retrieval.lexical import LexicalIndex

        on_progress(Progress("index", 0, record.n_passages))
        index = LexicalIndex.build(self.passages(record), record.language)
        self.folders.write(record.id, stamp, index.save)
        record = replace(record, index_stamp=stamp)
        self.store.update(record)
        on_progress(Progress("index", record.n_passages, record.n_passages))
        return record


@dataclass(slots=True)
class _PageBatch:
    """Pages that wait to be committed together; the newest waits no longer than a second while pages come in."""

    store: Store
    document_id: str
    pages: list[Page] = field(default_factory=list)
    committed_at: float = field(default_factory=time.monotonic)

    def add(self, page: Page) -> None:
        self.pages.append(page)
        if len(self.pages) >= PAGES_PER_COMMIT or time.monotonic() - self.committed_at >= SECONDS_PER_COMMIT:
            self.commit()

    def commit(self) -> None:
        pages, self.pages = self.pages, []
        if pages:
            self.store.append_pages(self.document_id, pages)
        self.committed_at = time.monotonic()


def new_record(seen: FileVersion, stamp: ReadStamp, reading: Reading, has_password: bool) -> DocumentRecord:
    """The row of a document that has been opened and not yet read.

    An encrypted file that opens without a password, like the many that only forbid printing, hides nothing.
    """
    now = time.time()
    return DocumentRecord(
        id=seen.document_id,
        name=display_name(seen.path),
        media_type=stamp.media_type,
        language="",
        n_bytes=seen.n_bytes,
        n_pages=reading.n_pages,
        encrypted=reading.encrypted and has_password,
        read_stamp=stamp,
        read_complete=False,
        health=HealthSummary(),
        passages_stamp="",
        n_passages=0,
        index_stamp="",
        added_at=now,
        used_at=now,
    )


def display_name(path: Path) -> str:
    """The file's name as it can be printed: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def passages_stamp(record: DocumentRecord) -> str:
    """What decides passages: the modules that make them, and what read the pages."""
    from docqa.retrieval import furniture, languages, passages

    modules = f"passages {passages.VERSION}, furniture {furniture.VERSION}, languages {languages.VERSION}"
    return f"{modules}, {record.read_stamp}"


def index_stamp(record: DocumentRecord) -> str:
    """What decides the index: its module, and what made the passages."""
    from docqa.retrieval import lexical

    return f"lexical {lexical.VERSION}, language {record.language or 'unknown'}, {record.passages_stamp}"


def _batches(passages: Iterator[Passage], n_pages: int, on_progress: OnProgress) -> Iterator[Sequence[Passage]]:
    while batch := tuple(islice(passages, PASSAGES_PER_COMMIT)):
        on_progress(Progress("passages", batch[-1].page + 1, n_pages))
        yield batch
    on_progress(Progress("passages", n_pages, n_pages))
