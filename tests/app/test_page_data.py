"""What the page's own parts are given: plain values, with text as it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from docqa.answers import Statement
from docqa.app.evidence_cards import evidence
from docqa.app.page_data import answer_data, evidence_data, part_data
from docqa.documents import Document, Page, Span

from .answers_of_ours import ANSWERED, NOT_FOUND, SCANNED, citation


def test_sentences_come_with_their_numbers_and_with_what_answers_in_them() -> None:
    data = answer_data("r1", ANSWERED)
    assert data["run"] == "r1"
    assert data["sentences"] == [
        {"parts": ("The rent is ", "48,500 dollars", "."), "numbers": [1], "tone": "good"},
        {"parts": ("", "", "It runs until 2027."), "numbers": [2, 1], "tone": "good"},
    ]
    weak = replace(ANSWERED, statements=(Statement("😀 It ends.", (SCANNED,), Span(2, 4)),))
    assert answer_data("r1", weak)["sentences"][0] == {"parts": ("😀 ", "It", " ends."), "numbers": [1], "tone": "weak"}


def test_cards_name_their_pictures_and_where_the_words_are() -> None:
    data = evidence_data("r1", evidence(NOT_FOUND).nearest)
    (card,) = json.loads(json.dumps(data))["cards"]
    assert card["crop"] == "/docqa/runs/r1/cards/1/crop.png"
    assert card["parts"] == f"/docqa/documents/{'ab' * 32}/parts"
    assert (card["part"], card["start"], card["end"], card["kind"]) == (11, 10, 37, "picture")


def test_a_citation_without_pages_is_shown_as_text() -> None:
    answer = replace(ANSWERED, statements=(Statement("x", (replace(citation(), page=None),)),))
    assert evidence_data("r1", evidence(answer).cited)["cards"][0]["kind"] == "text"


def test_a_part_is_its_text_and_its_place() -> None:
    pages = (Page(0, "one", number=1, label="i"), Page(1, "two <b>", place="sheet Sales"), Page(2, "three"))
    document = Document("ab", "d.xlsx", pages)
    assert part_data(document, 0) == {"document": "d.xlsx", "place": "p. i (PDF 1)", "parts": 3, "text": "one"}
    assert [part_data(document, n)["place"] for n in (1, 2)] == ["sheet Sales", "part 3"]
    with pytest.raises(IndexError):
        part_data(document, 3)
