"""A citation is shown only if its words stand at its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from docqa.agents.citing import cite, point_to
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.reasoner import DraftStatement, Evidence
from docqa.answers import Coverage
from docqa.documents import Box, Document, Health, Page, Passage, Span
from docqa.llm.reader import LexicalReader
from docqa.retrieval.retriever import Retrieval

TEXT = "The lease began in 2019. It ends on 31 May 2027. Renewal takes notice of six months."
DOCUMENT = Document("d" * 64, "lease.pdf", (Page(0, TEXT, number=1, label="i"),))
PASSAGE = Passage(DOCUMENT.id, 0, 0, 0, len(TEXT), TEXT, (Span(0, 24), Span(25, 48), Span(49, 84)))
END = Evidence(PASSAGE, Span(25, 48), 1.0)
REASONER = EmbeddedReasoner(LexicalReader())


class BoxPerCharacter:
    """A corpus whose boxes tell which span they were asked for."""

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        raise AssertionError("citing searches nothing")

    def passages(self, document: Document) -> Sequence[Passage]:
        raise AssertionError("citing reads no passages")

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        return [(Box(span.start_char, 0, span.end_char, 1),) for span in spans]

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        raise AssertionError("citing counts no pages")


CORPUS = BoxPerCharacter()


def test_a_quote_gets_its_place_its_box_and_its_verdict() -> None:
    (statement,) = cite([DraftStatement(END.quote, (END,))], [DOCUMENT], CORPUS, REASONER)
    (citation,) = statement.citations
    assert citation.quote == "It ends on 31 May 2027." == TEXT[citation.start_char : citation.end_char]
    assert (citation.page, citation.page_label, citation.locator) == (1, "i", "p. i (PDF 1)")
    assert citation.boxes == (Box(25, 0, 48, 1),)
    assert citation.verdict == "verbatim"
    assert citation.support is not None
    assert citation.support.label == "supports"


@pytest.mark.parametrize(
    "passage",
    [
        replace(PASSAGE, text=TEXT.replace("2027", "2029")),
        replace(PASSAGE, page=7),
        replace(PASSAGE, document_id="e" * 64),
        replace(PASSAGE, text="x" + TEXT[:-1]),
    ],
    ids=["changed digit", "page that is not there", "another document", "shifted by one"],
)
def test_a_quote_that_does_not_stand_at_its_place_is_dropped_with_its_statement(passage: Passage) -> None:
    lie = Evidence(passage, Span(25, 48), 1.0)
    assert cite([DraftStatement("It ends in 2029.", (lie,))], [DOCUMENT], CORPUS, REASONER) == ()
    assert point_to([lie], [DOCUMENT], CORPUS) == ()


def test_a_statement_keeps_the_citations_that_hold() -> None:
    lie = Evidence(replace(PASSAGE, text=TEXT.upper()), Span(0, 24), 1.0)
    (statement,) = cite([DraftStatement("It ends in 2027.", (lie, END))], [DOCUMENT], CORPUS, REASONER)
    assert [citation.quote for citation in statement.citations] == [END.quote]


def test_an_empty_quote_is_no_citation() -> None:
    nothing = Evidence(PASSAGE, Span(25, 25), 1.0)
    assert cite([DraftStatement("It ends.", (nothing,))], [DOCUMENT], CORPUS, REASONER) == ()


def test_a_quote_from_a_scan_carries_the_confidence_of_the_ocr() -> None:
    health = Health(source="ocr", ocr_engine="tesseract", ocr_confidence=0.87)
    scan = replace(DOCUMENT, pages=(replace(DOCUMENT.pages[0], health=health),))
    (statement,) = cite([DraftStatement(END.quote, (END,))], [scan], CORPUS, REASONER)
    assert statement.citations[0].ocr_confidence == 0.87
