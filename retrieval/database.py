"""One SQLite file in WAL mode: opening it, transactions, and what to say when it is full, locked, damaged or too new.

Knows no table but what it is told at the start. Whatever it holds can be made again, so a damaged file is moved
aside and never repaired.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from docqa.errors import StoreError
from docqa.private_files import create_private
from docqa.retrieval.locks import held

BUSY_TIMEOUT_S = 30.0
APPLICATION_ID = 0x64_6F_63_71  # "docq", so that `file` and a wrong path can be told

Row = tuple[Any, ...]
Notify = Callable[[str], None]

_CAUSES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space: all that lies there can be made again from the documents",
    sqlite3.SQLITE_READONLY: "it cannot be written; choose another cache directory",
    sqlite3.SQLITE_PERM: "it may not be opened; choose another cache directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; choose another cache directory",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write it; look at the disk or choose another cache directory",
    sqlite3.SQLITE_BUSY: f"another process has been writing to it for {BUSY_TIMEOUT_S:.0f} s; try again",
    sqlite3.SQLITE_LOCKED: f"another process has been writing to it for {BUSY_TIMEOUT_S:.0f} s; try again",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DamagedDatabase(StoreError):
    """The file was damaged and has been moved aside; the next use begins with a fresh one."""


class Database:
    """A connection that threads may share. `schema` is the script for an empty file, `version` its number.

    Raises StoreError: written by a newer docqa, full, read-only, not to be opened. A damaged file is moved aside at
    opening, which `notify` is told; when the damage shows later, DamagedDatabase is raised once.
    """

    def __init__(self, path: Path, schema: str, version: int, notify: Notify) -> None:
        self.path = path
        self._schema, self._version, self._notify = schema, version, notify
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        with contextlib.suppress(DamagedDatabase):
            self._connected()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Everything that a statement gives."""
        with self._lock, self._translated():
            return self._connected().execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, values)
        return found[0] if found else None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end of the with block, rolls back when it is left by any exception."""
        with self._lock, self._translated():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after a full disk or an I/O error.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def shrink(self) -> None:
        """Give the space of deleted rows back to the disk, the write-ahead log included."""
        with self._lock, self._translated():
            connection = self._connected()
            connection.execute("PRAGMA incremental_vacuum").fetchall()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            with self._translated():
                self._connection = self._opened()
            weakref.finalize(self, self._connection.close)  # for whoever drops a library without closing it
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        self._create_private_file()
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            if self._version_of(connection) == 0:
                self._create(connection)
            # A deleted document must not stay legible in free pages; a lost last second costs only work done again.
            for pragma in ("synchronous = NORMAL", "secure_delete = ON", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _create_private_file(self) -> None:
        try:
            create_private(self.path)
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}; choose another cache directory") from error

    def _version_of(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > self._version:
            raise StoreError(
                f"{self.path}: written by a newer docqa (format {version}, this one knows {self._version}); "
                "update docqa or choose another cache directory"
            )
        if version and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(f"{self.path}: another program's database; choose another cache directory")
        return version

    def _create(self, connection: sqlite3.Connection) -> None:
        # Two processes may find the same empty file: the second to get the lock finds the work done.
        with held(self.path.with_suffix(".lock"), BUSY_TIMEOUT_S):
            if self._version_of(connection) != 0:
                return
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{self._schema}\nPRAGMA application_id = {APPLICATION_ID};\n"
                f"PRAGMA user_version = {self._version};\nCOMMIT;"
            )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code in _DAMAGED:
                raise self._damaged() from error
            if code not in _CAUSES:
                raise
            raise StoreError(f"{self.path}: {_CAUSES[code]}") from error

    def _damaged(self) -> DamagedDatabase:
        """Move the file aside, unless another process has done so since we opened ours."""
        self.close()
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        with held(self.path.with_suffix(".lock"), BUSY_TIMEOUT_S):
            if not _is_sound(self.path):
                for suffix in ("-wal", "-shm", ""):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
        message = f"{self.path}: was damaged and is moved aside to {aside.name}; documents will be read again"
        self._notify(message)
        return DamagedDatabase(message)


def _is_sound(path: Path) -> bool:
    """Whether every page of the file can be read; slow on a large one, and asked only when damage has shown."""
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        except sqlite3.DatabaseError:
            return False
