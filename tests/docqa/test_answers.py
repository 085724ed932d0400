"""The answer schema: what is written can be read back, and prints as a person reads it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from docqa.answers import Absence, Answer, Citation, Coverage, Route, Statement, Support
from docqa.documents import Box
from docqa.errors import UsageError

CITATION = Citation(
    document="report.pdf",
    sha256="ab" * 32,
    part=11,
    page=12,
    page_label="8",
    locator="p. 8 (PDF 12)",
    start_char=40,
    end_char=62,
    quote="Sales were\n4 million.",
    verdict="verbatim",
    support=Support("supports", 1.0, "quotation"),
    boxes=(Box(72.0, 100.0, 200.0, 112.0), Box(72.0, 114.0, 100.0, 126.0)),
)
ANSWER = Answer(
    question="What were the sales?",
    status="answered",
    statements=(Statement("Sales were\n4 million.", (CITATION,)),),
    route=Route("rag", "one fact is asked for"),
    coverage=Coverage(20, 19, ("p. 3",)),
    warnings=("Page 12 was read by OCR.",),
    usage={"passages": 5},
    seconds={"total": 0.25},
)


def test_an_answer_survives_the_way_through_json() -> None:
    assert Answer.from_json(json.loads(json.dumps(ANSWER.to_json()))) == ANSWER


def test_an_abstention_survives_the_way_through_json() -> None:
    absence = Absence("Not found.", ("sales",), ("moon",), (replace(CITATION, support=None),))
    answer = replace(ANSWER, status="not_found", statements=(), absence=absence)
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))) == answer


def test_the_json_has_the_fields_that_the_schema_promises() -> None:
    data = ANSWER.to_json()
    assert data["schema"] == "docqa.answer/1"
    assert set(data) >= {"schema", "status", "answer", "statements", "route", "coverage", "usage", "seconds"}
    citation = data["statements"][0]["citations"][0]
    assert set(citation) >= {
        "document", "sha256", "page", "page_label", "start_char", "end_char", "boxes", "quote", "verdict", "support",
    }  # fmt: skip
    assert citation["boxes"] == [[72.0, 100.0, 200.0, 112.0], [72.0, 114.0, 100.0, 126.0]]


@pytest.mark.parametrize("data", [{}, [], {"schema": "docqa.answer/9"}, {"schema": "docqa.answer/1"}, None])
def test_something_else_than_a_saved_answer_is_refused_in_one_line(data: object) -> None:
    with pytest.raises(UsageError) as caught:
        Answer.from_json(data)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_answer_prints_its_statements_then_the_places_of_the_quotes() -> None:
    lines = str(ANSWER).splitlines()
    assert lines[0] == "Sales were 4 million. [1]"
    assert lines[2] == "[1] report.pdf, p. 8 (PDF 12) (verbatim, supports)"
    assert lines[-1] == "Read 19 of 20 pages; unreadable: p. 3."


def test_one_place_cited_twice_has_one_number() -> None:
    twice = replace(ANSWER, statements=ANSWER.statements * 2)
    assert [line for line in str(twice).splitlines() if line.startswith("[")] == [
        "[1] report.pdf, p. 8 (PDF 12) (verbatim, supports)"
    ]


def test_escape_sequences_in_a_document_do_not_reach_the_terminal() -> None:
    evil = replace(ANSWER, statements=(Statement("red \x1b[31m alert \u202e drawkcab", (CITATION,)),))
    assert "\x1b" not in str(evil)
    assert "\u202e" not in str(evil)
