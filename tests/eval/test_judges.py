"""Judges and the closed-book control."""

from __future__ import annotations

import pytest

from docqa.eval.closed_book import ClosedBook
from docqa.eval.judges import lexical_entails
from docqa.llm.scripted import ScriptedLLM

PREMISE = "The Aurora Bridge was completed in 1932 and spans Lake Union in Seattle."


@pytest.mark.parametrize(
    ("claim", "entailed"),
    [
        ("The Aurora Bridge was completed in 1932.", True),
        ("The Aurora Bridge was completed in 1933.", False),
        ("Bread is made of flour.", False),
        ("It was the.", False),
        ("The AURORA bridge spans Lake Union", True),
    ],
)
def test_the_lexical_judge_wants_the_words_and_every_number(claim: str, entailed: bool) -> None:
    assert lexical_entails(PREMISE, claim) is entailed


def test_the_closed_book_control_never_shows_a_document() -> None:
    model = ScriptedLLM(["In 1932."])
    found = ClosedBook(model)("When was it completed?", ())
    assert (found.status, found.text, found.citations) == ("answered", "In 1932.", ())
    (call,) = model.calls
    assert [message.content for message in call.messages][1:] == ["When was it completed?"]
    assert found.usage["input_tokens"] > 0


@pytest.mark.parametrize("reply", ["unknown", "Unknown.", "  "])
def test_a_model_that_does_not_know_has_not_answered(reply: str) -> None:
    assert ClosedBook(ScriptedLLM([reply]))("When?", ()).status == "not_found"
