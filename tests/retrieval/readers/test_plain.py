"""Plain text in every encoding and of every size."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from docqa.documents import Page, Span, locator
from docqa.errors import NoTextFound, UnsafeDocument
from docqa.retrieval.readers.base import Limits, ReadOptions
from docqa.retrieval.readers.flow import MAX_PAGE_CHARS
from docqa.retrieval.readers.registry import open_document
from tests.retrieval.readers.samples import marked, read, whole, write_plain

GERMAN = "Die Größe der Brücke beträgt fünfzig Meter. Über den Fluß führt keine zweite Straße, sagt der Bürgermeister."
RUSSIAN = "Мост через реку был построен в прошлом веке. Длина моста составляет пятьдесят метров, говорит инженер."
JAPANESE = "この橋は前世紀に建設されました。橋の長さは五十メートルです。技術者はそう言いました。"


def pages_of(tmp_path: Path, content: bytes) -> list[Page]:
    (tmp_path / "made.txt").write_bytes(content)
    return read(tmp_path / "made.txt")


def test_blank_lines_part_paragraphs_and_form_feeds_part_pages(tmp_path: Path) -> None:
    first, second = read(write_plain(tmp_path / "a.txt"))
    assert first.text == "First paragraph\nof two lines.\n\nSecond one."
    assert (first.place, first.number, second.place, second.number) == ("", None, "", None)
    assert locator(second, Span(0, 5)) == "paragraph 3"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "cp1251"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
    ],
)
def test_encodings_are_told_apart(tmp_path: Path, text: str, encoding: str) -> None:
    assert whole(pages_of(tmp_path, text.encode(encoding))) == text


def test_one_bad_byte_does_not_change_the_encoding(tmp_path: Path) -> None:
    content = (GERMAN.encode() + b"\xff" + GERMAN.encode()) * 3
    assert "Brücke" in whole(pages_of(tmp_path, content))


def test_an_encoding_that_shows_late_is_found(tmp_path: Path) -> None:
    content = b"plain words\n\n" * 90_000 + GERMAN.encode("cp1252")
    assert whole(pages_of(tmp_path, content)).endswith(GERMAN)


def test_invisible_characters_are_dropped_and_spaces_made_even(tmp_path: Path) -> None:
    content = "a\u200bb\u00adc\x01 \t d\u00a0e\u202etrap\u202c\U000e0041 \r\nnext\u2028line".encode()
    assert whole(pages_of(tmp_path, content)) == "abc d etrap\nnext\nline"


def test_joiners_of_persian_words_stay(tmp_path: Path) -> None:
    assert whole(pages_of(tmp_path, "می\u200cخواهم".encode())) == "می\u200cخواهم"


def test_a_log_without_blank_lines_is_cut_at_line_borders(tmp_path: Path) -> None:
    lines = [f"12:00:{n % 60:02d} event number {n}" for n in range(5000)]
    pages = pages_of(tmp_path, "\n".join(lines).encode())
    assert all(len(page.text) <= MAX_PAGE_CHARS for page in pages)
    assert whole(pages).split("\n") == lines
    assert {region.number for page in pages for region in page.regions} == {1}


def test_a_line_of_a_hundred_megabytes_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with open(path, "wb") as file:
        for _ in range(100):
            file.write(b"words " * (1_000_000 // 6))
    tracemalloc.start()
    started = time.process_time()
    with open_document(path, ReadOptions()) as reading:
        first = next(iter(reading))
    assert time.process_time() - started < 20
    assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
    tracemalloc.stop()
    assert len(first.text) <= MAX_PAGE_CHARS
    assert reading.n_pages > 5000


def test_reading_may_begin_at_any_page(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\f".join(f"page {n}" for n in range(9)))
    with open_document(path, ReadOptions(), first_page=7) as reading:
        assert reading.n_pages == 9
        assert [(page.index, page.text) for page in reading] == [(7, "page 7"), (8, "page 8")]


def test_a_file_read_twice_gives_the_same_pages_as_one_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\f".join(f"page {n} " + GERMAN for n in range(50)).encode()
    kept = pages_of(tmp_path, content)
    monkeypatch.setattr("docqa.retrieval.readers.reading.MAX_KEPT_CHARS", 100)
    assert pages_of(tmp_path, content) == kept
    with open_document(tmp_path / "made.txt", ReadOptions(), first_page=48) as reading:
        assert list(reading) == kept[48:]


def test_more_pages_than_the_limit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word\f" * 11)
    with pytest.raises(UnsafeDocument, match="more than 10 pages"):
        read(tmp_path / "a.txt", ReadOptions(limits=Limits(max_pages=10)))


def test_white_space_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextFound, match="has no text in it"):
        pages_of(tmp_path, b" \n\t\n\x0c\n" * 50)


def test_control_characters_alone_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextFound):
        pages_of(tmp_path, "\u200b\u200b\u00ad".encode())


def test_paragraph_regions_cover_their_paragraphs(tmp_path: Path) -> None:
    (page,) = pages_of(tmp_path, b"one\n\ntwo\nlines\n\nthree")
    assert marked(page, "paragraph") == ["one", "two\nlines", "three"]
    assert page.text == "one\n\ntwo\nlines\n\nthree"
