"""The router counts as the model counts, and goes another way where the whole text does not fit after all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from docqa.agents.chain import Chain
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Event, Routed
from docqa.agents.full_context import FullContext
from docqa.agents.graph import build_graph, run
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.estimates import Economics
from docqa.agents.router.lengths import ModelTokens
from docqa.agents.router.routed import Router
from docqa.agents.router.rules import Decision
from docqa.agents.sources import lay_out, sentences_in, unranked
from docqa.agents.strategy import last_answer
from docqa.agents.turns import WindowTurns
from docqa.app.answering import Answering
from docqa.app.config import Settings
from docqa.errors import ContextTooLong, DocumentsTooLong
from docqa.llm.base import Message
from docqa.llm.reader import LexicalReader
from docqa.llm.scripted import Limits, ScriptedLLM

from .library_of_pages import PagesCorpus
from .reading_model import reader_of
from .scattered import plant_report
from .test_router import FACT

REPORT = plant_report(n_pages=26)  # docqa takes it for 11,000 tokens: short enough to be read as a whole
CORPUS = PagesCorpus(REPORT)
QUESTION = "What concerned valve D3?"
WHOLE = lay_out(sentences_in(unranked(CORPUS.passages(REPORT)))).text
JUDGE = LexicalReader()


def counting_model(n_chars_per_token: float, context_length: int) -> tuple[ScriptedLLM, list[int]]:
    """A model with a vocabulary of its own, and the lengths of the texts that it was asked to count."""
    lengths: list[int] = []

    def count_tokens(text: str) -> int:
        lengths.append(len(text))
        return round(len(text) / n_chars_per_token)

    limits = Limits(context_length, 1_000, count_tokens)
    reply = reader_of(r"valve D3\b")
    return ScriptedLLM(lambda call: reply(call.messages), limits=limits, name="counting-model"), lengths


@pytest.mark.parametrize("n_chars_per_token", [1.0, 1.4, 4.0, 6.0])
def test_a_sample_tells_the_length_in_the_models_own_tokens_and_errs_on_the_high_side(n_chars_per_token: float) -> None:
    model, lengths = counting_model(n_chars_per_token, context_length=10_000_000)
    n_tokens = len(WHOLE) / n_chars_per_token
    assert n_tokens <= ModelTokens(model, CORPUS)([REPORT]) <= 1.4 * n_tokens
    assert sum(lengths) < len(WHOLE) / 2


def test_the_whole_text_is_counted_where_the_sample_comes_near_the_window() -> None:
    model, _ = counting_model(2.0, context_length=len(WHOLE) // 2)
    assert ModelTokens(model, CORPUS)([REPORT]) == round(len(WHOLE) / 2.0)


def test_a_short_document_is_counted_as_a_whole() -> None:
    short = plant_report(n_pages=3)
    corpus = PagesCorpus(short)
    model, _ = counting_model(3.0, context_length=10_000_000)
    text = lay_out(sentences_in(unranked(corpus.passages(short)))).text
    assert ModelTokens(model, corpus)([short]) == round(len(text) / 3.0)


def test_no_documents_have_no_tokens() -> None:
    model, _ = counting_model(3.0, context_length=8_000)
    assert ModelTokens(model, CORPUS)([]) == 0


def test_the_router_of_a_model_with_many_tokens_does_not_choose_the_whole_text() -> None:
    model, _ = counting_model(1.2, context_length=30_000)
    router = Answering(Settings(), CORPUS, EmbeddedReasoner(JUDGE), JUDGE, model).router()
    routed = [event for event in router.stream(QUESTION, [REPORT]) if isinstance(event, Routed)]
    assert [event.strategy for event in routed] == ["rag"]


def misjudging(model: ScriptedLLM, route: str = "auto") -> Router:
    """A router that takes the document for a short one, whatever the model says."""
    reasoner = LLMReasoner(model, JUDGE)
    strategies = (
        Rag(reasoner, CORPUS, gathers=False),
        RetrieveThenReason(reasoner, CORPUS),
        Chain(reasoner, CORPUS, turns=WindowTurns(CORPUS, reasoner)),
        FullContext(reasoner, CORPUS),
    )
    economics = Economics(model.context_length)
    return Router({s.name: s for s in strategies}, CORPUS, route, economics, n_tokens=lambda _: 3_000)


Ask = Callable[[Router], Iterator[Event]]


@pytest.fixture(params=["plain", "graph"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ask]:
    """The question to the router, and to the graph that is its twin."""
    connection = sqlite3.connect(tmp_path / "runs.sqlite", check_same_thread=False)
    saver = SqliteSaver(connection)
    twins: dict[str, Ask] = {
        "plain": lambda router: router.stream(QUESTION, [REPORT]),
        "graph": lambda router: run(build_graph(lambda: router, [REPORT], saver), {"question": QUESTION}, "r1"),
    }
    yield twins[request.param]
    connection.close()


def test_where_the_whole_text_does_not_fit_the_next_way_is_taken_and_the_reason_says_so(ask: Ask) -> None:
    model, _ = counting_model(1.2, context_length=30_000)
    events = list(ask(misjudging(model)))
    answer = last_answer(events)
    assert [event.strategy for event in events if isinstance(event, Routed)] == ["full_context", "rag"]
    assert (answer.status, answer.route.strategy) == ("answered", "rag")
    assert "Incident 104" in answer.text
    assert "does not fit" in answer.route.reason
    assert ". " not in answer.route.reason


def test_a_server_that_finds_the_whole_text_too_long_is_asked_another_way(ask: Ask) -> None:
    reply = reader_of(r"valve D3\b")

    def strict(messages: Sequence[Message]) -> str | ContextTooLong:
        n_chars = sum(len(message.content) for message in messages)
        return ContextTooLong("the server's window is shorter") if n_chars > 20_000 else reply(messages)

    limits = Limits(60_000, 1_000, lambda text: len(text) // 6)
    model = ScriptedLLM(lambda call: strict(call.messages), limits=limits)
    answer = last_answer(ask(misjudging(model)))
    assert (answer.status, answer.route.strategy) == ("answered", "rag")
    assert "does not fit" in answer.route.reason


def test_a_second_thought_is_still_taken_after_the_whole_text_did_not_fit(ask: Ask) -> None:
    limits = Limits(30_000, 1_000, lambda text: round(len(text) / 1.2))
    silent = reader_of("no such sentence")
    model = ScriptedLLM(lambda call: silent(call.messages), limits=limits)
    events = list(ask(misjudging(model)))
    routed = [event.strategy for event in events if isinstance(event, Routed)]
    assert routed == ["full_context", "rag", "retrieve_then_reason"]
    assert last_answer(events).status == "not_found"


def test_the_whole_text_that_was_asked_for_and_does_not_fit_is_one_clear_error(ask: Ask) -> None:
    model, _ = counting_model(1.2, context_length=30_000)
    with pytest.raises(DocumentsTooLong, match=r"tokens and counting-model takes .* use --route chain"):
        list(ask(misjudging(model, "full_context")))
    assert model.calls == []


@pytest.mark.parametrize(
    ("kind", "strategy"), [("fact", "rag"), ("summary", "chain"), ("comparison", "retrieve_then_reason")]
)
def test_what_is_taken_instead_of_the_whole_text_depends_on_the_question(kind: str, strategy: str) -> None:
    features = replace(FACT, kind=kind, n_tokens=3_000)  # type: ignore[arg-type]
    model, _ = counting_model(1.2, context_length=32_768)
    decision = misjudging(model).instead(Decision("full_context", "it was short"), features)
    assert decision is not None
    assert decision.strategy == strategy
    assert "full_context" not in [estimate.strategy for estimate in decision.estimates]
