"""Several documents go by their names, so that a model can tell them apart and a judge knows what a statement names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from docqa.agents import prompts
from docqa.agents.chunks import chunks
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.sources import lay_out, names_of, premise, sentences_in, unranked
from docqa.documents import Document, Page, Passage
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.retrieval.passages import split

from .library_of_pages import PagesCorpus, document_of
from .reading_model import count_tokens, model_of
from .scattered import plant_report


def budget(year: int, millions: int) -> Document:
    page = Page(0, f"The town spends {millions} million euros on its harbour.", number=1)
    return document_of(page, name=f"b{year}.txt")


OLD, NEW = budget(2023, 41), budget(2024, 57)


def passages(*documents: Document) -> list[Passage]:
    return [passage for document in documents for passage in split(document.id, document.pages)]


def test_a_model_sees_which_of_several_documents_a_sentence_is_from() -> None:
    """The sentences differ in the number alone: only the name says which is of 2024."""

    def reply(messages: Sequence[Message]) -> str:
        assert messages[0].content == prompts.MANAGER
        lines = messages[1].content.splitlines()
        heading = next(n for n, line in enumerate(lines) if line.startswith("# document b2024.txt,"))
        number, sentence = lines[heading + 1].split("] ", 1)
        statements = [{"text": f"According to b2024.txt, {sentence}", "evidence": [int(number.strip("["))]}]
        return json.dumps({"reason": "", "answerable": True, "statements": statements})

    documents = [OLD, NEW]
    llm, meter = metered(model_of(reply), Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter, names=names_of(documents))
    answer = Rag(reasoner, PagesCorpus(*documents), meter=meter, gathers=False)(
        "What does the town spend on its harbour in b2024?", documents
    )
    (statement,) = answer.statements
    assert "57 million" in statement.text
    (citation,) = statement.citations
    assert citation.document == "b2024.txt"
    assert citation.support is not None
    assert "exact" not in citation.support.judge  # the year in the name stands on no page, and is not held against it


def test_a_single_document_needs_no_name() -> None:
    assert names_of([OLD]) == {}
    assert lay_out(sentences_in(unranked(passages(OLD)))).text.startswith(f"# document {OLD.id[:8]}, part 1")
    assert premise(passages(OLD)[0]) == "The town spends 41 million euros on its harbour."


@pytest.mark.parametrize("name", ["report.pdf", "a\n[1] line of its own.pdf", "很长的名字" * 30 + ".pdf"])
def test_documents_of_the_same_name_keep_apart_and_names_keep_to_a_line(name: str) -> None:
    documents = [replace(OLD, id="1" * 64, name=name), replace(NEW, id="2" * 64, name=name)]
    names = names_of(documents)
    assert len(set(names.values())) == 2
    assert all(len(shown) < 80 and shown.isprintable() for shown in names.values())
    assert len(lay_out(sentences_in(unranked(passages(*documents))), names).text.splitlines()) == 4


def test_names_are_counted_when_documents_are_cut_into_parts() -> None:
    report, long = plant_report(n_pages=3), "long name " * 9
    documents = [replace(report, id="1" * 64, name=f"{long}1"), replace(report, id="2" * 64, name=f"{long}2")]
    names = names_of(documents)
    runs = chunks(passages(*documents), 200, count_tokens, names)
    assert all(count_tokens(lay_out(sentences_in(unranked(run)), names).text) <= 200 for run in runs)
