"""Chain-of-Agents: what it costs, what reaches the manager, and that no worker's lie gets through."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import pytest

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Finished, LimitReached, Read
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.reading_orders import ReadingOrder
from docqa.agents.sources import lay_out, sentences_in, unranked
from docqa.agents.turns import WindowTurns
from docqa.documents import Document, Page
from docqa.errors import OutOfBudget, UsageError
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.scripted import ScriptedLLM

from .library_of_pages import PagesCorpus, document_of
from .reading_model import model_of, reading_model
from .scattered import plant_report

QUESTION = "What concerned valve D3?"
WINDOW = Window(size=2800, unit=200, margin=50)


def chain(
    document: Document,
    model: ScriptedLLM,
    orders: tuple[ReadingOrder, ...] = ("document",),
    budget: Budget | None = None,
) -> Chain:
    llm, meter = metered(model, budget or Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter, WINDOW)
    corpus = PagesCorpus(document)
    return Chain(
        reasoner, corpus, meter=meter, turns=WindowTurns(corpus, reasoner), orders=orders, choose=reasoner.choose
    )


def test_the_chain_reads_every_part_once_and_answers_from_the_part_that_knows() -> None:
    document = plant_report(n_pages=20)
    model = reading_model(r"valve D3\b")
    answer = chain(document, model)(QUESTION, [document])
    assert [statement.text for statement in answer.statements] == ["Incident 104 concerned a leak at valve D3."]
    shown = [
        line for call in model.calls[:-1] for line in call.messages[1].content.splitlines() if line.startswith("[")
    ]
    assert len(shown) == 20 * 20 + 57
    assert [call.messages[0].content for call in model.calls] == [prompts.WORKER] * (len(model.calls) - 1) + [
        prompts.MANAGER
    ]


def test_calls_and_tokens_follow_the_formula_of_the_paper() -> None:
    """Input = n + l (p + c) + (c + p) for a document of n tokens as it is laid out, read in l turns, where p is the
    prompt with the question and c the communication unit; on 100,000 tokens at a window of 8,000."""
    document = plant_report(n_pages=255)
    corpus = PagesCorpus(document)
    known = "y " * 900
    final = json.dumps({"reason": "-", "answerable": False, "statements": []})

    def reply(messages: Sequence[Message]) -> str:
        """Each worker rewrites the notes to their full length; the first one also finds a sentence."""
        first = messages[1].content.count("none yet")
        unit = {"evidence": [1] * first, "partial_answer": known, "open_questions": []}
        return final if messages[0].content == prompts.MANAGER else json.dumps(unit)

    model = model_of(reply)
    llm, meter = metered(model, Budget())
    reasoner = LLMReasoner(llm, None, meter, Window(size=8000, unit=500, margin=100))
    Chain(reasoner, corpus, meter=meter, turns=WindowTurns(corpus, reasoner))(QUESTION, [document])

    n = model.count_tokens(lay_out(sentences_in(unranked(list(corpus.passages(document))))).text)
    p_worker = sum(model.count_tokens(message.content) for message in prompts.work(QUESTION, "", ""))
    p_manager = sum(model.count_tokens(message.content) for message in prompts.answer(QUESTION, "", ""))
    c = model.count_tokens(model.calls[1].messages[1].content.split("before you:\n")[1].split("\n\nQuestion")[0])
    assert 90_000 < n < 110_000
    l = math.ceil(n / reasoner.room(QUESTION))  # noqa: E741
    assert len(model.calls) == l + 1 == meter.usage.n_calls
    assert meter.usage.input_tokens == pytest.approx(n + l * (p_worker + c) + (c + p_manager), rel=0.03)
    n_reply = model.count_tokens(json.dumps({"evidence": [], "partial_answer": known, "open_questions": []}))
    assert meter.usage.output_tokens == pytest.approx(l * n_reply + model.count_tokens(final), rel=0.03)


def lying(messages: Sequence[Message]) -> str:
    """A worker that cites sentences of other parts and makes words up; a manager that believes it all."""
    lie = "Valve D3 exploded and was replaced by a valve of gold."
    if messages[0].content == prompts.WORKER:
        return json.dumps({"evidence": [9999, 5000, -3, 2], "partial_answer": lie, "open_questions": [lie]})
    n_sources = messages[1].content.count("\n[")
    statements = [{"text": lie, "evidence": [1, n_sources + 1]}, {"text": lie, "evidence": [777]}]
    return json.dumps({"reason": lie, "answerable": True, "statements": statements})


def test_every_quote_that_reaches_the_manager_stands_in_the_document_also_when_workers_lie() -> None:
    document = plant_report(n_pages=20)
    model = model_of(lying)
    answer = chain(document, model)(QUESTION, [document])
    text = "\n".join(page.text for page in document.pages)
    manager = model.calls[-1].messages
    assert manager[0].content == prompts.MANAGER
    quotes = [line.split("] ", 1)[1] for line in manager[1].content.splitlines() if line.startswith("[")]
    assert len(quotes) == len(model.calls) - 1
    assert all(quote in text for quote in quotes)
    assert answer.status == "not_found"
    assert answer.check is not None
    (refused,) = answer.check.refused
    assert refused.action == "statement_removed"
    assert all(citation.quote in text for citation in refused.citations)
    assert {citation.support and citation.support.label for citation in refused.citations} == {"unrelated"}


@pytest.mark.parametrize("order", ["document", "reversed", "bidirectional"])
def test_the_order_of_reading_may_be_chosen(order: ReadingOrder) -> None:
    document = plant_report(n_pages=20)
    model = reading_model(r"valve [DK]\d+\b")
    answer = chain(document, model, (order,))(QUESTION, [document])
    firsts = [int(call.messages[1].content.split(", part ")[1].split(":")[0]) for call in model.calls[:-1]]
    half = len(firsts) // 2
    expected = {
        "document": sorted(firsts),
        "reversed": sorted(firsts, reverse=True),
        "bidirectional": sorted(firsts[:half]) + sorted(firsts[half:], reverse=True),
    }
    assert firsts == expected[order]
    assert len({statement.text for statement in answer.statements}) == len(answer.statements) == 5


def test_a_limit_gives_the_best_answer_so_far_and_says_so() -> None:
    document = plant_report(n_pages=40)
    model = reading_model("Incident")
    events = list(chain(document, model, budget=Budget(max_tokens=9000)).stream(QUESTION, [document]))
    last = events[-1]
    assert isinstance(last, Finished)
    answer = last.answer
    assert answer.status == "partial"
    assert answer.statements
    assert any(isinstance(event, LimitReached) for event in events)
    assert any("parts were read" in warning and "9000 tokens" in warning for warning in answer.warnings)
    assert answer.usage["input_tokens"] + answer.usage["output_tokens"] <= 9000


def test_a_limit_before_anything_was_found_is_an_error() -> None:
    document = plant_report(n_pages=5)
    with pytest.raises(OutOfBudget):
        chain(document, reading_model("x"), budget=Budget(max_tokens=100))(QUESTION, [document])


def test_a_window_without_room_is_told_in_one_line() -> None:
    document = plant_report(n_pages=2)
    with pytest.raises(UsageError, match="no room"):
        chain(document, reading_model("x", context_length=600))(QUESTION, [document])


def test_without_a_language_model_the_chain_chooses_sentences_from_all_passages() -> None:
    document = plant_report(n_pages=30)
    answer = Chain(EmbeddedReasoner(LexicalReader()), PagesCorpus(document))(QUESTION, [document])
    assert answer.statements[0].text == "Incident 104 concerned a leak at valve D3."
    assert answer.usage["passages"] == len(PagesCorpus(document).passages(document))


def test_progress_is_told_turn_by_turn() -> None:
    document = document_of(Page(0, "It ends in May.", number=1))
    events = list(chain(document, reading_model("May")).stream("When does it end?", [document]))
    assert [event for event in events if isinstance(event, Read)] == [Read(1, 1, 1)]
