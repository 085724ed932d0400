"""Uploaded files lie under the hash of their bytes, whatever they are called."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docqa.app.uploads import drop_upload, drop_uploads_but, keep_upload, safe_name
from docqa.errors import UnreadableDocument, UnsafeDocument


def test_a_file_is_kept_under_its_hash_and_name(tmp_path: Path) -> None:
    path = keep_upload(tmp_path, "report.pdf", io.BytesIO(b"%PDF-"))
    assert path == tmp_path / "uploads" / hashlib.sha256(b"%PDF-").hexdigest() / "report.pdf"
    assert path.read_bytes() == b"%PDF-"
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_the_same_bytes_are_kept_once_under_the_last_name(tmp_path: Path) -> None:
    first = keep_upload(tmp_path, "a.txt", io.BytesIO(b"same"))
    second = keep_upload(tmp_path, "b.txt", io.BytesIO(b"same"))
    assert not first.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [second]


@pytest.mark.parametrize(
    "name", ["../../up.txt", "/etc/passwd", "C:\\x\\y.txt", "a\x00b.txt", "..", "", "n" * 400 + ".txt"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    path = keep_upload(tmp_path, name, io.BytesIO(b"text"))
    assert path.resolve().parent == tmp_path.resolve() / "uploads" / hashlib.sha256(b"text").hexdigest()


@given(st.text())
def test_a_safe_name_is_one_component_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe == os.path.basename(safe)
    assert 0 < len(safe) <= 120
    assert safe_name(safe) == safe


@pytest.mark.parametrize(("data", "error"), [(b"", UnreadableDocument), (b"x" * 101, UnsafeDocument)])
def test_an_empty_or_too_large_file_is_refused_and_leaves_nothing(
    tmp_path: Path, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"big\.txt"):
        keep_upload(tmp_path, "big.txt", io.BytesIO(data), max_bytes=100)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_copies_are_dropped_one_by_one_or_all_that_are_not_wanted(tmp_path: Path) -> None:
    paths = [keep_upload(tmp_path, "a.txt", io.BytesIO(bytes([n]))) for n in range(3)]
    drop_upload(tmp_path, paths[0].parent.name)
    drop_upload(tmp_path, "..")
    assert [path.exists() for path in paths] == [False, True, True]
    assert drop_uploads_but(tmp_path, {paths[1].parent.name}) == 0  # it may not have been read yet
    assert drop_uploads_but(tmp_path, {paths[1].parent.name}, min_age_s=0.0) == 1
    assert [path.exists() for path in paths] == [False, True, False]
