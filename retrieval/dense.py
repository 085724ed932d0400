"""The dense half: vectors of passages, computed when they are needed and never twice, and exact search over all of
them.

A vector's key is the hash of the text and of the encoder, so equal texts share it, wherever they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from docqa.documents import Passage
from docqa.retrieval.embedders import Embedder, Vectors


class VectorCache(Protocol):
    """Keeps vectors by key. `get` gives those it has, each of shape (dimension,) float32; `put` may keep them at less
    precision."""

    def get(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float32]]: ...

    def put(self, vectors: Mapping[str, NDArray[np.float32]]) -> None: ...


class MemoryVectorCache:
    """A cache for one process, in place of the store's."""

    def __init__(self) -> None:
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def get(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def put(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        self._vectors.update(vectors)


def vector_key(fingerprint: str, text: str) -> str:
    """The name of the vector of a text: SHA-256, in hexadecimal, of the encoder's fingerprint and the text."""
    return hashlib.sha256(f"{fingerprint}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def embedding_text(passage: Passage) -> str:
    """What is encoded of a passage: its text, and for tables the caption and the header row that its rows need to be
    understood."""
    if passage.kind == "text":
        return passage.text
    header = () if not passage.header or passage.text.startswith(passage.header) else (passage.header,)
    return "\n".join((*passage.headings[-1:], *header, passage.text))


def encode(embedder: Embedder, texts: Sequence[str], cache: VectorCache) -> Vectors:
    """Vectors of texts as passages, (n_texts, dimension) float32: from the cache, the rest from the encoder in one
    go."""
    keys = [vector_key(embedder.fingerprint, text) for text in texts]
    known = dict(cache.get(list(dict.fromkeys(keys))))
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        new = dict(zip(missing, embedder.encode_passages(list(missing.values())), strict=True))
        cache.put(new)
        known |= new
    if not keys:
        return np.zeros((0, embedder.dimension), np.float32)
    return np.stack([known[key] for key in keys]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class DenseIndex:
    """Vectors of all passages of one document, row i for passage i, with exact inner-product search by FAISS.

    `vectors` is (n_passages, dimension), float32 or float16. `fingerprint` is the encoder's.
    """

    fingerprint: str
    vectors: NDArray[np.float32] | NDArray[np.float16]

    @classmethod
    def build(cls, passages: Sequence[Passage], embedder: Embedder, cache: VectorCache, batch: int = 64) -> DenseIndex:
        """Encode every passage, `batch` at a time, so that an interruption loses one batch where the cache is on
        disk."""
        starts = range(0, len(passages), batch)
        parts = [encode(embedder, [embedding_text(p) for p in passages[a : a + batch]], cache) for a in starts]
        return cls(
            embedder.fingerprint, np.concatenate(parts) if parts else np.zeros((0, embedder.dimension), np.float32)
        )

    def save(self, folder: Path) -> None:
        """Write into an existing folder, at half precision: 768 bytes for a passage of 384 dimensions."""
        (folder / "dense.txt").write_text(self.fingerprint, encoding="utf-8")
        np.save(folder / "dense.npy", self.vectors.astype(np.float16))

    @classmethod
    def load(cls, folder: Path) -> DenseIndex:
        """Map a saved index into memory. Raises OSError or ValueError when the folder does not hold a whole one."""
        fingerprint = (folder / "dense.txt").read_text(encoding="utf-8")
        return cls(fingerprint, np.load(folder / "dense.npy", mmap_mode="r"))

    def search(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k best passages for a query of shape (dimension,): their numbers and cosines, best first."""
        import faiss  # 0.2 s; only where there is a full dense index

        index = faiss.IndexFlatIP(self.vectors.shape[1])
        index.add(np.ascontiguousarray(self.vectors, np.float32))
        cosines, numbers = index.search(query[None, :].astype(np.float32), min(k, len(self.vectors)))
        return numbers[0], cosines[0]
