"""Names that a whole document is about stand above every passage of it."""

from __future__ import annotations

from docqa.agents.embedded import candidates_of
from docqa.documents import Document, Page
from docqa.retrieval.furniture import find_furniture
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument
from docqa.retrieval.subjects import subject_of

BODY = "The mill of part {} ground {} tonnes. Its owner was the miller Osric Vane, who sold flour to the town."


def document_of(name: str, head: str, n_pages: int = 8) -> Document:
    texts = [f"{head}\n{BODY.format(chr(65 + i), 40 + i)}" for i in range(n_pages)]
    return Document(name, name, [Page(i, text, number=i + 1) for i, text in enumerate(texts)], language="en")


def source_of(document: Document) -> IndexedDocument:
    passages = list(split(document.id, document.pages, find_furniture(document.pages)))
    return IndexedDocument(document, passages, LexicalIndex.build(passages, "en"))


def test_a_name_in_the_file_name_the_running_head_or_the_title_is_the_subject() -> None:
    assert subject_of("What did Harrow earn?", document_of("HARROW_2024.pdf", "Report")) == "Harrow"
    assert subject_of("How much does Harrow's mill grind?", document_of("a.pdf", "Harrow Mills | Report")) == "Harrow"
    assert subject_of("How much did Osric Harrow grind?", document_of("a.pdf", "Harrow Mills")) == "Osric Harrow"
    pages = [Page(0, "Harrow Mills\n\n" + "Text. " * 200, number=1)]
    assert subject_of("What did Harrow earn?", Document("b", "b.txt", pages)) == "Harrow"


def test_other_names_are_not() -> None:
    document = document_of("a.pdf", "Harrow Mills | Report")
    assert subject_of("What did Tidewater earn?", document) == ""
    assert subject_of("What is the rate?", document) == ""
    late = Document("b", "b.txt", [Page(0, "Report. " + "Text. " * 200 + "Harrow is a town.", number=1)])
    assert subject_of("What did Harrow earn?", late) == ""


def test_the_subject_counts_as_standing_above_each_passage_of_its_own_document() -> None:
    harrow, other = document_of("a.pdf", "Harrow Mills | Report"), document_of("b.pdf", "Copper Works | Report")
    retriever = HybridRetriever([source_of(harrow), source_of(other)])
    found = retriever.search("How many tonnes did the mill of Harrow grind in part C?", 4)
    assert found.evidence.subjects == {"a.pdf": "Harrow"}
    assert "Harrow" not in found.evidence.missing
    contexts = {c.context for c in candidates_of(found.hits, found.evidence.subjects)}
    assert {context.startswith("Harrow\n") for context in contexts} == {True, False}
    assert {c.context for c in candidates_of(found.hits)} == {c.removeprefix("Harrow\n") for c in contexts}
