"""A language model that remembers its replies in a SQLite file, so that the same question costs nothing twice.

A reply is found again only if everything it depends on is the same: the model's fingerprint (name, server, sampling),
every message, the schema, and the version of this file's format. The messages themselves are not kept, only their hash;
the replies are, as they stand.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from docqa.errors import StoreError
from docqa.llm.base import LLM, Completion, Message, Schema
from docqa.llm.wrapped import WrappedLLM
from docqa.private_files import create_private

FORMAT = 1
_BUSY_TIMEOUT_S = 10.0
_TABLE = "CREATE TABLE replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL, used_at REAL NOT NULL) WITHOUT ROWID"
_DELETE_LONGEST_UNUSED = (
    "DELETE FROM replies WHERE key IN (SELECT key FROM replies ORDER BY used_at DESC, key LIMIT -1 OFFSET ?)"
)
_EVERY_N_WRITES = 64  # between two looks at how full the cache is


class ReplyStore:
    """Replies by key in one SQLite file, the longest unused deleted first; threads and processes may share it.

    A file of another format, or a damaged one, is begun anew. Raises StoreError when it cannot be opened at all.
    """

    def __init__(self, path: Path, max_replies: int = 20_000, clock: Callable[[], float] = time.time) -> None:
        self._path, self._max_replies, self._clock = path, max_replies, clock
        self._lock = threading.Lock()
        self._n_writes = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._opened()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the cache of replies cannot be opened: {error}") from error
        weakref.finalize(self, self._connection.close)  # for whoever drops an agent without closing it

    def get(self, key: bytes) -> str | None:
        """The reply, or None."""
        with self._lock:
            try:
                row = self._connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    self._connection.execute("UPDATE replies SET used_at = ? WHERE key = ?", (self._clock(), key))
            except sqlite3.DatabaseError:  # damaged, full or locked: the model can still be asked
                return None
        return None if row is None else str(row[0])

    def put(self, key: bytes, reply: str) -> None:
        """Keep a reply; a cache that cannot be written is no reason to lose the reply itself."""
        with self._lock, contextlib.suppress(sqlite3.DatabaseError):
            self._connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, reply, self._clock()))
            self._n_writes += 1
            if self._n_writes % _EVERY_N_WRITES == 0:
                self._connection.execute(_DELETE_LONGEST_UNUSED, (self._max_replies,))

    def close(self) -> None:
        self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{self._path}{suffix}")
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        create_private(self._path)  # replies quote documents: for the owner only
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
                connection.execute("DROP TABLE IF EXISTS replies")
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection


class CachedLLM(WrappedLLM):
    """Asks another model only what it has not been asked before. A reply from the cache has an empty usage."""

    def __init__(self, llm: LLM, store: ReplyStore) -> None:
        super().__init__(llm)
        self._store = store
        self._lock = threading.Lock()
        self.n_hits = 0
        self.n_misses = 0

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The reply of an earlier call that was the same in everything, or the model's."""
        key = self._key(messages, schema)
        completion = self._found(key)
        if completion is None:
            completion = self._llm.complete(messages, schema)
            self._store.put(key, _as_text(completion))
        return completion

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """The same as pieces; a reply from the cache comes in one piece."""
        key = self._key(messages, None)
        completion = self._found(key)
        if completion is not None:
            yield completion.text
            yield completion
            return
        for item in self._llm.stream(messages):
            if isinstance(item, Completion):
                self._store.put(key, _as_text(item))
            yield item

    def _key(self, messages: Sequence[Message], schema: Schema | None) -> bytes:
        asked = {
            "format": FORMAT,
            "model": self._llm.fingerprint,
            "messages": [[message.role, message.content] for message in messages],
            "schema": schema and [schema.name, schema.definition],
        }
        return hashlib.sha256(json.dumps(asked).encode("ascii")).digest()

    def _found(self, key: bytes) -> Completion | None:
        text = self._store.get(key)
        with self._lock:
            self.n_hits += text is not None
            self.n_misses += text is None
        return None if text is None else _from_text(text)


def _as_text(completion: Completion) -> str:
    return json.dumps([completion.text, completion.finish_reason, completion.data])


def _from_text(saved: str) -> Completion:
    text, finish_reason, data = json.loads(saved)
    return Completion(text, finish_reason=finish_reason, data=data)
