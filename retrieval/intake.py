"""Who may have a document's text, and who makes it: the ingest under the document's lock, and passwords.

One process at a time works on a document; the others wait for it and take over what it made. The text of an encrypted
file is given only after its reader accepted the password, also when the text is in the store already. Passwords stay in
this object's memory.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from docqa.errors import PasswordRequired, StoreError, UnreadableDocument
from docqa.retrieval.files import file_version
from docqa.retrieval.ingest import Ingest, OnProgress, Progress, Source, display_name, silent
from docqa.retrieval.locks import LockTimeout, held
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.records import DocumentRecord, FileVersion

WAITING = "another docqa process is reading this file; waiting for it"
USED_AT_PRECISION_S = 3600.0


@dataclass(frozen=True, slots=True)
class Intake:
    """`locks` is the folder of lock files; an owner without progress for `lock_timeout_s` is given up waiting for."""

    ingest: Ingest
    options: ReadOptions
    locks: Path
    lock_timeout_s: float
    passwords: dict[str, str | None] = field(default_factory=dict)

    def up_to_date(
        self, path: Path, password: str | None, on_progress: OnProgress
    ) -> tuple[DocumentRecord, FileVersion]:
        """Read, split and index a file as far as that is still to be done."""
        seen = file_version(path, self.options.limits.max_file_bytes)
        source = Source(seen, self.options_for(seen.document_id, password), on_progress)
        record = self.ingest.store.record(seen.document_id)
        if record is None or not self.ingest.is_current(record, source):
            with self.working_on(seen.document_id, display_name(seen.path), on_progress):
                record = self.ingest.index(self.ingest.read(source), on_progress)
        self._unlock(record, source)
        self._note_use(record, seen)
        return record, seen

    def known(self, document_id: str) -> DocumentRecord:
        """The record of a document. Raises StoreError when there is none."""
        record = self.ingest.store.record(document_id)
        if record is None:
            raise StoreError(f"document {document_id[:12]} is not in the library; add its file first")
        return record

    def readable(self, document_id: str) -> DocumentRecord:
        """The record of a document whose text may be given.

        Raises StoreError when it is unknown or unfinished, PasswordRequired when its password has not been checked.
        """
        record = self.known(document_id)
        if not record.read_complete:
            raise StoreError(f"{record.name}: reading it was interrupted; add the file again to finish")
        if record.encrypted and record.id not in self.passwords:
            raise PasswordRequired(record.name, "is encrypted; give --password")
        return record

    def indexed(self, document_id: str) -> DocumentRecord:
        """The same, with passages and index brought up to date from the stored pages."""
        record = self.readable(document_id)
        if not self.ingest.index_is_current(record):
            with self.working_on(document_id, record.name, silent):
                record = self.ingest.index(self.readable(document_id), silent)
        return record

    def file_of(self, document_id: str) -> FileVersion | None:
        """A file that still holds the document's bytes: by size and time, else by hashing it again."""
        for seen in self.ingest.store.paths(document_id):
            if seen.is_unchanged:
                return seen
            with contextlib.suppress(UnreadableDocument):
                now = file_version(seen.path, self.options.limits.max_file_bytes)
                if now.document_id == document_id:
                    return now
        return None

    def options_for(self, document_id: str, password: str | None = None) -> ReadOptions:
        """The reading options with the password given now, or once before for this document."""
        known = self.passwords.get(document_id) or self.options.password
        return replace(self.options, password=password or known)

    @contextlib.contextmanager
    def working_on(self, document_id: str, name: str, on_progress: OnProgress) -> Iterator[None]:
        """Hold the document's lock; report the owner's progress while waiting for it."""
        store = self.ingest.store

        def watch() -> tuple[object, ...]:
            record, n_pages = store.record(document_id), store.n_stored_pages(document_id)
            on_progress(Progress("reading", n_pages, record.n_pages if record else 0, WAITING))
            return record, n_pages

        try:
            with held(self.lock_path(document_id), self.lock_timeout_s, watch):
                yield
        except LockTimeout as error:
            cause = f"another docqa process has worked on it for {self.lock_timeout_s:.0f} s without progress"
            raise StoreError(f"{name}: {cause}; end that process or try again") from error

    def lock_path(self, document_id: str) -> Path:
        return self.locks / f"{document_id}.lock"

    def _unlock(self, record: DocumentRecord, source: Source) -> None:
        password = source.options.password
        if not record.encrypted or (record.id in self.passwords and password == self.passwords[record.id]):
            return
        _, reader = self.ingest.readers.reader_for(source.seen.path, source.options.limits)
        reader.open(source.seen.path, source.options).close()
        self.passwords[record.id] = password

    def _note_use(self, record: DocumentRecord, seen: FileVersion) -> None:
        # A question should not cost a write, so the time of use is kept to the hour.
        now = time.time()
        store = self.ingest.store
        if store.path(seen.path) != seen or now - record.used_at > USED_AT_PRECISION_S:
            store.note_use(seen, display_name(seen.path), now)
