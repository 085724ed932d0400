"""Vectors kept in the store: single ones, and all of a document's passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docqa.retrieval import passages as passages_module
from docqa.retrieval.dense import encode
from docqa.retrieval.ingest import Progress
from docqa.retrieval.library import Library
from tests.retrieval.library_samples import OneReader, write_pages


@dataclass
class HashedWords:
    """Bags of words in 32 hashed dimensions; remembers what it was asked to encode."""

    fingerprint: str = "hashed words 1"
    dimension: int = 32
    encoded: list[str] = field(default_factory=list)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.lower().split():
                row[sum(word.encode()) % self.dimension] += 1
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return self.encode_queries(texts)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "cache", readers=OneReader())


def test_a_vector_is_computed_once_and_comes_back_exactly(library: Library, tmp_path: Path) -> None:
    embedder, texts = HashedWords(), [f"mooring {i} of the harbour" for i in range(1200)]
    first = encode(embedder, texts, library.vectors())
    library.close()
    again = encode(embedder, texts, Library(tmp_path / "cache", readers=OneReader()).vectors())
    assert np.array_equal(first, again)
    assert first.shape == (1200, 32)
    assert embedder.encoded == texts


def test_another_encoder_has_its_own_vectors(library: Library) -> None:
    for embedder in (HashedWords("a"), HashedWords("b")):
        encode(embedder, ["the harbour"], library.vectors())
        assert embedder.encoded == ["the harbour"]


def test_an_embedded_document_gives_its_dense_index_to_the_same_encoder(library: Library, tmp_path: Path) -> None:
    document = library.add(write_pages(tmp_path / "a.txt", 100))
    embedder, reports = HashedWords(), list[Progress]()
    assert library.indexed(document.id, embedder.fingerprint).dense is None
    library.embed(document.id, embedder, reports.append)
    indexed = library.indexed(document.id, embedder.fingerprint)
    assert indexed.dense is not None
    assert indexed.dense.vectors.shape == (100, 32)
    expected = embedder.encode_queries([passage.text for passage in indexed.passages])
    assert np.allclose(indexed.dense.vectors, expected, atol=1e-3)
    assert library.indexed(document.id, "another encoder").dense is None
    assert library.indexed(document.id).dense is None
    assert [(report.stage, report.done, report.total) for report in reports] == [
        ("vectors", 64, 100),
        ("vectors", 100, 100),
    ]


def test_an_interrupted_embedding_goes_on_where_it_was(library: Library, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    document = library.add(write_pages(tmp_path / "a.txt", 100))
    embedder = HashedWords()
    with pytest.raises(KeyboardInterrupt):
        library.embed(document.id, embedder, interrupt)
    for _ in range(2):
        library.embed(document.id, embedder)
    assert len(embedder.encoded) == len(set(embedder.encoded)) == 100


def test_a_changed_splitter_makes_vectors_stale(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, embedder = library.add(write_pages(tmp_path / "a.txt", 3)), HashedWords()
    library.embed(document.id, embedder)
    monkeypatch.setattr(passages_module, "VERSION", "another")
    assert library.indexed(document.id, embedder.fingerprint).dense is None
    library.embed(document.id, embedder)
    assert library.indexed(document.id, embedder.fingerprint).dense is not None
    assert len(list((tmp_path / "cache" / "dense").rglob("dense.npy"))) == 1


def test_vectors_go_with_a_removed_document(library: Library, tmp_path: Path) -> None:
    document, embedder = library.add(write_pages(tmp_path / "a.txt", 3)), HashedWords()
    library.embed(document.id, embedder)
    library.remove(document.id)
    assert not list((tmp_path / "cache" / "dense").rglob("*.npy"))
    encode(embedder, embedder.encoded[:1], library.vectors())
    assert len(embedder.encoded) == 4
