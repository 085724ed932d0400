"""The laying out of headings, paragraphs and tables as pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docqa.documents import Page
from docqa.retrieval.readers.blocks import Block, Heading, Paragraph, Row, Table, header_text, is_header
from docqa.retrieval.readers.cleaning import clean_line, clean_lines
from docqa.retrieval.readers.flow import MAX_PAGE_CHARS, Naming, pages, pieces
from tests.retrieval.readers.samples import marked


def laid_out(*blocks: Block, naming: Naming | None = None) -> list[Page]:
    return list(pages(blocks, naming or Naming()))


def places(*blocks: Block, naming: Naming | None = None) -> list[str]:
    return [page.place for page in laid_out(*blocks, naming=naming)]


def test_a_heading_without_text_shares_the_page_of_the_deeper_one() -> None:
    (page,) = laid_out(Heading("A", 1), Heading("B", 2), Paragraph("text"))
    assert (page.place, page.text) == ("A > B", "A\nB\ntext")


def test_a_heading_without_text_before_its_equal_has_a_page() -> None:
    assert places(Heading("A", 1), Heading("B", 1), Paragraph("text")) == ["A", "B"]


def test_levels_that_are_skipped_still_nest() -> None:
    blocks: list[Block] = [
        Heading("A", 1),
        Paragraph("x"),
        Heading("C", 3),
        Paragraph("y"),
        Heading("B", 2),
        Paragraph("z"),
    ]
    assert places(*blocks) == ["A", "A > C", "A > B"]


def test_text_before_the_first_heading_has_a_name() -> None:
    blocks = (Paragraph("x"), Heading("A", 1), Paragraph("y"))
    assert places(*blocks) == ["start", "A"]
    assert places(*blocks, naming=Naming(title="Report")) == ["Report", "A"]
    assert places(Paragraph("x")) == [""]


def test_a_root_stands_above_all_but_is_not_said_twice() -> None:
    blocks = (Paragraph("x"), Heading("One", 1), Paragraph("y"), Heading("Two", 1), Paragraph("z"))
    assert places(*blocks, naming=Naming(root="one")) == ["one", "One", "one > Two"]


def test_paragraphs_are_numbered_within_their_section() -> None:
    first, second = laid_out(
        Heading("A", 1), Paragraph("1"), Paragraph("x", "hidden"), Paragraph("2"), Heading("B", 1), Paragraph("1")
    )
    assert [region.number for region in first.regions if region.kind == "paragraph"] == [1, 2]
    assert [region.number for region in second.regions if region.kind == "paragraph"] == [1]


def test_a_table_over_pages_has_its_header_on_each() -> None:
    rows = tuple(Row((str(n), "x" * 100)) for n in range(600))
    found = laid_out(Paragraph("Before."), Table(rows, "n\ttext", "Title"), Paragraph("After."))
    tables = [region for page in found for region in page.regions if region.kind == "table"]
    assert len(tables) == len(found) > 2
    assert {(table.header, table.title) for table in tables} == {("n\ttext", "Title")}
    numbers = [region.number for page in found for region in page.regions if region.kind == "row"]
    assert numbers == list(range(1, 601))


def test_a_long_heading_is_shortened_in_the_place_only() -> None:
    (page,) = laid_out(Heading("word " * 100, 1), Paragraph("text"))
    assert len(page.place) <= 120
    assert page.place.endswith("…")
    assert marked(page, "heading") == [("word " * 100).strip()]


BLOCKS = st.lists(
    st.one_of(
        st.builds(Heading, st.text(max_size=20).map(clean_line), st.integers(1, 6)),
        st.builds(
            Paragraph,
            st.text(max_size=30).flatmap(lambda text: st.integers(1, 2000).map(lambda n: clean_lines(text * n))),
            st.sampled_from(["paragraph", "hidden", "furniture"]),
        ),
        st.lists(st.lists(st.text(max_size=9).map(clean_line), max_size=4).map(Row), max_size=9).map(Table),
    ),
    max_size=12,
)


@given(BLOCKS)
def test_regions_cover_the_text_and_nothing_is_lost(blocks: list[Block]) -> None:
    found = laid_out(*blocks)
    for page in found:
        parts = [region for region in page.regions if region.kind != "table"]
        assert all(0 <= region.start_char < region.end_char <= len(page.text) for region in page.regions)
        assert all(a.end_char < b.start_char for a, b in pairwise(parts))
        between = [page.text[a.end_char : b.start_char] for a, b in pairwise(parts)]
        assert set(between) <= {"\n", "\n\n"}
        assert parts[0].start_char == 0
        assert parts[-1].end_char == len(page.text)
    given_text = "".join(_texts(blocks))
    assert "".join("".join(page.text.split()) for page in found) == "".join(given_text.split())


def _texts(blocks: Sequence[Block]) -> list[str]:
    return [
        text
        for block in blocks
        for text in (
            [cell for row in block.rows for cell in row.cells]
            if isinstance(block, Table)
            else [block.text]
            if isinstance(block, Heading | Paragraph)
            else []
        )
    ]


@given(st.text(alphabet="ab \n\t", max_size=300), st.integers(1, 20))
def test_pieces_lose_nothing_but_white_space(text: str, limit: int) -> None:
    found = list(pieces(text, limit))
    assert all(0 < len(piece) <= limit for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_long_paragraph_is_cut_at_a_line_or_a_space() -> None:
    found = laid_out(Paragraph("word " * 9000))
    assert all(page.text.endswith("word") and len(page.text) <= MAX_PAGE_CHARS for page in found)
    assert {region.number for page in found for region in page.regions} == {1}


@pytest.mark.parametrize(
    ("first", "following", "expected"),
    [
        (["Year", "Sales"], [["2020", "5"]], True),
        (["Country", "2020", "2021"], [["Peru", "1", "2"]], True),
        (["", "2020", "2021"], [["Peru", "1", "2"]], False),
        (["Peru", "1", "2"], [["Chile", "3", "4"]], False),
        (["Report"], [["a", "b"], ["c", "d"]], False),
        (["a", "a"], [["b", "c"]], False),
        (["Name"], [["Ada"], ["Bob"]], True),
        (["a", "b"], [], False),
        (["x" * 200, "b"], [["b", "c"]], False),
    ],
)
def test_which_rows_are_headers(first: list[str], following: list[list[str]], expected: bool) -> None:
    assert is_header(first, following) is expected


def test_header_rows_are_joined_by_column() -> None:
    assert header_text([["Region", "2021", "", "Note"], ["Region", "Q1", "Q2", ""]]) == "Region\t2021 Q1\t2021 Q2\tNote"
