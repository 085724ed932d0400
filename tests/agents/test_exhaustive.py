"""Questions for all of something are answered by reading everything and counting in code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from docqa.agents.chunks import Window
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.reasoner import Reasoner
from docqa.agents.turns import WindowTurns
from docqa.documents import Document, Page
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.scripted import ScriptedLLM

from .library_of_pages import PagesCorpus, document_of
from .reading_model import model_of, reader_of, reading_model
from .scattered import N_ITEMS, item, plant_report

QUESTION = "List all incidents that concerned a leak at a valve."
WINDOW = Window(size=3200, unit=200, margin=50)


def with_model(document: Document, model: ScriptedLLM, budget: Budget | None = None) -> Exhaustive:
    llm, meter = metered(model, budget or Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter, WINDOW)
    corpus = PagesCorpus(document)
    return Exhaustive(reasoner, corpus, meter=meter, turns=WindowTurns(corpus, reasoner), n_parallel=4, what="items")


def listed(texts: list[str]) -> set[str]:
    return {item(number) for number in range(N_ITEMS)} & set(texts)


def test_all_57_of_57_scattered_items_are_found_and_counted_with_a_model() -> None:
    document = plant_report()
    answer = with_model(document, reading_model("^Incident"))(QUESTION, [document])
    assert answer.statements[0].text.startswith("57 items found; all ")
    assert len(listed([statement.text for statement in answer.statements])) == N_ITEMS
    assert len(answer.statements) == 1 + N_ITEMS
    assert len(answer.statements[0].citations) == N_ITEMS
    assert set(answer.statements[0].citations) == {c for s in answer.statements[1:] for c in s.citations}


def test_all_57_of_57_are_found_and_counted_without_a_language_model() -> None:
    document = plant_report()
    answer = Exhaustive(EmbeddedReasoner(LexicalReader()), PagesCorpus(document))(QUESTION, [document])
    assert answer.statements[0].text.startswith("57 sentences found; all ")
    assert len(listed([statement.text for statement in answer.statements])) == N_ITEMS


@pytest.mark.parametrize("kind", ["model", "embedded"])
def test_plain_rag_does_not_find_them_all(kind: str) -> None:
    document = plant_report()
    model: Reasoner = LLMReasoner(reading_model("^Incident"), LexicalReader())
    reasoner = EmbeddedReasoner(LexicalReader(), max_statements=100) if kind == "embedded" else model
    answer = Rag(reasoner, PagesCorpus(document))(QUESTION, [document])
    assert 0 < len(listed([statement.text for statement in answer.statements])) < N_ITEMS


def test_the_same_thing_in_two_places_counts_once_with_both_places() -> None:
    document = plant_report()
    reply = reader_of("Incident 1(10|11) ")

    def one_name(messages: Sequence[Message]) -> str:
        data = json.loads(reply(messages))
        return json.dumps({"items": [{**found, "text": "leak"} for found in data["items"]]})

    answer = with_model(document, model_of(one_name))(QUESTION, [document])
    assert answer.statements[0].text.startswith("1 item")
    assert len(answer.statements[1].citations) == 2


def test_a_limit_is_told_in_the_count() -> None:
    document = plant_report()
    answer = with_model(document, reading_model("^Incident"), Budget(max_tokens=20_000))(QUESTION, [document])
    assert answer.status == "partial"
    assert answer.statements[0].text.startswith("At least ")
    assert "parts were read before a limit" in answer.statements[0].text


def test_nothing_of_the_kind_is_said_after_reading_everything() -> None:
    document = plant_report(n_pages=3)
    answer = with_model(document, reading_model("giraffe"))("List all giraffes.", [document])
    assert answer.absence is not None
    assert "passages were read" in answer.absence.reason


def test_a_part_whose_worker_fails_is_not_passed_off_as_read() -> None:
    document = plant_report()
    right, n_calls = reader_of("^Incident"), [0]

    def failing_once(messages: Sequence[Message]) -> str:
        n_calls[0] += 1
        return "purple" if n_calls[0] <= 2 else right(messages)

    exhaustive = with_model(document, model_of(failing_once))
    answer = replace(exhaustive, n_parallel=1)(QUESTION, [document])
    assert answer.statements[0].text.startswith("At least ")
    n_parts = len(WindowTurns(PagesCorpus(document), exhaustive.reasoner)(QUESTION, [document]))  # type: ignore[arg-type]
    assert f"{n_parts - 1} of {n_parts} parts were read." in answer.statements[0].text
    assert any(f"1 of {n_parts} parts could not be used" in warning for warning in answer.warnings)


def test_words_of_the_request_name_nothing() -> None:
    document = plant_report()
    embedded = Exhaustive(EmbeddedReasoner(LexicalReader()), PagesCorpus(document))
    question = "How many incidents are mentioned in this report in total?"
    assert embedded(question, [document]).statements[0].text.startswith("57 sentences found")
    assert embedded("List all that is mentioned in the report.", [document]).status == "not_found"


def test_only_a_page_that_the_question_names_is_counted() -> None:
    document = document_of(*(Page(i, f"Valve {i} leaks. Valve {i + 10} leaks.", number=i + 1) for i in range(4)))
    answer = Exhaustive(EmbeddedReasoner(LexicalReader()), PagesCorpus(document))(
        "List all valves on page 2.", [document]
    )
    assert answer.statements[0].text == "2 sentences found; all 1 passages on page 2 were read."
    assert {c.page for s in answer.statements for c in s.citations} == {2}


def test_a_number_is_matched_whole_and_the_form_of_the_reply_is_no_subject() -> None:
    document = document_of(
        Page(
            0,
            "The report is Exhibit P-10. It denies Exhibit P-1. See Exhibit P-101. So says exhibit P-10 too.",
            number=1,
        )
    )
    strategy = Exhaustive(EmbeddedReasoner(LexicalReader()), PagesCorpus(document))
    question = 'How often is Exhibit P-10 mentioned? Write the answer as a formatted list, for example ["1", "2"].'
    answer = strategy(question, [document])
    found = [statement.text for statement in answer.statements[1:]]
    assert found == ["The report is Exhibit P-10.", "So says exhibit P-10 too."]
