"""Passage orders, rounds of queries, and the whole document at once."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from docqa.agents import prompts
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Searched
from docqa.agents.full_context import FullContext
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import Meter
from docqa.agents.ordering import ORDERS, PassageOrder, passage_order
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.sources import unranked
from docqa.agents.strategy import last_answer
from docqa.documents import Page, Passage
from docqa.errors import UsageError
from docqa.llm.attention.report import AttentionReport
from docqa.llm.base import Message, Usage
from docqa.llm.reader import LexicalReader

from .library_of_pages import PagesCorpus, document_of
from .reading_model import model_of, numbered_lines, reader_of, reading_model
from .scattered import plant_report

HOPS = document_of(
    Page(0, "The north mill is run by Berta Lindqvist.", number=1),
    Page(1, "Berta Lindqvist was born in the town of Ystad.", number=2),
    *(Page(n, f"Shed number {n} keeps nails, rope and {n} barrels of tar for the winter.", number=n + 1)
      for n in range(2, 40)),
)  # fmt: skip
JUDGE = LexicalReader()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("rank", [4, 1, 3, 0, 2]),
        ("edges", [4, 3, 2, 0, 1]),
        ("document", [0, 1, 2, 3, 4]),
        ("best_last", [2, 0, 3, 1, 4]),
    ],
)
def test_passages_are_shown_in_the_order_asked_for(order: PassageOrder, expected: list[int]) -> None:
    ranked = [Passage("d" * 64, n, n, 0, 1, "x") for n in (4, 1, 3, 0, 2)]
    assert [hit.passage.number for hit in ORDERS[order](unranked(ranked).hits)] == expected


def test_an_order_of_passages_is_told_by_name() -> None:
    assert [passage_order(name) for name in ORDERS] == list(ORDERS)
    with pytest.raises(UsageError, match="known: rank, edges, document, best_last"):
        passage_order("worst")


def test_the_edges_order_is_that_of_llama_index() -> None:
    from llama_index.core.postprocessor import LongContextReorder
    from llama_index.core.schema import NodeWithScore, TextNode

    n_hits = 7
    nodes = [NodeWithScore(node=TextNode(text=str(n)), score=float(n_hits - n)) for n in range(n_hits)]
    theirs = [int(node.text) for node in LongContextReorder().postprocess_nodes(nodes)]
    ranked = [Passage("d" * 64, n, n, 0, 1, "x") for n in range(n_hits)]
    ours = [hit.passage.number for hit in ORDERS["edges"](unranked(ranked).hits)]
    assert ours in (theirs, theirs[::-1])


def test_rag_with_a_model_costs_one_call() -> None:
    document = plant_report(n_pages=10)
    model = reading_model(r"valve D3\b")
    rag = Rag(LLMReasoner(model, JUDGE), PagesCorpus(document), gathers=False, order="edges")
    answer = rag("What concerned valve D3?", [document])
    assert answer.text == "Incident 104 concerned a leak at valve D3."
    assert len(model.calls) == 1


def hopping(messages: Sequence[Message]) -> str:
    """A model that looks for the person, and once it knows her asks where she was born."""
    system, lines = messages[0].content, numbered_lines(messages)
    found = [n for n, text in lines if "Lindqvist" in text]
    if system == prompts.PLANNER:
        return json.dumps({"kind": "fact", "queries": ["who runs the north mill"]})
    if system == prompts.WORKER:
        born = any("born" in text for _, text in lines) or "born" in messages[1].content.split("before you:")[1]
        todo = [] if born else ["Berta Lindqvist born"]
        return json.dumps({"evidence": found, "partial_answer": "Lindqvist", "open_questions": todo})
    statements = [{"text": "She was born in the town of Ystad.", "evidence": found}]
    return json.dumps({"reason": "", "answerable": any("Ystad" in text for _, text in lines), "statements": statements})


QUESTION = "Who runs the north mill?"


def test_a_second_hop_is_found_by_a_follow_up_query_and_missed_by_rag() -> None:
    question, corpus = "From where does the head of the north mill come?", PagesCorpus(HOPS)
    model = model_of(hopping)
    answer = RetrieveThenReason(LLMReasoner(model, JUDGE), corpus, k=1)(question, [HOPS])
    assert answer.text == "She was born in the town of Ystad."
    assert {citation.page for citation in answer.citations} == {1, 2}
    assert Rag(LLMReasoner(model, JUDGE), corpus, k=1)(question, [HOPS]).status == "not_found"


def test_rounds_end_even_when_a_model_never_stops_asking() -> None:
    def asking(messages: Sequence[Message]) -> str:
        numbers = [n for n, _ in numbered_lines(messages)]
        if messages[0].content == prompts.WORKER:
            return json.dumps(
                {"evidence": numbers, "partial_answer": "", "open_questions": [f"shed {len(model.calls)}"]}
            )
        return reader_of("mill")(messages)

    model = model_of(asking)
    strategy = RetrieveThenReason(LLMReasoner(model, JUDGE), PagesCorpus(HOPS), k=1, max_rounds=5)
    assert strategy("Who runs the north mill?", [HOPS]).status == "answered"
    assert sum(call.messages[0].content == prompts.WORKER for call in model.calls) <= 6


def test_it_runs_without_a_language_model_too() -> None:
    answer = RetrieveThenReason(EmbeddedReasoner(JUDGE), PagesCorpus(HOPS))(QUESTION, [HOPS])
    assert answer.statements[0].text == "The north mill is run by Berta Lindqvist."


TANNERY = document_of(
    Page(0, "The tannery stands between the chapel and the old smithy near the ford.", number=1),
    Page(1, "A letter from Ystad.", number=2),
    Page(2, "Between the chapel, the old smithy and the ford near the tanners stands the inn where the road to Ystad "
            "begins.", number=3),
    *(Page(n, f"Shed number {n} keeps nails, rope and {n} barrels of tar for the winter.", number=n + 1)
      for n in range(3, 40)),
)  # fmt: skip


def test_a_follow_up_that_covers_its_own_words_does_not_make_an_answer() -> None:
    """The best passage covers a fifth of the question, and all of the follow-up query, which repeats its words."""
    question, corpus = "Which zoologist of Ystad rents the tannery for crocodiles?", PagesCorpus(TANNERY)
    strategy = RetrieveThenReason(EmbeddedReasoner(JUDGE), corpus, k=2)
    events = list(strategy.stream(question, [TANNERY]))
    queries = [event.query for event in events if isinstance(event, Searched)]
    assert len(queries) == 2
    assert last_answer(events).status == "not_found"


def test_the_whole_document_stands_before_the_question_byte_for_byte_the_same() -> None:
    model = reading_model("mill")
    strategy = FullContext(LLMReasoner(model, JUDGE), PagesCorpus(HOPS))
    answer = strategy(QUESTION, [HOPS])
    strategy("Where was Berta Lindqvist born?", [HOPS])
    assert answer.text == "The north mill is run by Berta Lindqvist."
    first, second = (call.messages[1].content for call in model.calls)
    n_same = next(i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    assert first[:n_same].count("\n[") == 40
    assert first[:n_same].endswith("Question: Wh")


def test_a_document_that_does_not_fit_is_refused_before_any_call() -> None:
    document = plant_report(n_pages=60)
    model = reading_model("mill", context_length=8000)
    with pytest.raises(UsageError, match="--route chain"):
        FullContext(LLMReasoner(model, JUDGE), PagesCorpus(document))(QUESTION, [document])
    assert model.calls == []


def test_the_whole_document_needs_a_language_model() -> None:
    with pytest.raises(UsageError, match="--model"):
        FullContext(EmbeddedReasoner(JUDGE), PagesCorpus(HOPS))(QUESTION, [HOPS])


def test_an_answer_says_what_sparse_attention_did() -> None:
    report = AttentionReport(attended=30, causal=120, recall=0.876, n_sampled=9, n_dense=2)
    meter = Meter(lambda: Usage(n_calls=1, attention=report))
    rag = Rag(EmbeddedReasoner(JUDGE), PagesCorpus(HOPS), meter=meter)
    answer = last_answer(rag.stream("Who runs the mill?", [HOPS]))
    counts = {name: count for name, count in answer.usage.items() if "dense" in name or "attention" in name}
    assert counts == {"attention_density_percent": 25, "attention_recall_percent": 87, "dense_recomputations": 2}


@pytest.mark.parametrize("order", list(ORDERS))
def test_where_the_window_is_small_the_best_passages_stay_whatever_their_order(order: PassageOrder) -> None:
    report = plant_report(n_pages=20)
    corpus, question = PagesCorpus(report), "What leak concerned incident 104 at valve D3?"
    model = model_of(reader_of(r"valve D3\b"), context_length=1_350, max_output_tokens=200)
    answer = Rag(LLMReasoner(model, LexicalReader()), corpus, gathers=False, order=order)(question, [report])
    assert answer.text == "Incident 104 concerned a leak at valve D3."
    assert any("did not fit the model's window" in warning for warning in answer.warnings)
