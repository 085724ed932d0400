"""The stages of the ingest: what is done once, what is done again and why, and what an interruption leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from docqa.errors import NoTextFound, PasswordRequired, StoreError, UnreadableDocument, UnsafeDocument
from docqa.retrieval import furniture, ingest, lexical, passages
from docqa.retrieval.ingest import Progress
from docqa.retrieval.library import Library
from docqa.retrieval.readers.base import Limits, ReadOptions
from tests.retrieval.library_samples import FormFeedReader, OneReader, contents, write_pages


def _library(tmp_path: Path, reader: FormFeedReader, options: ReadOptions | None = None) -> Library:
    return Library(tmp_path / "cache", options, readers=OneReader(reader))


@pytest.fixture
def reader() -> FormFeedReader:
    return FormFeedReader()


def test_the_same_bytes_are_read_once_under_all_their_names(tmp_path: Path, reader: FormFeedReader) -> None:
    library = _library(tmp_path, reader)
    first = library.add(write_pages(tmp_path / "a.txt", 5))
    second = library.add(write_pages(tmp_path / "b.txt", 5))
    assert (first.id, first.name, second.name) == (second.id, "a.txt", "b.txt")
    assert (reader.n_opened, reader.n_pages_read) == (1, 5)
    [entry] = library.documents()
    assert {path.name for path in entry.paths} == {"a.txt", "b.txt"}


def test_a_second_library_finds_what_the_first_one_read(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 5)
    before = _library(tmp_path, reader).add(file)
    after = _library(tmp_path, FormFeedReader(before_page=lambda index: pytest.fail("read again"))).add(file)
    assert list(after.pages) == list(before.pages)


def test_a_file_with_other_bytes_is_another_document(tmp_path: Path, reader: FormFeedReader) -> None:
    library = _library(tmp_path, reader)
    first = library.add(write_pages(tmp_path / "a.txt", 5))
    second = library.add(write_pages(tmp_path / "a.txt", 6))
    assert (first.id != second.id, len(first.pages), len(second.pages)) == (True, 5, 6)


def test_text_under_a_suffix_of_another_kind_is_read_anew(tmp_path: Path, reader: FormFeedReader) -> None:
    library = _library(tmp_path, reader)
    assert library.add(write_pages(tmp_path / "a.txt", 2)).media_type == "text/plain"
    assert library.add(write_pages(tmp_path / "a.csv", 2)).media_type == "text/csv"
    assert reader.n_opened == 2


def test_pages_are_committed_while_the_rest_is_read(tmp_path: Path, reader: FormFeedReader) -> None:
    library, seen = _library(tmp_path, reader), list[int]()

    def look(index: int) -> None:
        with Library(tmp_path / "cache") as other:
            seen.extend(len(other.health(entry.id).pages) for entry in other.documents())

    reader.before_page = lambda index: look(index) if index in (31, 32, 69) else None
    library.add(write_pages(tmp_path / "a.txt", 70))
    assert seen == [0, 32, 64]


def test_a_slow_page_is_committed_without_waiting_for_31_more(
    tmp_path: Path, reader: FormFeedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "SECONDS_PER_COMMIT", 0.0)
    library, seen = _library(tmp_path, reader), list[int]()
    reader.before_page = lambda index: seen.append(len(library.health(library.documents()[0].id).pages))
    library.add(write_pages(tmp_path / "a.txt", 4))
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("at", [0, 1, 31, 32, 40, 69])
def test_ctrl_c_keeps_every_page_that_was_read(tmp_path: Path, at: int) -> None:
    def interrupt(index: int) -> None:
        if index == at:
            raise KeyboardInterrupt

    reader = FormFeedReader(before_page=interrupt)
    file = write_pages(tmp_path / "a.txt", 70)
    with pytest.raises(KeyboardInterrupt):
        _library(tmp_path, reader).add(file)
    assert reader.n_closed == 1
    reader.before_page = lambda index: None
    resumed = _library(tmp_path, reader)
    document = resumed.add(file)
    assert reader.opened_at == [0, at]
    assert reader.n_pages_read == 70
    uninterrupted = Library(tmp_path / "other", readers=OneReader(FormFeedReader()))
    assert list(document.pages) == list(uninterrupted.add(file).pages)
    assert contents(tmp_path / "cache") == contents(tmp_path / "other")


@pytest.mark.parametrize("stage", ["passages", "index"])
def test_ctrl_c_between_stages_does_not_read_again(tmp_path: Path, reader: FormFeedReader, stage: str) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.stage == stage:
            raise KeyboardInterrupt

    file = write_pages(tmp_path / "a.txt", 5)
    with pytest.raises(KeyboardInterrupt):
        _library(tmp_path, reader).add(file, on_progress=interrupt)
    library = _library(tmp_path, reader)
    assert len(library.passages(library.add(file).id)) == 5
    assert reader.n_pages_read == 5


def test_a_reader_that_fails_half_way_is_resumed(tmp_path: Path, reader: FormFeedReader) -> None:
    def fail(index: int) -> None:
        if index == 3:
            raise UnreadableDocument("a.txt", "the disk went away")

    reader.before_page = fail
    library, file = _library(tmp_path, reader), write_pages(tmp_path / "a.txt", 5)
    with pytest.raises(UnreadableDocument, match="the disk went away"):
        library.add(file)
    [unfinished] = library.documents()
    assert (unfinished.complete, unfinished.paths, unfinished.n_pages) == (False, (file,), 5)
    assert library.gc().documents == ()
    with pytest.raises(StoreError, match="interrupted; add the file again"):
        library.passages(unfinished.id)
    reader.before_page = lambda index: None
    assert len(library.add(file).pages) == 5
    assert reader.opened_at == [0, 3]


def test_a_newer_reader_reads_again(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 3)
    _library(tmp_path, reader).add(file)
    newer = FormFeedReader(version="2")
    _library(tmp_path, newer).add(file)
    assert newer.n_pages_read == 3


def test_a_newer_reader_does_not_resume_the_pages_of_the_old_one(tmp_path: Path) -> None:
    def interrupt(index: int) -> None:
        if index == 2:
            raise KeyboardInterrupt

    file = write_pages(tmp_path / "a.txt", 4)
    with pytest.raises(KeyboardInterrupt):
        _library(tmp_path, FormFeedReader(before_page=interrupt)).add(file)
    newer = FormFeedReader(version="2")
    _library(tmp_path, newer).add(file)
    assert newer.opened_at == [0]


@pytest.mark.parametrize("module", [passages, furniture, lexical])
def test_a_newer_splitter_or_index_does_not_read_again(
    tmp_path: Path, reader: FormFeedReader, monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    library, file = _library(tmp_path, reader), write_pages(tmp_path / "a.txt", 3)
    library.add(file)
    before = contents(tmp_path / "cache")
    monkeypatch.setattr(module, "VERSION", "another")
    stages: list[str] = []
    document = library.add(file, on_progress=lambda progress: stages.append(progress.stage))
    after = contents(tmp_path / "cache")
    assert reader.n_pages_read == 3
    assert set(stages) == ({"index"} if module is lexical else {"passages", "index"})
    assert after["passages"] == before["passages"]
    assert len([name for name in after if name.endswith("contents.json")]) == 1
    assert after.keys() != before.keys()
    stages.clear()
    library.add(file, on_progress=lambda progress: stages.append(progress.stage))
    assert stages == []
    assert len(library.passages(document.id)) == 3


def test_an_outdated_index_is_made_anew_without_the_file(
    tmp_path: Path, reader: FormFeedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, file = _library(tmp_path, reader), write_pages(tmp_path / "a.txt", 3)
    document = library.add(file)
    file.unlink()
    monkeypatch.setattr(passages, "VERSION", "another")
    assert len(library.passages(document.id)) == 3


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, reader: FormFeedReader, damage: str) -> None:
    library, file = _library(tmp_path, reader), write_pages(tmp_path / "a.txt", 3)
    library.add(file)
    before = contents(tmp_path / "cache")
    array = next((tmp_path / "cache" / "indexes").rglob("*units.npy"))
    array.unlink() if damage == "missing" else array.write_bytes(array.read_bytes()[:-4])
    library.add(file)
    assert contents(tmp_path / "cache") == before
    assert reader.n_pages_read == 3


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({"ocr": "off"}, False),
        ({"ocr_languages": ("deu",)}, False),
        ({"ocr": "force"}, True),
        ({"password": "unneeded", "page_timeout_s": 1.0, "limits": Limits(max_pages=9)}, False),
    ],
)
def test_ocr_options_matter_to_a_text_only_when_they_touch_it(
    tmp_path: Path, reader: FormFeedReader, changed: dict[str, object], again: bool
) -> None:
    file = write_pages(tmp_path / "a.txt", 3)
    _library(tmp_path, reader).add(file)
    _library(tmp_path, reader, replace(ReadOptions(), **changed)).add(file)  # type: ignore[arg-type]
    assert (reader.n_opened == 2) is again


@pytest.mark.parametrize("changed", [{"ocr": "off"}, {"ocr_languages": ("deu",)}])
def test_ocr_options_matter_to_pages_that_wanted_ocr(
    tmp_path: Path, reader: FormFeedReader, changed: dict[str, object]
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Some words.\f(picture)")
    _library(tmp_path, reader).add(file)
    _library(tmp_path, reader).add(file)
    assert reader.n_opened == 1
    _library(tmp_path, reader, replace(ReadOptions(), **changed)).add(file)  # type: ignore[arg-type]
    assert reader.n_opened == 2


def test_an_ocr_engine_installed_since_reads_what_nothing_could_read(tmp_path: Path, reader: FormFeedReader) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Some words.\f(picture)")
    library = _library(tmp_path, reader)
    library.add(file)
    reader.has_ocr = True
    library.add(file)
    assert reader.n_opened == 2
    library.add(file)
    assert reader.n_opened == 2


def test_a_document_without_text_says_why_each_time_and_is_read_once(tmp_path: Path, reader: FormFeedReader) -> None:
    file = tmp_path / "scan.txt"
    file.write_text("\f".join(["(picture)"] * 3 + [""]))
    library = _library(tmp_path, reader)
    for _ in range(2):
        with pytest.raises(NoTextFound) as caught:
            library.add(file)
    assert str(caught.value).startswith(f"{file}: there is no text in it: 4 pages, 1 blank, 3 unreadable")
    assert "install tesseract" in str(caught.value)
    assert reader.n_opened == 1


def test_a_file_that_changes_while_it_is_read_is_not_kept(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 3)

    def rewrite(index: int) -> None:
        if index == 0:
            write_pages(file, 4)

    reader.before_page = rewrite
    library = _library(tmp_path, reader)
    with pytest.raises(UnreadableDocument, match="changed while it was being read"):
        library.add(file)
    assert library.documents() == ()


def test_progress_runs_through_the_stages_to_their_ends(tmp_path: Path, reader: FormFeedReader) -> None:
    reports: list[Progress] = []
    _library(tmp_path, reader).add(write_pages(tmp_path / "a.txt", 40), on_progress=reports.append)
    stages = [report.stage for report in reports]
    assert list(dict.fromkeys(stages)) == ["reading", "passages", "index"]
    last = {report.stage: report for report in reports}
    assert all(report.done == report.total for report in last.values())
    assert [report.done for report in reports if report.stage == "reading"] == list(range(1, 41))


def test_an_encrypted_document_demands_its_password_when_it_is_in_the_store(
    tmp_path: Path, reader: FormFeedReader
) -> None:
    file = write_pages(tmp_path / "a.txt", 3, "password: otter\n")
    document = _library(tmp_path, reader).add(file, password="otter")
    library = _library(tmp_path, reader)
    for password in (None, "wrong"):
        with pytest.raises(PasswordRequired):
            library.add(file, password=password)
    for ask in (library.passages, library.indexed, library.document, lambda name: library.boxes(name, 0, [])):
        with pytest.raises(PasswordRequired):
            ask(document.id)
    with pytest.raises(PasswordRequired):
        library.find("a.txt")
    assert reader.n_pages_read == 3
    assert len(library.add(file, password="otter").pages) == 3
    assert len(library.passages(document.id)) == 3
    assert len(library.add(file).pages) == 3


def test_a_wrong_password_is_refused_after_the_right_one(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 3, "password: otter\n")
    library = _library(tmp_path, reader)
    library.add(file, password="otter")
    with pytest.raises(PasswordRequired):
        library.add(file, password="wrong")


def test_passwords_are_never_written_to_disk(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 3, "password: otter\n")
    library = _library(tmp_path, reader)
    library.add(file, password="otter")
    library.close()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert b"otter" not in stored


def test_an_encrypted_document_whose_file_is_gone_stays_shut(tmp_path: Path, reader: FormFeedReader) -> None:
    file = write_pages(tmp_path / "a.txt", 3, "password: otter\n")
    _library(tmp_path, reader).add(file, password="otter")
    file.unlink()
    with pytest.raises(PasswordRequired, match="its file is gone"):
        _library(tmp_path, reader).find("a.txt", password="otter")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path, reader: FormFeedReader) -> None:
    options = ReadOptions(limits=Limits(max_file_bytes=100))
    with pytest.raises(UnsafeDocument, match="more than the limit of 100"):
        _library(tmp_path, reader, options).add(write_pages(tmp_path / "a.txt", 3))
    assert reader.n_opened == 0
