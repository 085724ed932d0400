"""Vectors on the disk: single ones by the hash of what was encoded, and all of a document's passages as one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docqa.documents import Passage
from docqa.retrieval.database import Database
from docqa.retrieval.dense import DenseIndex, embedding_text, encode
from docqa.retrieval.embedders import Embedder
from docqa.retrieval.index_folders import IndexFolders
from docqa.retrieval.ingest import OnProgress, Progress
from docqa.retrieval.records import DocumentRecord

KEYS_PER_QUERY = 500
PASSAGES_PER_CALL = 64
VERSION = "1"


class StoredVectors:
    """The store's `VectorCache`. Rows are float32, so that an answer is the same when its vectors come from here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that are there, each (dimension,)."""
        found = {}
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = [bytes.fromhex(key) for key in keys[start : start + KEYS_PER_QUERY]]
            marks = ", ".join("?" for _ in some)
            for key, vector in self._database.rows(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some):
                found[key.hex()] = np.frombuffer(vector, np.float32)
        return found

    def put(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        rows = [(bytes.fromhex(key), vector.astype(np.float32).tobytes()) for key, vector in vectors.items()]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)


@dataclass(frozen=True, slots=True)
class Encoding:
    """With what passages are encoded, where single vectors are kept, who is told of progress."""

    embedder: Embedder
    cache: StoredVectors
    on_progress: OnProgress


def dense_stamp(record: DocumentRecord, fingerprint: str) -> str:
    """What decides a document's vectors: its passages and the encoder."""
    return f"dense {VERSION}, {fingerprint}, {record.passages_stamp}"


def find_dense(folders: IndexFolders, record: DocumentRecord, fingerprint: str) -> DenseIndex | None:
    """The vectors of all passages by this encoder, None while there are none."""
    folder = folders.find(record.id, dense_stamp(record, fingerprint))
    return None if folder is None else DenseIndex.load(folder)


def embed(folders: IndexFolders, record: DocumentRecord, passages: Sequence[Passage], encoding: Encoding) -> None:
    """Encode every passage and keep the array; what an interrupted run encoded is taken from the cache."""
    embedder, cache = encoding.embedder, encoding.cache
    for start in range(0, len(passages), PASSAGES_PER_CALL):
        some = passages[start : start + PASSAGES_PER_CALL]
        encode(embedder, [embedding_text(passage) for passage in some], cache)
        encoding.on_progress(Progress("vectors", start + len(some), len(passages)))
    index = DenseIndex.build(passages, embedder, cache)
    folders.write(record.id, dense_stamp(record, embedder.fingerprint), index.save)
