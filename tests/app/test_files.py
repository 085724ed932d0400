"""Which files a person means."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from docqa.app import files
from docqa.app.files import FileArgument, find_files
from docqa.errors import UnreadableDocument, UnsafeDocument, UsageError
from docqa.retrieval.readers.base import Limits


def find(*arguments: str, stdin: bytes = b"") -> list[FileArgument]:
    with ExitStack() as resources:
        return find_files(arguments, io.BytesIO(stdin), resources)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.pdf", "a.md", "notes.bin", "sub/c.DOCX", ".hidden/d.pdf", "~$b.docx"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_a_folder_gives_the_files_of_known_kinds_in_order(folder: Path) -> None:
    assert [file.path.relative_to(folder).as_posix() for file in find(str(folder))] == ["a.md", "b.pdf", "sub/c.DOCX"]
    assert not any(file.named for file in find(str(folder)))


def test_a_pattern_that_the_shell_left_alone_is_expanded(folder: Path) -> None:
    assert [file.path.name for file in find(f"{folder}/*.pdf")] == ["b.pdf"]
    assert [file.path.name for file in find(f"{folder}/**/*.DOCX")] == ["c.DOCX"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    odd = tmp_path / "report [1].pdf"
    odd.write_bytes(b"x")
    assert find(str(odd)) == [FileArgument(odd)]


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    assert len(find(str(folder / "b.pdf"), str(folder / "b.pdf"), str(folder))) == 3


def test_a_named_file_stays_named_when_its_folder_is_given_too(folder: Path) -> None:
    assert find(str(folder / "b.pdf"), str(folder))[0] == FileArgument(folder / "b.pdf", named=True)


def test_standard_input_becomes_a_file_that_is_removed_afterwards() -> None:
    with ExitStack() as resources:
        (file,) = find_files(["-"], io.BytesIO(b"hello"), resources)
        assert file.path.read_bytes() == b"hello"
    assert not file.path.exists()


def test_a_pattern_without_a_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="no file matches"):
        find(f"{tmp_path}/*.pdf")


def test_a_folder_with_nothing_to_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file in this folder"):
        find(str(tmp_path))


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    place = folder / "locked"
    place.mkdir()
    (place / "e.pdf").write_text("e")
    place.chmod(0)
    if os.access(place, os.R_OK):
        pytest.skip("this account may read everything")
    yield place
    place.chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_read(folder: Path, locked: Path) -> None:
    *found, problem = find(str(folder))
    assert len(found) == 3
    assert (problem.path, problem.named, "cannot be listed" in problem.problem) == (locked, False, True)
    with pytest.raises(UnreadableDocument, match="cannot be listed"):
        find(str(locked))


def test_a_linked_folder_does_not_send_the_search_in_circles(folder: Path) -> None:
    (folder / "sub" / "round").symlink_to(folder, target_is_directory=True)
    assert len(find(str(folder))) == 3


@pytest.mark.parametrize("argument", ["x" * 300, "x/" * 3000])
def test_a_path_longer_than_any_is_left_to_be_refused_as_a_file(argument: str) -> None:
    assert find(argument) == [FileArgument(Path(argument))]


def test_standard_input_without_end_is_refused_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "Limits", lambda: Limits(max_file_bytes=1000))
    assert find("-", stdin=bytes(1000))[0].shown == "standard input"
    with pytest.raises(UnsafeDocument, match="standard input: has more bytes than the limit of 1,000"):
        find("-", stdin=bytes(1001))
