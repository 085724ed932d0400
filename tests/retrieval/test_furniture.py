"""Running heads, page numbers and contents pages."""

from __future__ import annotations

import time

import pytest

from docqa.documents import Page
from docqa.retrieval.furniture import find_furniture

BODY = "Text of page {i} about the matter w{i} and nothing else.\nMore follows here {i}, and so on.\nIt ends in q{i}."


def furniture_of(texts: list[str], labels: list[str] | None = None) -> list[list[str]]:
    pages = [Page(i, text, number=i + 1, label=labels[i] if labels else None) for i, text in enumerate(texts)]
    furniture = find_furniture(pages)
    return [[line for a, b in furniture.spans(p) for line in p.text[a:b].split("\n")] for p in pages]


def book(head: str, foot: str, n: int = 8) -> list[str]:
    return [f"{head}\n{BODY}\n{foot}".format(i=i, n=i + 1) for i in range(n)]


def test_a_line_on_every_page_is_furniture_and_the_text_is_not() -> None:
    assert furniture_of(book("ACME  Report", "Page {n} of 8")) == [
        ["ACME  Report", f"Page {i + 1} of 8"] for i in range(8)
    ]


def test_left_and_right_pages_may_have_different_heads() -> None:
    texts = [f"{'The Title' if i % 2 else 'The Author'}\n{BODY.format(i=i)}" for i in range(10)]
    assert furniture_of(texts) == [["The Title"] if i % 2 else ["The Author"] for i in range(10)]


def test_a_foot_that_goes_on_with_the_title_of_the_chapter_is_furniture() -> None:
    chapters = ["1 The year", "1 The year", "2 Plants", "3 Finance", "Annex A", "4 Risks", "5 Outlook", "Glossary"]
    feet = [f"Harbour Energy Cooperative | Annual Report {chapter}" for chapter in chapters]
    texts = [f"Plate {i}x\nOf {i}w\n{chapters[i]}\n{BODY.format(i=i)}\n{foot}" for i, foot in enumerate(feet)]
    assert furniture_of(texts) == [[foot] for foot in feet]


def test_the_lines_of_a_form_begin_alike_and_stay() -> None:
    people = ["Ada Marsh", "Ole Vik", "Ines Coto", "Tom Reed", "Kai Holm", "Eva Lind", "Jan Berg", "Liv Dahl"]
    texts = [f"Name of the applicant here {person}\n{BODY.format(i=i)}" for i, person in enumerate(people)]
    assert furniture_of(texts) == [[]] * 8


def test_sentences_that_begin_alike_stay() -> None:
    texts = [f"{BODY.format(i=i)}\nThe following table shows the catch of ship {chr(65 + i)}:" for i in range(8)]
    assert furniture_of(texts) == [[]] * 8
    texts = [f"{BODY.format(i=i)}\nThe following table shows the catch of ship {chr(65 + i)}." for i in range(8)]
    assert furniture_of(texts) == [[]] * 8


def test_the_head_of_one_chapter_is_furniture() -> None:
    texts = [f"{'Beginnings' if i < 7 else f'Plate {i}x'}\n{BODY.format(i=i)}" for i in range(40)]
    assert furniture_of(texts)[:7] == [["Beginnings"]] * 7


def test_roman_and_arabic_page_numbers_are_told_from_other_numbers() -> None:
    texts = [BODY.format(i=i) + f"\n{['i', 'ii', 'iii', 'iv'][i] if i < 4 else i - 3}" for i in range(10)]
    assert furniture_of(texts) == [["i"], ["ii"], ["iii"], ["iv"], *[[str(i - 3)] for i in range(4, 10)]]


def test_numbers_at_the_bottom_that_do_not_count_pages_stay() -> None:
    values = [512, 87, 93, 1024, 4, 77, 36, 901]
    assert furniture_of([BODY.format(i=i) + f"\n{value}" for i, value in enumerate(values)]) == [[]] * 8


def test_the_printed_label_is_furniture() -> None:
    assert furniture_of([BODY.format(i=i) + f"\n- A{i}b -" for i in range(3)], ["A0b", "A1b", "A2b"]) == [
        ["- A0b -"],
        ["- A1b -"],
        ["- A2b -"],
    ]


CONTENTS = ["Contents", "1 Introduction 3", "2 Methods and data 7", "2.1 Sampling 8", "3 Results 15", "References 21"]


@pytest.mark.parametrize("leader", [" ", " ........ ", " . . . . . . ", "\t", " …… "])
def test_a_contents_page_is_furniture(leader: str) -> None:
    lines = [CONTENTS[0]] + [leader.join(line.rsplit(" ", 1)) for line in CONTENTS[1:]]
    found = furniture_of(["\n".join(lines), *(BODY.format(i=i) for i in range(4))])
    assert found == [lines, [], [], [], []]


def test_a_list_of_results_that_ends_in_numbers_is_text() -> None:
    scores = "Scores\nAnna 31\nBert 12\nCarl 55\nDora 7\nEmil 40\nFritz 3"
    assert furniture_of([scores, *(BODY.format(i=i) for i in range(4))]) == [[]] * 5


def test_dot_leaders_are_left_alone_in_a_document_of_two_pages() -> None:
    assert furniture_of(["Name ........ 1\nText.", "More text."]) == [[], []]


@pytest.mark.parametrize("line", ["." * 20_000, " " * 20_000 + "x", ". " * 10_000 + "1", "1 " * 10_000])
def test_hostile_lines_take_no_longer_than_their_length(line: str) -> None:
    start = time.perf_counter()
    furniture_of([line] * 4)
    assert time.perf_counter() - start < 2
