"""A question of the model's own before the answer, and the paragraphs that it points back to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Clarified, LimitReached
from docqa.agents.full_context import FullContext
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.estimates import Economics, estimates
from docqa.agents.strategy import Strategy, last_answer
from docqa.agents.turns import WindowTurns
from docqa.documents import Page
from docqa.errors import OutOfBudget, UsageError
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.scripted import ScriptedLLM

from .library_of_pages import PagesCorpus, document_of
from .reading_model import model_of, numbered_lines
from .test_router import FACT

ESTATE = document_of(
    Page(0, "The Keeper may lease the north meadow to whom he likes.", number=1),
    Page(1, "In this deed Keeper means the eldest resident of Quill House. Other words mean what they do.", number=2),
    *(Page(n, f"Field {n} is let to tenant {n} for {n} shillings and a goose.", number=n + 1) for n in range(2, 30)),
)  # fmt: skip
CORPUS = PagesCorpus(ESTATE)
QUESTION = "Who may lease the north meadow?"
CLARIFYING = "What does Keeper mean in this deed?"
MEANING = "In this deed Keeper means the eldest resident of Quill House."
JUDGE = LexicalReader()


def thoughtful(
    asked: str = CLARIFYING, points: Callable[[Sequence[tuple[int, str]]], Any] | None = None
) -> ScriptedLLM:
    """A model that wants to know who the Keeper is, points to the paragraph that says so, and then can tell."""

    def reply(messages: Sequence[Message]) -> str:
        system, lines = messages[0].content, numbered_lines(messages)
        if system == prompts.PLANNER:
            return json.dumps({"kind": "fact", "queries": ["lease north meadow"]})
        if system == prompts.CLARIFIER:
            return json.dumps({"question": asked})
        if system == prompts.POINTER:
            found = [n for n, text in lines if "Keeper means" in text] if points is None else points(lines)
            return json.dumps({"paragraphs": found, "answer": "The eldest resident of Quill House."})
        evidence = [n for n, text in lines if "Keeper" in text]
        if system == prompts.WORKER:
            known = [n for n, text in lines if "north meadow" in text]
            return json.dumps({"evidence": known, "partial_answer": "", "open_questions": []})
        told = any("eldest" in text for _, text in lines)
        text = "The eldest resident of Quill House." if told else "The Keeper."
        statements = [{"text": text, "evidence": evidence}]
        return json.dumps({"reason": "", "answerable": bool(evidence), "statements": statements})

    return model_of(reply)


def strategy(name: str, model: ScriptedLLM, budget: Budget | None = None) -> Strategy:
    llm, meter = metered(model, budget or Budget())
    reasoner = LLMReasoner(llm, JUDGE, meter)
    made: dict[str, Callable[[], Strategy]] = {
        "rag": lambda: Rag(reasoner, CORPUS, meter=meter, gathers=False, k=1),
        "retrieve_then_reason": lambda: RetrieveThenReason(reasoner, CORPUS, meter=meter, k=1),
        "chain": lambda: Chain(reasoner, CORPUS, meter=meter, turns=WindowTurns(CORPUS, reasoner)),
        "full_context": lambda: FullContext(reasoner, CORPUS, meter=meter),
    }
    return replace(made[name](), clarifies=True)


@pytest.mark.parametrize("name", ["rag", "retrieve_then_reason", "chain"])
def test_what_the_question_leaves_open_is_cleared_up_and_proved(name: str) -> None:
    without = replace(strategy(name, thoughtful()), clarifies=False)(QUESTION, [ESTATE])
    assert without.text == "The Keeper."
    events = list(strategy(name, thoughtful()).stream(QUESTION, [ESTATE]))
    answer = last_answer(events)
    assert answer.text == "The eldest resident of Quill House."
    assert MEANING in [citation.quote for citation in answer.citations]
    assert answer.usage["calls"] == without.usage["calls"] + 2
    assert [event for event in events if isinstance(event, Clarified)] == [Clarified(CLARIFYING, 1)]


def test_the_whole_text_stays_as_it_was_and_what_was_cleared_up_stands_in_the_notes() -> None:
    model = thoughtful()
    assert strategy("full_context", model)(QUESTION, [ESTATE]).text == "The eldest resident of Quill House."
    manager = model.calls[-1].messages[1].content
    fence, notes = manager.split(">>>>>>>> SOURCES")
    assert f"{CLARIFYING} The eldest resident of Quill House." in notes
    plain = thoughtful()
    replace(strategy("full_context", plain), clarifies=False)(QUESTION, [ESTATE])
    assert plain.calls[-1].messages[1].content.startswith(fence)


def test_paragraphs_are_numbered_as_wholes() -> None:
    model = thoughtful()
    strategy("rag", model)(QUESTION, [ESTATE])
    (pointer,) = [call for call in model.calls if call.messages[0].content == prompts.POINTER]
    lines = [text for _, text in numbered_lines(pointer.messages)]
    assert ESTATE.pages[1].text in lines
    assert len(lines) == len({text for _, text in numbered_lines(pointer.messages)}) == 2


@pytest.mark.parametrize("points", [lambda _: [], lambda _: [0, 99, -1], lambda _: "the second"])
def test_what_no_paragraph_says_is_not_taken_for_known(points: Callable[[Any], Any]) -> None:
    model = thoughtful(points=points)
    assert strategy("rag", model)(QUESTION, [ESTATE]).text == "The Keeper."
    assert "Quill House" not in model.calls[-1].messages[1].content


def test_a_model_with_nothing_to_ask_costs_one_call() -> None:
    model = thoughtful(asked="")
    assert strategy("rag", model)(QUESTION, [ESTATE]).text == "The Keeper."
    assert len(model.calls) == 2


def test_a_limit_in_the_step_leaves_the_answer_without_it() -> None:
    plain = thoughtful()
    used = replace(strategy("chain", plain), clarifies=False)(QUESTION, [ESTATE]).usage
    budget = Budget(max_tokens=used["input_tokens"] + used["output_tokens"] + 900)
    events = list(strategy("chain", thoughtful(), budget).stream(QUESTION, [ESTATE]))
    assert (last_answer(events).status, any(isinstance(event, LimitReached) for event in events)) == ("partial", True)
    with pytest.raises(OutOfBudget):
        strategy("rag", thoughtful(), Budget(max_tokens=100))(QUESTION, [ESTATE])


def test_the_step_needs_a_language_model() -> None:
    with pytest.raises(UsageError, match="clarify needs a language model; choose one with --model"):
        Rag(EmbeddedReasoner(JUDGE), CORPUS, clarifies=True)(QUESTION, [ESTATE])


@pytest.mark.parametrize("name", ["rag", "chain", "full_context"])
def test_the_estimate_counts_the_two_calls(name: str) -> None:
    model = thoughtful()
    strategy(name, model)(QUESTION, [ESTATE])
    features = replace(FACT, n_tokens=1_000)
    (estimate,) = [e for e in estimates(features, Economics(32_768, clarifies=True)) if e.strategy == name]
    assert estimate.n_calls == len(model.calls)
