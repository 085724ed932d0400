"""Follow-up questions that point back."""

from __future__ import annotations

import json

import pytest

from docqa.agents.conversation import Conversation, Turn
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.errors import UsageError

from .reading_model import model_of

FIRST = "What was the revenue of Acme Steel in 2020?"
TALK = Conversation(("d1",)).with_turn(Turn(FIRST, FIRST, "It was 40 million euros."))


@pytest.mark.parametrize(
    ("question", "understood"),
    [
        ("And in 2019?", "And in 2019? (revenue Acme Steel 2020)"),
        ("What did they pay their auditors?", "What did they pay their auditors? (revenue Acme Steel 2020)"),
        ("Who audited the accounts of Birch Timber in 2021?", "Who audited the accounts of Birch Timber in 2021?"),
        ("Why?", "Why? (revenue Acme Steel 2020)"),
    ],
)
def test_a_question_that_points_back_gets_the_subject_of_the_one_before(question: str, understood: str) -> None:
    assert TALK.understood(question) == understood


def test_the_first_question_is_taken_as_it_is() -> None:
    assert Conversation(("d1",)).understood("And in 2019?") == "And in 2019?"


def test_a_model_rewrites_with_the_history_before_it() -> None:
    model = model_of(lambda _: json.dumps({"question": "What was the revenue of Acme Steel in 2019?"}))
    assert TALK.understood("And in 2019?", LLMReasoner(model).rewrite) == "What was the revenue of Acme Steel in 2019?"
    assert "Answer: It was 40 million euros." in model.calls[0].messages[1].content


def test_a_model_that_talks_nonsense_leaves_the_question_as_it_was() -> None:
    assert TALK.understood("And in 2019?", LLMReasoner(model_of(lambda _: "…")).rewrite) == "And in 2019?"


def test_the_history_is_bounded() -> None:
    long = TALK
    for _ in range(50):
        long = long.with_turn(Turn("q?", "q?", "word " * 1000))
    assert len(long.history()) < 4000


def test_a_conversation_is_saved_and_read_back() -> None:
    assert Conversation.from_json(json.loads(json.dumps(TALK.to_json()))) == TALK


@pytest.mark.parametrize("data", [{}, [], {"schema": "docqa.conversation/1", "documents": []}])
def test_what_is_no_conversation_is_refused(data: object) -> None:
    with pytest.raises(UsageError):
        Conversation.from_json(data)  # type: ignore[arg-type]
