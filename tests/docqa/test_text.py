"""Sentences, blocks and words of plain text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docqa.text import Span, blocks, count_words, sentences, words


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["Dr. Smith went to Washington, D.C. yesterday.", "He left."],
        ["See Fig. 3 by J. Smith et al. (2019).", "It rose 3.5 %."],
        ["The man, e.g. Bob, i.e. Al, was no. 5.", "Yes.", "No.", "Fine."],
        ["He lives in the U.S.", "The U.S. Congress met."],
        ["In Sparf v. United States it held.", "E. O. Wilson agreed."],
        ["George W. Bush met NIKE, Inc. Revenues rose.", "But costs, cf. Eq. (3), fell."],
        ["It needs vitamin C.", "The rest is easy."],
        ["Then he paid $3.50 for it...", "And left."],
        ['"Why?" she asked.', '"Go!"', "It ended."],
        ["(It was late.)", "Nobody came [see below].", "That was all."],
        ["It was said.[12]", "Then [13] it ended."],
        ["Er kam am 3. Oktober 1990.", "Das war z.B. im 19. Jahrhundert."],
        ["M. Dupont est né vers 1900.", "Elle n’est pas venue.", "« Pourquoi ? »"],
        ["Fig. 3. Comparison of three methods.", "The first is best."],
        ["It was quiet . . . and dark.", "Then 1984 came."],
    ],
)
def test_a_stop_ends_a_sentence_only_where_it_is_one(parts: list[str]) -> None:
    assert cut(" ".join(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        ["今天天气很好。", "我们去公园！", "你去吗？", "他说１．５倍。"],
        ["これは本です。", "「はい。」", "終わり。"],
    ],
)
def test_east_asian_stops_need_no_space(parts: list[str]) -> None:
    assert cut("".join(parts)) == parts


@pytest.mark.parametrize(
    "parts",
    [
        ["هل هذا صحيح؟", "نعم هذا صحيح.", "انتهى"],
        ["یہ پہلا ہے۔", "یہ دوسرا ہے۔"],
        ["यह एक वाक्य है।", "यह दूसरा है।"],
        ["ይህ አንድ ነው።", "ሁለት ነው።"],
    ],
)
def test_each_script_has_its_own_stop(parts: list[str]) -> None:
    assert cut(" ".join(parts)) == parts


def test_a_line_break_inside_a_sentence_is_white_space() -> None:
    text = "The committee met in the town hall on a Monday and\ndecided nothing before the\nnext Tuesday. Then it left."
    assert cut(text) == [text[: text.index(" Then")], "Then it left."]


def test_headings_list_items_and_table_rows_are_sentences_of_their_own() -> None:
    parts = [
        "3.2 Results of the second trial",
        "We found that the width of a line of running text is about as\nlong as this one and that it has no stop",
        "• first item of the list",
        "• second item, which is long enough to be continued on the next line\nand ends there",
        "Year\tRevenue\tCost",
        "2021\t1. half\t3.5",
        "Total\t8.\t9",
    ]
    assert cut("\n".join(parts)) == parts


def test_the_short_last_line_of_a_paragraph_ends_it() -> None:
    first = "A paragraph without any stop at its end goes on over one full line of text and\nthen it ends early"
    second = "Another one begins with a capital letter and is again as long as a line should be"
    assert [(first + "\n" + second)[a:b] for a, b in blocks(first + "\n" + second)] == [first, second]


def test_the_start_is_added_to_every_offset() -> None:
    assert sentences("One. Two.", start=100) == [Span(100, 104), Span(105, 109)]


@pytest.mark.parametrize("text", ["", " \n\t ", "\n\n"])
def test_a_blank_text_has_no_sentences(text: str) -> None:
    assert sentences(text) == []
    assert blocks(text) == []


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.one_of(st.sampled_from(' \n\t.!?…。؟۔।"”)]([1aAbBéЖ字ไ5-•v'), st.characters(codec="utf-8")), max_size=120
    )
)
def test_every_character_belongs_to_exactly_one_sentence(text: str) -> None:
    spans = sentences(text)
    covered = [i for start, end in spans for i in range(start, end)]
    assert covered == sorted(set(covered))
    assert not "".join(c for i, c in enumerate(text) if i not in set(covered)).strip()
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state-of-the-art l’homme U.S. 1,821.5 AT&T.", ["state-of-the-art", "l’homme", "U.S", "1,821.5", "AT&T"]),
        ("a,b 1, 2", ["a", "b", "1", "2"]),
        ("我们用iPhone拍照", ["我们用", "iPhone", "拍照"]),
        ("लड़कियों का कि", ["लड़कियों", "का", "कि"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("snake_case — “quoted”", ["snake", "case", "quoted"]),
    ],
)
def test_words_of_any_script_are_found(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == found


def test_two_characters_of_an_unspaced_script_count_as_a_word() -> None:
    assert count_words("three plain words") == 3
    assert 4 <= count_words("今天天气很好我们") <= 5


@pytest.mark.parametrize(
    "line", ["." * 50_000, "a" * 50_000, ". " * 25_000, "( " * 25_000, "1." * 25_000, "\n" * 50_000, "Dr. " * 12_000]
)
def test_hostile_text_takes_no_longer_than_its_length(line: str) -> None:
    start = time.perf_counter()
    sentences(line)
    words(line)
    assert time.perf_counter() - start < 2
