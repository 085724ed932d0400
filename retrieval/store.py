"""What the library keeps in SQLite: documents, the paths they were seen under, their pages and passages.

The key of everything is the SHA-256 of the file's bytes. Each stage leaves a stamp of what made it; whoever finds
another stamp than his own redoes that stage. Nothing here opens a document's file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from docqa.documents import Page, Passage
from docqa.errors import StoreError
from docqa.retrieval.database import Database, Notify
from docqa.retrieval.health import PageHealth
from docqa.retrieval.records import (
    RECORD_COLUMNS,
    DocumentRecord,
    FileVersion,
    file_version_from,
    page_health_from,
    record_from,
    record_row,
)
from docqa.retrieval.rows import (
    PAGE_COLUMNS,
    PASSAGE_COLUMNS,
    decoded,
    encoded,
    page_from,
    page_row,
    passage_from,
    passage_row,
)

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, name BLOB NOT NULL, media_type TEXT NOT NULL, language TEXT NOT NULL, n_bytes INTEGER NOT NULL,
    n_pages INTEGER NOT NULL, encrypted INTEGER NOT NULL, read_stamp TEXT NOT NULL, read_complete INTEGER NOT NULL,
    health TEXT NOT NULL, passages_stamp TEXT NOT NULL, n_passages INTEGER NOT NULL, index_stamp TEXT NOT NULL,
    added_at REAL NOT NULL, used_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE paths (
    path BLOB PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    n_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, seen_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX paths_of_document ON paths (document);
CREATE TABLE pages (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, page INTEGER NOT NULL,
    number INTEGER, label BLOB, place BLOB NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    health TEXT NOT NULL, n_chars INTEGER NOT NULL, regions TEXT NOT NULL, words TEXT NOT NULL, text BLOB NOT NULL,
    PRIMARY KEY (document, page)
);
CREATE TABLE passages (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL, page INTEGER NOT NULL,
    start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, sentences TEXT NOT NULL, headings TEXT NOT NULL,
    header BLOB NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE reader_versions (
    code TEXT NOT NULL, media_type TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (code, media_type)
) WITHOUT ROWID;
"""


_PATH_COLUMNS = "path, document, n_bytes, mtime_ns"


