"""A model that cites the wrong sentence is put right, by every strategy, in the graph and with every judge."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.events import Checked, Event
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.full_context import FullContext
from docqa.agents.graph import build_graph, run
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.routed import EXHAUSTIVE, Router
from docqa.agents.strategy import Strategy, last_answer
from docqa.agents.turns import WindowTurns
from docqa.answers import Answer
from docqa.llm.base import Message
from docqa.llm.nli import NliModel
from docqa.llm.onnx_reader import OnnxReader
from docqa.llm.reader import ClaimJudge, LexicalReader
from tests.llm.nli_model import make_nli_model

from .library_of_pages import PagesCorpus
from .reading_model import Reply, model_of, numbered_lines
from .scattered import plant_report

REPORT = plant_report(n_pages=6)
CORPUS = PagesCorpus(REPORT)
QUESTION = "What concerned valve D3?"
RIGHT = "Incident 104 concerned a leak at valve D3."
WRONG = "Incident 104 concerned a fire at the mill."
NAMES = ("rag", "retrieve_then_reason", "chain", "exhaustive", "full_context")


def careless(said: str = RIGHT) -> Reply:
    """A model that finds the sentence, says `said`, and names the number of the sentence that stands farthest away."""

    def reply(messages: Sequence[Message]) -> str:
        lines = numbered_lines(messages)
        hits = [n for n, text in lines if re.search(r"valve D3\b", text)]
        far = max((n for n, _ in lines), key=lambda n: min(abs(n - hit) for hit in hits)) if hits else 0
        statements = [{"text": said, "evidence": [far]}] if hits else []
        system = messages[0].content
        if system == prompts.WORKER:
            return json.dumps({"evidence": [far, *hits] if hits else [], "partial_answer": "", "open_questions": []})
        if system == prompts.COLLECTOR:
            return json.dumps({"items": statements})
        if system == prompts.MANAGER:
            return json.dumps({"reason": "as read", "answerable": bool(hits), "statements": statements})
        if system == prompts.JUDGE:
            claim = messages[1].content.split("Claim: ")[1]
            return json.dumps(
                {"reason": "", "label": "supports" if claim in messages[1].content[:-60] else "unrelated"}
            )
        return json.dumps({"kind": "fact", "queries": ["valve D3"]})

    return reply


def strategies(reply: Reply, judge: ClaimJudge | None) -> dict[str, Strategy]:
    reasoner = LLMReasoner(model_of(reply), judge, window=Window(size=4000, unit=200, margin=200))
    turns = WindowTurns(CORPUS, reasoner)
    return {
        "rag": Rag(reasoner, CORPUS, gathers=False),
        "retrieve_then_reason": RetrieveThenReason(reasoner, CORPUS),
        "chain": Chain(reasoner, CORPUS, turns=turns),
        "exhaustive": Exhaustive(reasoner, CORPUS, turns=turns),
        "full_context": FullContext(reasoner, CORPUS),
    }


def in_the_graph(router: Router, folder: Path) -> Iterator[Event]:
    connection = sqlite3.connect(folder / "runs.sqlite", check_same_thread=False)
    try:
        yield from run(build_graph(lambda: router, [REPORT], SqliteSaver(connection)), {"question": QUESTION}, "r1")
    finally:
        connection.close()


def assert_put_right(answer: Answer) -> None:
    statement = answer.statements[-1]
    assert statement.text == RIGHT
    assert [citation.quote for citation in statement.citations] == [RIGHT]
    assert answer.check is not None
    assert answer.check.count("citations_replaced") == 1
    assert [c.quote == RIGHT for refused in answer.check.refused for c in refused.citations] == [False]
    assert "1 proved by another passage than the draft named" in str(answer)


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_puts_a_wrong_citation_right(name: str) -> None:
    events = list(strategies(careless(), LexicalReader())[name].stream(QUESTION, [REPORT]))
    assert_put_right(last_answer(events))
    (checked,) = [event for event in events if isinstance(event, Checked)]
    assert (checked.n_repaired, checked.n_removed) == (1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_leaves_out_what_nothing_bears_out_and_says_what_it_looked_for(name: str) -> None:
    answer = strategies(careless(WRONG), LexicalReader())[name](QUESTION, [REPORT])
    assert answer.status == "not_found"
    assert answer.absence is not None
    assert answer.absence.nearest
    assert answer.coverage.pages_read == 6
    assert answer.check is not None
    assert [refused.statement for refused in answer.check.refused] == [WRONG]
    assert "Left out, since no passage bears it out:" in str(answer)
    assert WRONG in str(answer)
    assert any("left out" in warning for warning in answer.warnings)
    assert Answer.from_json(json.loads(json.dumps(answer.to_json()))).check is not None


def test_the_graph_puts_it_right_as_its_plain_twin_does(tmp_path: Path) -> None:
    named = strategies(careless(), LexicalReader())
    router = Router({**named, EXHAUSTIVE: named["exhaustive"]}, CORPUS, "rag")
    events = list(in_the_graph(router, tmp_path))
    assert_put_right(last_answer(events))
    assert [event.n_repaired for event in events if isinstance(event, Checked)] == [1]
    plain = router(QUESTION, [REPORT])
    assert plain.check == last_answer(events).check


JUDGES: dict[str, Callable[[Path], ClaimJudge | None]] = {
    "words": lambda _: LexicalReader(),
    "the model itself": lambda _: None,
    "trained reader": lambda _: OnnxReader(),
    "cross-encoder": lambda folder: NliModel(str(make_nli_model(folder / "nli"))),
}


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_will_do(name: str, tmp_path: Path) -> None:
    answer = strategies(careless(), JUDGES[name](tmp_path))["rag"](QUESTION, [REPORT])
    assert RIGHT in [citation.quote for citation in answer.citations]
    assert answer.check is not None
    assert answer.check.score is not None
    assert answer.check.score.judge
