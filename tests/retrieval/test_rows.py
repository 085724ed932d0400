"""Pages and passages survive the way into the store and back, whatever they hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from docqa.documents import Box, Health, OcrWord, Page, Passage, Region, Span
from docqa.retrieval.rows import PAGE_COLUMNS, page_from, page_row, passage_from, passage_row

texts = st.text(st.characters(codec=None), max_size=60)  # lone surrogates and NUL included
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**6)
healths = st.builds(
    Health,
    source=st.sampled_from(["text", "ocr", "blank", "unreadable"]),
    garbled=st.booleans(),
    has_table=st.booleans(),
    n_hidden_chars=counts,
    ocr_engine=st.none() | texts,
    ocr_confidence=st.none() | numbers,
    note=texts,
)
regions = st.builds(
    Region, st.sampled_from(["heading", "table", "row", "hidden"]), counts, counts, counts, counts, texts, texts
)
words = st.builds(OcrWord, counts, counts, st.builds(Box, numbers, numbers, numbers, numbers), numbers)
pages = st.builds(
    Page,
    index=counts,
    text=texts,
    number=st.none() | counts,
    label=st.none() | texts,
    place=texts,
    width=numbers,
    height=numbers,
    health=healths,
    regions=st.lists(regions, max_size=3).map(tuple),
    words=st.lists(words, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(pages)
def test_a_page_comes_back_as_it_was(page: Page) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE pages ({PAGE_COLUMNS})")
        connection.execute(f"INSERT INTO pages VALUES ({', '.join('?' * len(page_row(page)))})", page_row(page))
        [row] = connection.execute(f"SELECT {PAGE_COLUMNS} FROM pages")
    assert page_from(row) == page


@settings(max_examples=60, deadline=None)
@given(st.builds(Span, counts, counts), texts, st.lists(texts, max_size=3).map(tuple), texts)
def test_a_passage_comes_back_as_it_was(sentence: Span, text: str, headings: tuple[str, ...], header: str) -> None:
    passage = Passage("d", 3, 5, 2, 2 + len(text), text, (sentence,), headings, header, "table")
    assert passage_from("d", passage_row(passage), "ab" + text + "cd") == passage
