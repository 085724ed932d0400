"""Loaded indexes are kept for the next search, within a bound on memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.documents import Passage
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.loaded_indexes import LoadedIndexes


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Three indexes of ten terms each."""
    made = []
    for name in "abc":
        folder = tmp_path / name
        folder.mkdir()
        text = " ".join(f"{name}{i}" for i in range(10))
        LexicalIndex.build([Passage("d", 0, 0, 0, len(text), text)], "en").save(folder)
        made.append(folder)
    return made


def test_an_index_is_loaded_once(folders: list[Path]) -> None:
    loaded = LoadedIndexes()
    first = loaded.of(folders[0])
    assert len(first.vocabulary) == 10
    assert loaded.of(folders[0]) is first


def test_the_longest_unused_index_goes_when_the_vocabularies_grow_too_large(folders: list[Path]) -> None:
    loaded = LoadedIndexes(max_terms=20)
    a, b = loaded.of(folders[0]), loaded.of(folders[1])
    assert loaded.of(folders[0]) is a
    loaded.of(folders[2])
    assert loaded.of(folders[0]) is a
    assert loaded.of(folders[1]) is not b


def test_an_index_larger_than_the_bound_is_kept_alone(folders: list[Path]) -> None:
    loaded = LoadedIndexes(max_terms=5)
    a = loaded.of(folders[0])
    assert loaded.of(folders[0]) is a


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"lexical\.json"):
        LoadedIndexes().of(tmp_path)
