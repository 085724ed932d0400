"""From what a model wrote to a type, or to a reason why not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from docqa.agents import parsing, prompts
from docqa.agents.parsing import Composed, Planned, Pointed, Proved, UnusableReply, Worked
from docqa.llm.base import Completion, Schema

OF_THREE = partial(parsing.chosen, n_answers=3)


def test_a_workers_turn_is_read() -> None:
    data = {"evidence": [3, 1, 3], "partial_answer": " It\nends. ", "open_questions": ["when", "", "when"]}
    assert parsing.worked(parsing.data_of(Completion("", data=data))) == Worked((3, 1), "It ends.", ("when",))


def test_numbers_written_as_text_are_numbers() -> None:
    data = {"evidence": ["3", "[1]", 2.0], "partial_answer": "", "open_questions": []}
    assert parsing.worked(data).numbers == (3, 1, 2)


@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_a_reply_without_an_object_says_so(data: object) -> None:
    with pytest.raises(UnusableReply, match="JSON object"):
        parsing.data_of(Completion("", data=data))


@pytest.mark.parametrize(
    ("parse", "data", "problem"),
    [
        (parsing.worked, {"evidence": "1", "partial_answer": "", "open_questions": []}, "evidence"),
        (parsing.worked, {"evidence": [1.5], "partial_answer": "", "open_questions": []}, "evidence"),
        (parsing.worked, {"evidence": ["one"], "partial_answer": "", "open_questions": []}, "evidence"),
        (parsing.worked, {"evidence": [], "partial_answer": 7, "open_questions": []}, "partial_answer"),
        (parsing.worked, {"evidence": [], "partial_answer": "", "open_questions": [1]}, "open_questions"),
        (parsing.planned, {"kind": "riddle", "queries": ["x"]}, "kind"),
        (parsing.planned, {"kind": "fact", "queries": []}, "queries"),
        (parsing.collected, {"items": ["a"]}, "items"),
        (parsing.composed, {"reason": "", "answerable": "yes", "statements": []}, "answerable"),
        (parsing.composed, {"reason": "", "answerable": True, "statements": []}, "statements"),
        (parsing.composed, {"reason": "", "answerable": True, "statements": [{"text": "a", "evidence": []}]}, "numb"),
        (parsing.verdict, {"reason": "", "label": "maybe"}, "label"),
        (parsing.rewritten, {"question": " "}, "question"),
        (parsing.asked, {"question": 4}, "question"),
        (parsing.pointed, {"paragraphs": "2", "answer": ""}, "paragraphs"),
        (parsing.pointed, {"paragraphs": ["two"], "answer": ""}, "paragraphs"),
        (parsing.pointed, {"paragraphs": [2], "answer": None}, "answer"),
        (OF_THREE, {"reason": "", "choice": 0}, "from 1 to 3"),
        (OF_THREE, {"reason": "", "choice": 4}, "from 1 to 3"),
        (OF_THREE, {"reason": "", "choice": True}, "from 1 to 3"),
        (OF_THREE, {"reason": "", "choice": "1"}, "from 1 to 3"),
    ],
)
def test_a_wrong_form_is_named(parse: Callable[[Mapping[str, Any]], object], data: Any, problem: str) -> None:
    with pytest.raises(UnusableReply, match=problem):
        parse(data)


def test_statements_of_an_abstention_are_not_taken() -> None:
    data = {"reason": "it is silent", "answerable": False, "statements": [{"text": "a guess", "evidence": [1]}]}
    assert parsing.composed(data) == Composed("it is silent", ())


def test_a_plan_has_at_most_four_queries() -> None:
    data = {"kind": "comparison", "queries": list("abcdef")}
    assert parsing.planned(data) == Planned("comparison", ("a", "b", "c", "d"))


def test_an_item_without_words_is_none() -> None:
    data = {"items": [{"text": " ", "evidence": [1]}, {"text": "a valve", "evidence": [2]}]}
    assert parsing.collected(data) == (Proved("a valve", (2,)),)


SCHEMAS = [value for value in vars(parsing).values() if isinstance(value, Schema)]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_every_schema_is_closed_and_all_required(schema: Schema) -> None:
    definition = schema.definition
    assert definition["additionalProperties"] is False
    assert definition["required"] == list(definition["properties"])
    assert json.loads(json.dumps(definition)) == definition


def test_an_empty_question_is_one_that_need_not_be_asked() -> None:
    assert parsing.asked({"question": "  "}) == ""
    assert parsing.pointed({"paragraphs": [2, "[1]"], "answer": " x "}) == Pointed((2, 1), "x")
    assert parsing.chosen({"reason": "", "choice": 3}, 3) == 2


def test_the_version_of_the_prompts_changes_with_any_of_them() -> None:
    """A run is resumed with the prompts that it was begun with: who changes one gives them the next version."""
    texts = [value for name, value in sorted(vars(prompts).items()) if name.isupper() and name != "VERSION"]
    digest = hashlib.sha256("\0".join((*texts, prompts._REPAIR)).encode()).hexdigest()[:16]
    assert (prompts.VERSION, digest) == ("3", "c0160fea64036c7e")
