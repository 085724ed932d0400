"""The graph gives what its plain twin gives, keeps no page text, and sends nothing anywhere."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from docqa.agents.chain import Chain
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Checked, Event, Finished, LimitReached, Read, Routed
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.graph import about, build_graph, run
from docqa.agents.rag import Rag
from docqa.agents.reasoner import Draft, Notes
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.routed import EXHAUSTIVE, Router
from docqa.agents.strategy import last_answer
from docqa.answers import Answer, Route, Support
from docqa.documents import Document, Passage
from docqa.errors import ModelRejected, OutOfBudget, UsageError
from docqa.llm.reader import LexicalReader
from docqa.retrieval.retriever import Retrieval

from .library_of_pages import PagesCorpus
from .scattered import plant_report

REPORT = plant_report(n_pages=12)
QUESTIONS = (
    "What concerned valve D3?",
    "List all incidents that concerned a leak at a valve.",
    "Which zoologist painted the crocodile under quarantine?",
    "Which zoologist inspected the pump by the quay on shift nine?",
)


def router(document: Document = REPORT) -> Router:
    reasoner, corpus = EmbeddedReasoner(LexicalReader()), PagesCorpus(document)
    strategies = (Rag(reasoner, corpus), RetrieveThenReason(reasoner, corpus), Chain(reasoner, corpus))
    return Router({**{s.name: s for s in strategies}, EXHAUSTIVE: Exhaustive(reasoner, corpus)}, corpus)


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[SqliteSaver]:
    connection = sqlite3.connect(tmp_path / "runs.sqlite", check_same_thread=False)
    yield SqliteSaver(connection)
    connection.close()


def timeless(answer: Answer) -> Answer:
    return replace(answer, seconds={}, usage={})


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_graph_gives_the_same_answer_as_its_plain_twin(question: str, saver: SqliteSaver) -> None:
    plain = router()(question, [REPORT])
    events = list(run(build_graph(router, [REPORT], saver), {"question": question}, "r1"))
    assert timeless(last_answer(events)) == timeless(plain)
    assert isinstance(events[0], Routed)
    assert isinstance(events[-1], Finished)
    assert any(isinstance(event, Checked) for event in events)


class Doubting(EmbeddedReasoner):
    """Says what it found in words of its own and believes none of it, so that the router has a second thought."""

    def compose(self, question: str, notes: Notes) -> Draft:
        draft = EmbeddedReasoner.compose(self, question, notes)
        reworded = (replace(statement, text=f"They say: {statement.text}") for statement in draft.statements)
        return replace(draft, statements=tuple(reworded))

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        return Support("unrelated", 0.0, "doubt")


def doubtful(second: EmbeddedReasoner) -> Callable[[], Router]:
    """A router whose first answer is not borne out, so that it asks a second strategy."""
    corpus = PagesCorpus(REPORT)
    strategies = (Rag(Doubting(LexicalReader()), corpus), RetrieveThenReason(second, corpus))
    return lambda: Router({s.name: s for s in strategies}, corpus)


@pytest.mark.parametrize(
    ("min_coverage", "status"), [(0.35, "answered"), (2.0, "not_found")], ids=["it answers", "it abstains"]
)
def test_after_a_second_strategy_the_graph_gives_the_answer_and_the_reason_of_its_plain_twin(
    saver: SqliteSaver, min_coverage: float, status: str
) -> None:
    make = doubtful(EmbeddedReasoner(LexicalReader(min_coverage)))
    plain = make()(QUESTIONS[0], [REPORT])
    events = list(run(build_graph(make, [REPORT], saver), {"question": QUESTIONS[0]}, "r1"))
    routed = {event.strategy: event.reason for event in events if isinstance(event, Routed)}
    assert list(routed) == ["rag", "retrieve_then_reason"]
    assert timeless(last_answer(events)) == timeless(plain)
    answer = last_answer(events)
    assert answer.status == status
    assert answer.route == Route("retrieve_then_reason", routed["retrieve_then_reason"])
    assert answer.check is not None
    assert answer.check.count("statement_removed") == 2  # what the first strategy could not prove is not forgotten
    resumed = last_answer(run(build_graph(make, [REPORT], saver), None, "r1"))
    assert timeless(resumed) == timeless(plain)


class Penniless(EmbeddedReasoner):
    """Has nothing left to read with."""

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        raise OutOfBudget("the limit is reached")


def test_a_limit_in_the_second_strategy_leaves_the_first_answer_and_counts_it_once(saver: SqliteSaver) -> None:
    make = doubtful(Penniless(LexicalReader()))
    events = list(run(build_graph(make, [REPORT], saver), {"question": QUESTIONS[0]}, "r1"))
    answer = last_answer(events)
    assert (answer.status, answer.route.strategy, answer.usage["passages"]) == ("not_found", "rag", 10)
    assert answer.check is not None
    assert answer.check.count("statement_removed") == 2
    assert "the limit is reached" in answer.warnings
    assert any(isinstance(event, LimitReached) for event in events)
    plain = make()(QUESTIONS[0], [REPORT])
    assert (timeless(plain), plain.usage) == (timeless(answer), answer.usage)


def test_a_finished_run_gives_its_answer_once_more(saver: SqliteSaver) -> None:
    graph = build_graph(router, [REPORT], saver)
    first = last_answer(run(graph, {"question": QUESTIONS[1]}, "r1"))
    assert timeless(last_answer(run(graph, None, "r1"))) == timeless(first)


def test_checkpoints_hold_no_text_of_the_pages(saver: SqliteSaver, tmp_path: Path) -> None:
    answer = last_answer(run(build_graph(router, [REPORT], saver), {"question": QUESTIONS[0]}, "r1"))
    assert "Incident 104" in answer.text
    blobs = [str(row) for row in saver.conn.execute("SELECT checkpoint, metadata FROM checkpoints").fetchall()]
    writes = [str(row) for row in saver.conn.execute("SELECT value FROM writes").fetchall()]
    saved = "".join((*blobs, *writes))
    assert "concerned valve D3" in saved  # the question
    assert "Incident 104" not in saved
    assert "repainted" not in saved
    assert "inspected" not in saved
    assert (tmp_path / "runs.sqlite").stat().st_size < 200_000


def test_what_belongs_to_a_run_is_kept_with_it(saver: SqliteSaver) -> None:
    graph = build_graph(router, [REPORT], saver)
    last_answer(run(graph, {"question": QUESTIONS[0], "about": {"documents": [REPORT.id]}}, "r1"))
    assert about(saver, "r1") == {"documents": [REPORT.id]}
    with pytest.raises(UsageError, match="no run 'r2'"):
        about(saver, "r2")


def test_nothing_is_traced_even_when_the_environment_asks_for_it(
    saver: SqliteSaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "x")
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(socket.socket, "connect", forbidden)
    assert last_answer(run(build_graph(router, [REPORT], saver), {"question": QUESTIONS[0]}, "r1")).statements


def test_events_come_while_the_work_goes_on(saver: SqliteSaver) -> None:
    seen: list[Event] = []
    for event in run(build_graph(router, [REPORT], saver), {"question": QUESTIONS[1]}, "r1"):
        seen.append(event)
    reads = [event for event in seen if isinstance(event, Read)]
    assert [event.done for event in reads] == list(range(1, len(reads) + 1))
    assert len(reads) > 1


class Refused(EmbeddedReasoner):
    """Its server refuses every request; `calls` says how often it was asked."""

    calls: ClassVar[list[str]] = []

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        self.calls.append(question)
        raise ModelRejected("400: no such model")


def test_a_step_that_fails_is_not_tried_again_and_the_run_can_be_taken_up(saver: SqliteSaver) -> None:
    corpus = PagesCorpus(REPORT)
    broken = Router({"rag": Rag(Refused(LexicalReader()), corpus)}, corpus)
    graph = build_graph(lambda: broken, [REPORT], saver)
    assert graph.config is not None
    assert graph.config["recursion_limit"] == 20
    with pytest.raises(ModelRejected, match="no such model"):
        list(run(graph, {"question": QUESTIONS[0]}, "r1"))
    assert Refused.calls == [QUESTIONS[0]]
    assert last_answer(run(build_graph(router, [REPORT], saver), None, "r1")).status == "answered"