class Store:
    """Typed access to the tables. Every method is one short transaction or one query, safe between processes.

    Raises StoreError as `Database` does.
    """

    def __init__(self, path: Path, notify: Notify) -> None:
        self.database = Database(path, SCHEMA, SCHEMA_VERSION, notify)

    def record(self, document_id: str) -> DocumentRecord | None:
        row = self.database.row(f"SELECT {', '.join(RECORD_COLUMNS)} FROM documents WHERE id = ?", (document_id,))
        return None if row is None else record_from(row)

    def records(self) -> tuple[DocumentRecord, ...]:
        """All documents, the last used first."""
        rows = self.database.rows(f"SELECT {', '.join(RECORD_COLUMNS)} FROM documents ORDER BY used_at DESC, id")
        return tuple(record_from(row) for row in rows)

    def begin(self, record: DocumentRecord) -> None:
        """Put a document's row down and drop whatever was there of it, to read it from its first page."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM pages WHERE document = ?", (record.id,))
            connection.execute("DELETE FROM passages WHERE document = ?", (record.id,))
            _put(connection, record)

    def update(self, record: DocumentRecord) -> None:
        """Replace the document's row alone."""
        with self.database.transaction() as connection:
            _put(connection, record)

    def remove(self, document_id: str) -> None:
        """Drop all rows of a document, and all vectors: their keys name no document, and they are soon made again."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            connection.execute("DELETE FROM vectors")

    def reader_version(self, code: str, media_type: str) -> str | None:
        """The version of a reader as it was when the readers' code had this fingerprint."""
        sql = "SELECT version FROM reader_versions WHERE code = ? AND media_type = ?"
        row = self.database.row(sql, (code, media_type))
        return None if row is None else row[0]

    def put_reader_version(self, code: str, media_type: str, version: str) -> None:
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM reader_versions WHERE code <> ?", (code,))
            connection.execute("INSERT OR REPLACE INTO reader_versions VALUES (?, ?, ?)", (code, media_type, version))

    def note_use(self, seen: FileVersion, name: str, now: float) -> None:
        """Remember where a document's file lies, how it is called, and that it was used; a path holds one document."""
        with self.database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO paths ({_PATH_COLUMNS}, seen_at) "
                "SELECT ?, id, ?, ?, ? FROM documents WHERE id = ?",
                (os.fsencode(seen.path), seen.n_bytes, seen.mtime_ns, now, seen.document_id),
            )
            connection.execute(
                "UPDATE documents SET name = ?, used_at = ? WHERE id = ?", (encoded(name), now, seen.document_id)
            )

    def paths(self, document_id: str) -> tuple[FileVersion, ...]:
        """Where a document was seen, the last place first."""
        sql = f"SELECT {_PATH_COLUMNS} FROM paths WHERE document = ? ORDER BY seen_at DESC, path"
        return tuple(file_version_from(row) for row in self.database.rows(sql, (document_id,)))

    def path(self, path: Path) -> FileVersion | None:
        row = self.database.row(f"SELECT {_PATH_COLUMNS} FROM paths WHERE path = ?", (os.fsencode(path),))
        return None if row is None else file_version_from(row)

    def n_stored_pages(self, document_id: str) -> int:
        """How many pages are committed; they are always the first ones."""
        row = self.database.row("SELECT coalesce(max(page) + 1, 0) FROM pages WHERE document = ?", (document_id,))
        assert row is not None
        n_pages: int = row[0]
        return n_pages

    def append_pages(self, document_id: str, pages: Sequence[Page]) -> None:
        marks = ", ".join("?" for _ in PAGE_COLUMNS.split(","))
        with self.database.transaction() as connection:
            connection.executemany(
                f"INSERT INTO pages (document, {PAGE_COLUMNS}) VALUES (?, {marks})",
                ((document_id, *page_row(page)) for page in pages),
            )

    def pages(self, document_id: str, start: int, stop: int) -> tuple[Page, ...]:
        """The pages of a half-open range of indexes."""
        sql = f"SELECT {PAGE_COLUMNS} FROM pages WHERE document = ? AND page >= ? AND page < ? ORDER BY page"
        return tuple(page_from(row) for row in self.database.rows(sql, (document_id, start, stop)))

    def page_healths(self, document_id: str) -> tuple[PageHealth, ...]:
        """The health of every page, without its text."""
        sql = "SELECT page, number, label, place, n_chars, health FROM pages WHERE document = ? ORDER BY page"
        return tuple(page_health_from(row) for row in self.database.rows(sql, (document_id,)))

    def replace_passages(self, record: DocumentRecord, batches: Iterable[Sequence[Passage]]) -> DocumentRecord:
        """Write all passages anew, a short transaction for each batch, and then the record that says so."""
        marks = ", ".join("?" for _ in PASSAGE_COLUMNS.split(","))
        insert = f"INSERT INTO passages (document, {PASSAGE_COLUMNS}) VALUES (?, {marks})"
        with self.database.transaction() as connection:
            _put(connection, replace(record, passages_stamp="", n_passages=0, index_stamp=""))
            connection.execute("DELETE FROM passages WHERE document = ?", (record.id,))
        n_passages = 0
        for batch in batches:
            with self.database.transaction() as connection:
                connection.executemany(insert, ((record.id, *passage_row(passage)) for passage in batch))
            n_passages += len(batch)
        record = replace(record, n_passages=n_passages, index_stamp="")
        self.update(record)
        return record

    def passages(self, document_id: str, start: int, stop: int) -> tuple[Passage, ...]:
        """The passages of a half-open range of numbers."""
        columns = ", ".join(f"passages.{name.strip()}" for name in PASSAGE_COLUMNS.split(","))
        sql = f"SELECT {columns} FROM passages WHERE document = ? AND number >= ? AND number < ? ORDER BY number"
        rows = self.database.rows(sql, (document_id, start, stop))
        texts = self._texts(document_id, {row[1] for row in rows})
        return tuple(passage_from(document_id, row, texts[row[1]]) for row in rows)

    def _texts(self, document_id: str, indexes: Iterable[int]) -> dict[int, str]:
        texts = {}
        for index in indexes:
            row = self.database.row("SELECT text FROM pages WHERE document = ? AND page = ?", (document_id, index))
            if row is None:
                raise StoreError(f"document {document_id[:12]} is no longer in the library; add its file again")
            texts[index] = decoded(row[0])
        return texts


def _put(connection: sqlite3.Connection, record: DocumentRecord) -> None:
    # Not INSERT OR REPLACE: that would delete the old row first, and with it all that refers to it.
    marks = ", ".join("?" for _ in RECORD_COLUMNS)
    changes = ", ".join(f"{name} = excluded.{name}" for name in RECORD_COLUMNS if name != "id")
    connection.execute(
        f"INSERT INTO documents ({', '.join(RECORD_COLUMNS)}) VALUES ({marks}) "
        f"ON CONFLICT (id) DO UPDATE SET {changes}",
        record_row(record),
    )
