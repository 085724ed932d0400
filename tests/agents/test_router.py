"""Which way a question is sent, why, at what expected cost, and when a decline is accepted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Finished, Routed
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.estimates import Economics, estimates
from docqa.agents.router.features import Features, is_foreign, measure
from docqa.agents.router.routed import EXHAUSTIVE, Router
from docqa.agents.router.rules import decide, proved_share, reconsider
from docqa.agents.turns import WindowTurns
from docqa.answers import Answer, Coverage, Route, Statement
from docqa.documents import Page
from docqa.errors import UsageError
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.pricing import Price
from docqa.llm.reader import LexicalReader

from .library_of_pages import PagesCorpus, document_of
from .reading_model import model_of, reader_of
from .scattered import plant_report

FACT = Features("fact", 1, 100_000, 0.9, 1.0, 0.5, 0.5, 2, 0.1)
MODEL = Economics(context_length=32_768)
BIG = Economics(context_length=1_000_000)
SMALL = replace(FACT, n_tokens=3_000)


@pytest.mark.parametrize(
    ("features", "economics", "strategy"),
    [
        (FACT, MODEL, "rag"),
        (FACT, BIG, "rag"),
        (FACT, Economics(), "rag"),
        (SMALL, MODEL, "full_context"),
        (SMALL, Economics(), "rag"),
        (replace(FACT, kind="aggregation"), MODEL, "chain"),
        (replace(FACT, kind="aggregation"), Economics(), "chain"),
        (replace(SMALL, kind="aggregation"), MODEL, "chain"),
        (replace(FACT, kind="summary"), MODEL, "chain"),
        (replace(FACT, kind="summary"), BIG, "full_context"),
        (replace(FACT, kind="summary"), Economics(), "chain"),
        (replace(FACT, kind="comparison"), MODEL, "retrieve_then_reason"),
        (replace(FACT, kind="comparison"), BIG, "full_context"),
        (replace(FACT, kind="comparison"), Economics(), "retrieve_then_reason"),
        (replace(FACT, kind="reason"), MODEL, "retrieve_then_reason"),
        (replace(FACT, foreign=True), MODEL, "retrieve_then_reason"),
        (replace(FACT, foreign=True), Economics(), "rag"),
        (replace(SMALL, foreign=True), MODEL, "full_context"),
        (replace(FACT, kind="reason"), Economics(), "rag"),
    ],
)
def test_a_question_is_sent_where_its_kind_and_the_length_say(
    features: Features, economics: Economics, strategy: str
) -> None:
    decision = decide(features, economics)
    assert decision.strategy == strategy
    assert decision.reason
    assert ". " not in decision.reason


@pytest.mark.parametrize(
    ("budget", "strategy"),
    [
        (Budget(), "chain"),
        (Budget(max_tokens=200_000), "chain"),
        (Budget(max_tokens=20_000), "retrieve_then_reason"),
        (Budget(max_tokens=1_000), "rag"),
        (Budget(max_seconds=30), "retrieve_then_reason"),
        (Budget(max_cost=0.02), "retrieve_then_reason"),
    ],
)
def test_what_the_budget_does_not_allow_is_not_begun(budget: Budget, strategy: str) -> None:
    economics = replace(MODEL, price=Price(1.0, 4.0))
    assert decide(replace(FACT, kind="aggregation"), economics, budget).strategy == strategy


def test_the_whole_text_is_no_candidate_where_it_does_not_fit() -> None:
    named = [estimate.strategy for estimate in estimates(FACT, MODEL)]
    assert named == ["rag", "retrieve_then_reason", "chain"]
    assert "full_context" in [estimate.strategy for estimate in estimates(FACT, BIG)]


def test_without_a_model_nothing_is_called_and_reading_takes_time() -> None:
    for estimate in estimates(FACT, Economics()):
        assert (estimate.n_calls, estimate.output_tokens, estimate.cost) == (0, 0, 0.0)
        assert estimate.seconds > 0


@pytest.mark.parametrize("kind", ["fact", "aggregation"])
def test_the_estimate_of_a_chain_is_near_what_it_costs(kind: str) -> None:
    document = plant_report(n_pages=120)
    corpus = PagesCorpus(document)
    question = "What concerned valve D3?" if kind == "fact" else "List all incidents at a valve."
    llm, meter = metered(model_of(reader_of(r"valve D3\b")), Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter)
    turns = WindowTurns(corpus, reasoner)
    strategy = (Chain if kind == "fact" else Exhaustive)(reasoner, corpus, meter=meter, turns=turns)
    strategy(question, [document])
    features = measure(question, [document], corpus)
    assert features.kind == kind
    (estimate,) = [e for e in estimates(features, MODEL) if e.strategy == "chain"]
    assert estimate.input_tokens == pytest.approx(meter.usage.input_tokens, rel=0.3)
    assert estimate.n_calls == pytest.approx(meter.usage.n_calls, abs=1)


def answer(status: str, statements: Sequence[Statement] = ()) -> Answer:
    return Answer("q", status, tuple(statements), Route("rag", "r"), Coverage(1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "document_coverage", "tried", "second"),
    [
        (answer("not_found"), 0.95, ["rag"], "retrieve_then_reason"),
        (answer("not_found"), 0.3, ["rag"], None),
        (answer("not_found"), 0.95, ["rag", "retrieve_then_reason"], None),
        (answer("not_found"), 0.95, ["full_context"], None),
        (answer("partial", [Statement("x")]), 0.95, ["rag"], None),
        (answer("answered", [Statement("no citation bears it out")]), 0.95, ["rag"], "retrieve_then_reason"),
    ],
)
def test_a_decline_is_accepted_unless_there_is_a_reason_to_doubt_it(
    result: Answer, document_coverage: float, tried: list[str], second: str | None
) -> None:
    decision = reconsider(result, replace(FACT, document_coverage=document_coverage), tried)
    assert (decision and decision.strategy) == second


def test_features_tell_a_narrow_question_from_a_wide_one() -> None:
    document = plant_report(n_pages=30)
    corpus = PagesCorpus(document)
    narrow = measure("What concerned valve D3?", [document], corpus)
    wide = measure("On which shift was the pump oiled?", [document], corpus)
    absent = measure("Which zoologist painted the crocodile?", [document], corpus)
    assert narrow.gap > wide.gap
    assert narrow.tail < wide.tail
    assert narrow.entropy < wide.entropy
    assert absent.document_coverage < 0.5 < narrow.document_coverage
    assert narrow.n_tokens == pytest.approx(len(document.pages) * 320, rel=0.5)


def test_documents_without_a_word_of_the_question_have_features_too() -> None:
    document = document_of(Page(0, "It ends.", number=1))
    features = measure("Giraffe?", [document], PagesCorpus(document))
    assert (features.gap, features.entropy, features.spread, features.tail) == (0.0, 0.0, 0, 0.0)


def router(route: str = "auto", n_pages: int = 30) -> tuple[Router, PagesCorpus]:
    document = plant_report(n_pages=n_pages)
    reasoner, corpus = EmbeddedReasoner(LexicalReader()), PagesCorpus(document)
    strategies = (Rag(reasoner, corpus), RetrieveThenReason(reasoner, corpus), Chain(reasoner, corpus))
    return Router({**{s.name: s for s in strategies}, EXHAUSTIVE: Exhaustive(reasoner, corpus)}, corpus, route), corpus


def test_the_router_is_an_answerer_that_says_where_it_went_and_why() -> None:
    chosen, _ = router()
    document = plant_report(n_pages=30)
    counted = chosen("List all incidents that concerned a leak at a valve.", [document])
    assert counted.route.strategy == "chain"
    assert "every part is read" in counted.route.reason
    assert counted.statements[0].text.startswith("57 sentences found")
    assert chosen("What concerned valve D3?", [document]).route.strategy == "rag"


def test_a_route_that_was_asked_for_is_taken() -> None:
    chosen, _ = router("chain")
    answered = chosen("What concerned valve D3?", [plant_report(n_pages=30)])
    assert (answered.route.strategy, answered.route.reason) == ("chain", "it was asked for")
    with pytest.raises(UsageError, match="known: auto, rag, retrieve_then_reason, chain"):
        router("teleport")


def test_one_answer_ends_the_stream_whatever_was_tried_before() -> None:
    @dataclass(frozen=True, slots=True)
    class Deaf(LexicalReader):
        min_coverage: float = 2.0  # nothing is ever good enough

    chosen, corpus = router()
    reasoner = EmbeddedReasoner(Deaf())
    deaf = replace(
        chosen, strategies={s.name: s for s in (Rag(reasoner, corpus), RetrieveThenReason(reasoner, corpus))}
    )
    events = list(deaf.stream("What concerned valve D3?", [plant_report(n_pages=30)]))
    assert [event.strategy for event in events if isinstance(event, Routed)] == ["rag", "retrieve_then_reason"]
    assert [isinstance(event, Finished) for event in events] == [False] * (len(events) - 1) + [True]


def test_the_share_of_proved_statements_counts_only_what_a_citation_bears_out() -> None:
    chosen, _ = router()
    good = chosen("What concerned valve D3?", [plant_report(n_pages=30)])
    assert proved_share(good) == 1.0
    assert proved_share(replace(good, statements=(*good.statements[:1], Statement("said without proof")))) == 0.5


@pytest.mark.parametrize(
    ("question", "languages", "foreign"),
    [
        ("Wie hoch war der Überschuss im Jahr 2024?", ["en"], True),
        ("Wie hoch war der Überschuss im Jahr 2024?", ["en", "de"], False),
        ("2024年の営業黒字はいくらでしたか?", ["en"], True),
        ("What was the revenue of the Deutsche Bank?", ["en"], False),
        ("Revenue 2021?", ["de"], False),
        ("What was the revenue of the bank?", [""], False),
    ],
)
def test_a_question_is_foreign_when_no_document_is_in_its_language(
    question: str, languages: list[str], foreign: bool
) -> None:
    assert is_foreign(question, languages) is foreign


def test_a_question_in_another_language_is_put_into_that_of_the_document() -> None:
    """No word of the question stands in the document, so only the planner's words can find the sentence."""
    filler = plant_report(n_pages=40)
    fact = "Im Jahr 2024 wurde der Kran am Kai durch einen Bagger ersetzt."
    pages = [*filler.pages[:20], Page(20, fact, number=21), *(replace(p, index=p.index + 1) for p in filler.pages[20:])]
    document = replace(document_of(*pages), language="de")
    read = reader_of("Bagger")

    def reply(messages: Sequence[Message]) -> str:
        plan = {"kind": "fact", "queries": ["Kran am Kai ersetzt"]}
        return json.dumps(plan) if messages[0].content == prompts.PLANNER else read(messages)

    corpus = PagesCorpus(document)
    llm, meter = metered(model_of(reply), Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter)
    strategies = (Rag(reasoner, corpus, meter=meter, gathers=False), RetrieveThenReason(reasoner, corpus, meter=meter))
    router = Router({s.name: s for s in strategies}, corpus, economics=MODEL)
    question = "What was the lifting machine of the quay exchanged for?"
    assert measure(question, [document], corpus).foreign
    answer = router(question, [document])
    assert (answer.text, answer.route.strategy) == (fact, "retrieve_then_reason")
    assert replace(router, route="rag")(question, [document]).status == "not_found"
