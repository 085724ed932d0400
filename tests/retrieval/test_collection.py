"""Garbage collection: what goes, what stays, and what is never touched."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from docqa.retrieval.collection import disk_bytes
from docqa.retrieval.library import Library
from docqa.retrieval.locks import held
from tests.retrieval.library_samples import OneReader, contents, write_pages

DAY_S = 86_400


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "cache", readers=OneReader())


def _names(library: Library) -> set[str]:
    return {entry.name for entry in library.documents()}


def _use_last(library: Library, name: str, days_ago: float) -> None:
    with closing(sqlite3.connect(library.directory / "library.sqlite")) as connection, connection:
        connection.execute(
            "UPDATE documents SET used_at = ? WHERE name = ?", (time.time() - days_ago * DAY_S, name.encode())
        )


def test_documents_without_their_file_go_and_others_stay(library: Library, tmp_path: Path) -> None:
    gone, edited, stays = (write_pages(tmp_path / f"{n}.txt", n) for n in (3, 4, 5))
    for file in (gone, edited, stays):
        library.add(file)
    gone.unlink()
    write_pages(edited, 6)
    os.utime(stays, (1, 1))
    collected = library.gc()
    assert sorted(collected.documents) == ["3.txt", "4.txt"]
    assert (collected.n_documents, _names(library)) == (2, {"5.txt"})
    assert stays.exists()
    assert len(library.passages(library.documents()[0].id)) == 5


def test_documents_without_their_file_stay_when_asked_to(library: Library, tmp_path: Path) -> None:
    file = write_pages(tmp_path / "a.txt", 3)
    library.add(file)
    file.unlink()
    assert library.gc(missing=False).documents == ()
    assert _names(library) == {"a.txt"}


def test_documents_unused_for_long_go(library: Library, tmp_path: Path) -> None:
    for n in (3, 4):
        library.add(write_pages(tmp_path / f"{n}.txt", n))
    _use_last(library, "3.txt", days_ago=31)
    _use_last(library, "4.txt", days_ago=29)
    assert library.gc(older_than_days=30).documents == ("3.txt",)
    assert _names(library) == {"4.txt"}


def test_using_a_document_makes_it_young_again(library: Library, tmp_path: Path) -> None:
    file = write_pages(tmp_path / "3.txt", 3)
    library.add(file)
    _use_last(library, "3.txt", days_ago=31)
    library.add(file)
    assert library.gc(older_than_days=30).documents == ()


def test_beyond_a_size_the_longest_unused_go_first(library: Library, tmp_path: Path) -> None:
    for n in (200, 201, 202):
        library.add(write_pages(tmp_path / f"{n}.txt", n))
    for name, days_ago in (("200.txt", 2), ("201.txt", 9), ("202.txt", 1)):
        _use_last(library, name, days_ago)
    library.gc()  # the write-ahead log is not what is to be measured
    before = disk_bytes(library.directory)
    collected = library.gc(max_bytes=int(0.9 * before))
    assert collected.documents == ("201.txt",)
    assert disk_bytes(library.directory) <= 0.9 * before
    assert collected.n_bytes_freed == before - disk_bytes(library.directory)


def test_what_killed_processes_left_behind_is_cleared(library: Library, tmp_path: Path) -> None:
    document = library.add(write_pages(tmp_path / "a.txt", 3))
    before = contents(library.directory)
    indexes = library.directory / "indexes"
    half_written = indexes / document.id[:2] / document.id / ".temporary-1"
    orphan = indexes / "ff" / ("ff" * 32) / "0123"
    for folder in (half_written, orphan):
        folder.mkdir(parents=True)
        (folder / "units.npy").write_bytes(b"x" * 1000)
    (library.directory / "locks" / f"{'ff' * 32}.lock").touch()
    (library.directory / "library.sqlite.damaged-1").write_bytes(b"x")
    collected = library.gc()
    assert collected.n_leftovers == 4
    assert collected.n_bytes_freed >= 2000
    assert contents(library.directory) == before
    assert not orphan.parent.exists()
    assert len(list((library.directory / "locks").iterdir())) == 1


def test_a_document_that_another_is_reading_stays(library: Library, tmp_path: Path) -> None:
    file = write_pages(tmp_path / "a.txt", 3)
    document = library.add(file)
    file.unlink()
    half_written = library.directory / "indexes" / document.id[:2] / document.id / ".temporary-1"
    half_written.mkdir()
    with held(library.directory / "locks" / f"{document.id}.lock", 1.0):
        collected = library.gc()
    assert (collected.documents, collected.n_leftovers) == ((), 0)
    assert half_written.exists()
    assert len(library.passages(document.id)) == 3
