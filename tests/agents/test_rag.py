"""From a question to a checked answer without a language model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docqa.agents.embedded import EmbeddedReasoner, row_in_words
from docqa.agents.rag import Rag
from docqa.documents import Document, Health, Page, Region
from docqa.llm.reader import LexicalReader

from .library_of_pages import PagesCorpus, document_of

BRIDGE = Page(0, "The bridge was opened in 1932. Its main arch spans 503 metres. It is painted grey.", number=1)
HARBOUR = Page(1, "The harbour has two ferries. They leave every half hour. A crossing costs four dollars.", number=2)
TABLE_TEXT = "Passengers by year\nFerry\t2022\t2023\nNorth line\t1,200\t1,340\nSouth line\t900\t1,010"
TABLE = Page(
    2,
    TABLE_TEXT,
    number=3,
    regions=(
        Region("table", 19, len(TABLE_TEXT), title="Passengers by year", header="Ferry\t2022\t2023"),
        Region("row", 19, 34, number=1),
        Region("row", 35, 57, number=2),
        Region("row", 58, len(TABLE_TEXT), number=3),
    ),
)
DOCUMENT = document_of(BRIDGE, HARBOUR, TABLE)
REASONER = EmbeddedReasoner(LexicalReader())


def rag(*documents: Document) -> Rag:
    return Rag(REASONER, PagesCorpus(*documents))


def test_the_sentence_that_answers_is_quoted_first() -> None:
    answer = rag(DOCUMENT)("How many metres does the main arch span?", [DOCUMENT])
    assert answer.status == "answered"
    assert answer.statements[0].text == "Its main arch spans 503 metres."
    assert answer.statements[0].citations[0].locator == "p. 1"


def test_every_citation_is_the_pages_text_at_its_span() -> None:
    answer = rag(DOCUMENT)("What does a crossing of the harbour cost?", [DOCUMENT])
    assert answer.citations
    for citation in answer.citations:
        assert DOCUMENT.pages[citation.part].text[citation.start_char : citation.end_char] == citation.quote


def test_a_table_row_is_told_with_the_heads_of_its_columns_and_quoted_as_it_stands() -> None:
    answer = rag(DOCUMENT)("How many passengers had the North line?", [DOCUMENT])
    (first, *_) = answer.statements
    assert first.text == "Passengers by year: North line — 2022: 1,200; 2023: 1,340"
    assert first.citations[0].quote == "North line\t1,200\t1,340"
    assert first.citations[0].support is not None
    assert first.citations[0].support.judge == "table row"


@pytest.mark.parametrize(
    ("row", "header", "expected"),
    [
        ("a\t1\t2", "h\tx\ty", "a — x: 1; y: 2"),
        ("a\t1\t", "h\tx\ty", "a — x: 1"),
        ("a\t1", "h\tx\ty", "a — x: 1"),
        ("a\t1\t2", "x\ty", "a\t1\t2"),
        ("a\t1\t2", "", "a\t1\t2"),
        ("\t1\t2", "h\tx\ty", "\t1\t2"),
        ("h\tx\ty", "h\tx\ty", "h\tx\ty"),
        ("no cells", "no cells", "no cells"),
    ],
)
def test_cells_are_paired_with_heads_only_where_they_pair(row: str, header: str, expected: str) -> None:
    assert row_in_words(row, header) == expected


def test_a_question_about_something_else_is_refused_with_the_words_that_are_missing() -> None:
    answer = rag(DOCUMENT)("What is the capital of Mongolia?", [DOCUMENT])
    assert (answer.status, answer.statements) == ("not_found", ())
    assert answer.absence is not None
    assert set(answer.absence.missing_terms) == {"capital", "Mongolia"}
    assert answer.absence.nearest == ()


def test_a_refusal_points_to_the_nearest_passages() -> None:
    answer = rag(DOCUMENT)("Which zoologist painted the crocodile under quarantine?", [DOCUMENT])
    assert answer.absence is not None
    assert answer.absence.nearest[0].quote == "It is painted grey."
    assert answer.absence.nearest[0].support is None


def test_a_question_over_several_documents_finds_the_right_one() -> None:
    other = document_of(Page(0, "The tunnel was dug in 1964.", number=1), name="tunnel.pdf")
    answer = rag(DOCUMENT, other)("When was the tunnel dug?", [DOCUMENT, other])
    assert answer.citations[0].document == "tunnel.pdf"


def test_the_same_words_twice_are_quoted_once() -> None:
    repeated = document_of(BRIDGE, replace(BRIDGE, index=1, number=2))
    answer = rag(repeated)("How many metres does the main arch span?", [repeated])
    assert [statement.text for statement in answer.statements].count("Its main arch spans 503 metres.") == 1


def test_an_answer_that_rests_on_ocr_says_so() -> None:
    scan = replace(BRIDGE, health=Health(source="ocr", ocr_engine="tesseract", ocr_confidence=0.8))
    scanned = document_of(scan)
    answer = rag(scanned)("How many metres does the main arch span?", [scanned])
    assert any("OCR" in warning and "80%" in warning for warning in answer.warnings)


def test_unreadable_pages_are_counted_and_warned_of() -> None:
    lost = Page(1, "", number=2, health=Health(source="unreadable", note="no text layer"))
    torn = document_of(BRIDGE, lost)
    answer = rag(torn)("How many metres does the main arch span?", [torn])
    assert (answer.coverage.pages, answer.coverage.pages_read, answer.coverage.unreadable) == (2, 1, ("p. 2",))
    assert any("1 of 2 pages" in warning for warning in answer.warnings)


def test_a_question_that_no_quotation_answers_is_told_so() -> None:
    answer = rag(DOCUMENT)("Compare the main arch of the bridge and the harbour ferries.", [DOCUMENT])
    assert any("comparison" in warning for warning in answer.warnings)


def test_the_stages_are_timed() -> None:
    answer = rag(DOCUMENT)("How many metres does the main arch span?", [DOCUMENT])
    assert set(answer.seconds) == {"retrieve", "reason", "cite"}


def test_an_answer_that_may_be_none_carries_a_word_of_doubt() -> None:
    doubted = "may not answer this"
    strict = Rag(EmbeddedReasoner(LexicalReader(min_coverage=0.1, min_certain=0.99)), PagesCorpus(DOCUMENT))
    half = strict("Which metres does the zeppelin span?", [DOCUMENT])
    whole = strict("How many metres does the main arch span?", [DOCUMENT])
    assert any(doubted in warning for warning in half.warnings)
    assert not any(doubted in warning for warning in whole.warnings)


def test_a_refusal_names_what_the_nearest_passages_do_not_speak_of() -> None:
    strict = Rag(EmbeddedReasoner(LexicalReader(min_coverage=0.9)), PagesCorpus(DOCUMENT))
    answer = strict("How many metres does the main arch of Zanzibar span?", [DOCUMENT])
    assert answer.status == "not_found"
    assert answer.absence is not None
    assert "“Zanzibar”" in answer.absence.reason
