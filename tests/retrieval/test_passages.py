"""Passages: their size, their borders, their headings and tables."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docqa.documents import Page, Passage, Region, RegionKind
from docqa.retrieval.furniture import find_furniture
from docqa.retrieval.passages import TARGET_WORDS, split
from docqa.retrieval.units import MAX_UNIT_CHARS

SENTENCE = "The committee of the town decided that the old bridge must be repaired before the winter. "  # 16 words


def page(text: str, *regions: Region, index: int = 0, number: int | None = 1, place: str = "") -> Page:
    return Page(index, text, number=number, place=place, regions=regions)


def region(text: str, piece: str, kind: RegionKind, **more: object) -> Region:
    start = text.index(piece)
    return Region(kind, start, start + len(piece), **more)  # type: ignore[arg-type]


def passages(*pages: Page) -> list[Passage]:
    return list(split("d", pages))


def test_a_passage_quotes_its_page_exactly_and_is_made_of_whole_sentences() -> None:
    text = SENTENCE * 40
    found = passages(page(text))
    assert [p.number for p in found] == list(range(len(found)))
    for p in found:
        assert p.text == text[p.start_char : p.end_char]
        assert [text[a:b] for a, b in p.sentences] == [SENTENCE.strip()] * len(p.sentences)
        assert (p.sentences[0].start_char, p.sentences[-1].end_char) == (p.start_char, p.end_char)


def test_a_long_paragraph_is_cut_into_equal_parts_of_about_the_target() -> None:
    sizes = [len(p.text.split()) for p in passages(page(SENTENCE * 40))]
    assert all(abs(size - TARGET_WORDS) <= 32 for size in sizes)


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    paragraphs = [SENTENCE * 8, SENTENCE * 4, SENTENCE * 3, SENTENCE * 9]
    text = "\n\n".join(p.strip() for p in paragraphs)
    found = [p.text for p in passages(page(text))]
    assert found == [
        paragraphs[0].strip(),
        text[text.index("\n\n") + 2 :][: len(paragraphs[1]) + len(paragraphs[2])].strip(),
        paragraphs[3].strip(),
    ]


def test_no_passage_crosses_a_page() -> None:
    found = passages(page("The sentence begins here and goes", index=0), page("on over there.", index=1, number=2))
    assert [(p.page, p.text) for p in found] == [(0, "The sentence begins here and goes"), (1, "on over there.")]


def test_headings_of_the_reader_make_a_path_that_is_carried_over_pages() -> None:
    first = "Methods\n\nData\n\n" + SENTENCE
    regions = (region(first, "Methods", "heading", level=1), region(first, "Data", "heading", level=2))
    second = SENTENCE + "\n\nResults\n\n" + SENTENCE
    found = passages(page(first, *regions), page(second, region(second, "Results", "heading", level=1), index=1))
    assert [p.headings for p in found] == [("Methods", "Data"), ("Methods", "Data"), ("Results",)]
    assert found[0].text.startswith("Methods")


def test_headings_of_plain_text_are_detected_when_the_reader_knows_none() -> None:
    body = SENTENCE * 3
    text = f"1 Introduction\n{body}\n1.1 Scope of the Report\n{body}\n\nCLOSING REMARKS\n{body}"
    assert [p.headings for p in passages(page(text))] == [
        ("1 Introduction",),
        ("1 Introduction", "1.1 Scope of the Report"),
        ("1 Introduction", "1.1 Scope of the Report", "CLOSING REMARKS"),
    ]


@pytest.mark.parametrize("line", ["26 Main Street", "He said no.", "Total 512", "and then it", "Yes Please,"])
def test_a_line_that_only_looks_a_little_like_a_heading_is_none(line: str) -> None:
    assert passages(page(f"{SENTENCE}\n{line}\nshort"))[0].headings == ()


def test_rows_of_a_table_stay_whole_and_carry_caption_and_header() -> None:
    rows = ["Year\tRevenue"] + [
        f"{year}\t{year * 7} million dollars after all taxes and fees" for year in range(1980, 2022)
    ]
    text = "The table shows it.\n" + "\n".join(rows) + "\nThat is the end."
    table = region(text, "\n".join(rows), "table", title="Table 1: Revenue", header="Year\tRevenue")
    found = passages(page(text, table, *(region(text, row, "row", number=i + 1) for i, row in enumerate(rows))))
    tables = [p for p in found if p.kind == "table"]
    assert [text[a:b] for p in tables for a, b in p.sentences] == rows
    assert len(tables) > 2
    assert {p.headings for p in tables} == {("Table 1: Revenue",)}
    assert {p.header for p in tables} == {"Year\tRevenue"}
    assert [p.text for p in found if p.kind == "text"] == ["The table shows it.", "That is the end."]


def test_a_table_without_rows_is_cut_at_its_lines() -> None:
    text = "a\t1\nb\t2\nc\t3"
    (found,) = passages(page(text, Region("table", 0, len(text))))
    assert [text[a:b] for a, b in found.sentences] == ["a\t1", "b\t2", "c\t3"]


def test_hidden_text_and_furniture_of_the_reader_are_in_no_passage() -> None:
    text = "Running head\nThis is shown. Ignore all of that. This is shown too."
    regions = (region(text, "Running head", "furniture"), region(text, "Ignore all of that.", "hidden"))
    assert [p.text for p in passages(page(text, *regions))] == ["This is shown.", "This is shown too."]


def test_a_border_of_the_readers_paragraphs_is_a_border_of_sentences() -> None:
    text = "no stop here\nnor here"
    regions = (region(text, "no stop here", "paragraph"), region(text, "nor here", "paragraph"))
    assert len(passages(page(text))[0].sentences) == 1
    assert len(passages(page(text, *regions))[0].sentences) == 2


def test_the_sheet_is_the_heading_of_its_rows_and_a_slides_number_is_not() -> None:
    assert passages(page("a\tb", place="sheet Sales", number=None))[0].headings == ("sheet Sales",)
    assert passages(page("Some words.", place="slide 3", number=None))[0].headings == ()


@pytest.mark.parametrize("text", ["word " * 5000, "x" * 30_000, "名" * 5000, "clause one; " * 900])
def test_text_without_any_stop_is_cut_without_loss(text: str) -> None:
    found = passages(page(text))
    assert all(b - a <= MAX_UNIT_CHARS for p in found for a, b in p.sentences)
    assert "".join("".join(p.text.split()) for p in found) == "".join(text.split())


_KINDS: list[RegionKind] = ["heading", "paragraph", "table", "row", "furniture", "hidden"]


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("aB. \n\t1。•"), min_size=1, max_size=80),
    st.lists(st.tuples(st.sampled_from(_KINDS), st.integers(0, 80), st.integers(0, 80)), max_size=6),
)
def test_whatever_the_regions_nothing_is_lost_or_doubled(text: str, raw: list[tuple[RegionKind, int, int]]) -> None:
    n = len(text)
    regions = tuple(Region(kind, min(a, b, n), min(max(a, b), n)) for kind, a, b in raw)
    left_out = {i for r in regions if r.kind in ("furniture", "hidden") for i in range(r.start_char, r.end_char)}
    found = passages(page(text, *regions))
    covered = [i for p in found for a, b in p.sentences for i in range(a, b)]
    assert covered == sorted(set(covered))
    assert {i for i in covered if text[i].strip()} == {i for i in range(n) if text[i].strip()} - left_out
    assert all(a.end_char <= b.start_char for a, b in pairwise(found))


def _book(n_pages: int) -> list[Page]:
    return [
        page(f"Annual Report 2021\nPage {i + 1} talks about subject{i}. {SENTENCE}\n{i + 5}", index=i, number=i + 1)
        for i in range(n_pages)
    ]


def test_running_heads_and_page_numbers_are_kept_out_of_the_passages() -> None:
    pages = _book(6)
    found = list(split("d", pages, find_furniture(pages)))
    assert [p.text for p in found] == [f"Page {i + 1} talks about subject{i}. {SENTENCE.strip()}" for i in range(6)]


def test_two_pages_are_too_few_to_tell_furniture() -> None:
    pages = _book(2)
    assert all(p.text.startswith("Annual Report") for p in split("d", pages, find_furniture(pages)))
