"""The replies to `agents.prompts`: their schemas, and from what a model wrote to a type, or to a reason why not.

The schemas are flat, closed and all-required, which every server's constrained decoding takes. That a reply follows its
schema is the model's business (`docqa.llm.structured`); here stands what a schema cannot say, and nothing is taken on
trust all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from docqa.agents.reasoner import QuestionKind
from docqa.answers import SupportLabel, one_line
from docqa.llm.base import Completion, Schema

_MAX_QUERIES = 4
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_NUMBERS = {"type": "array", "items": {"type": "integer"}}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_PROVED = {"type": "array", "items": _object(text=_TEXT, evidence=_NUMBERS)}
PLAN = Schema("plan", _object(kind={"type": "string", "enum": list(get_args(QuestionKind))}, queries=_TEXTS))
WORK = Schema("work", _object(evidence=_NUMBERS, partial_answer=_TEXT, open_questions=_TEXTS))
ITEMS = Schema("items", _object(items=_PROVED))
ANSWER = Schema("answer", _object(reason=_TEXT, answerable={"type": "boolean"}, statements=_PROVED))
VERDICT = Schema("verdict", _object(reason=_TEXT, label={"type": "string", "enum": list(get_args(SupportLabel))}))
CHOICE = Schema("choice", _object(reason=_TEXT, choice={"type": "integer"}))
POINTED = Schema("pointed", _object(paragraphs=_NUMBERS, answer=_TEXT))
QUESTION = Schema("question", _object(question=_TEXT))


class UnusableReply(ValueError):
    """What is wrong with a reply, in words that a model can act on."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A text with the numbers of the sentences that are said to prove it."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a planner found the question to be, and what to search for."""

    kind: QuestionKind
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """A worker's turn."""

    numbers: tuple[int, ...]
    partial_answer: str
    open_questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pointed:
    """The paragraphs that answer a question, and what they say."""

    numbers: tuple[int, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A manager's turn; no statements when it abstains."""

    reason: str
    statements: tuple[Proved, ...]


def data_of(completion: Completion) -> Mapping[str, Any]:
    """The JSON object of a reply."""
    if not isinstance(completion.data, Mapping):
        raise UnusableReply("it is not a JSON object")
    return completion.data


def planned(data: Mapping[str, Any]) -> Planned:
    """Read a plan."""
    kind = data.get("kind")
    if kind not in get_args(QuestionKind):
        raise UnusableReply(f'"kind" must be one of {", ".join(get_args(QuestionKind))}')
    queries = _texts(data, "queries")[:_MAX_QUERIES]
    if not queries:
        raise UnusableReply('"queries" must hold at least one query')
    return Planned(cast(QuestionKind, kind), queries)


def worked(data: Mapping[str, Any]) -> Worked:
    """Read a worker's turn."""
    return Worked(_numbers(data), _text(data, "partial_answer"), _texts(data, "open_questions"))


def collected(data: Mapping[str, Any]) -> tuple[Proved, ...]:
    """Read a list of items."""
    return _proved(data, "items")


def composed(data: Mapping[str, Any], n_sentences: int | None = None) -> Composed:
    """Read an answer, from so many sentences where that is known. Statements beside `answerable: false` are an
    abstention."""
    answerable = data.get("answerable")
    if not isinstance(answerable, bool):
        raise UnusableReply('"answerable" must be true or false')
    statements = _proved(data, "statements")
    last = max((number for s in statements for number in s.numbers), default=0) if n_sentences is None else n_sentences
    if answerable and not any(1 <= number <= last for s in statements for number in s.numbers):
        raise UnusableReply(f'"statements" must hold a statement with the numbers of its sentences, from 1 to {last}')
    return Composed(_text(data, "reason"), statements if answerable else ())


def verdict(data: Mapping[str, Any]) -> SupportLabel:
    """Read a judgement."""
    label = data.get("label")
    if label not in get_args(SupportLabel):
        raise UnusableReply(f'"label" must be one of {", ".join(get_args(SupportLabel))}')
    return cast(SupportLabel, label)


def chosen(data: Mapping[str, Any], n_answers: int) -> int:
    """Read which of so many answers was chosen, counted from 0."""
    choice = data.get("choice")
    if not isinstance(choice, int) or isinstance(choice, bool) or not 1 <= choice <= n_answers:
        raise UnusableReply(f'"choice" must be a number from 1 to {n_answers}')
    return choice - 1


def asked(data: Mapping[str, Any]) -> str:
    """Read a question that may be empty."""
    return _text(data, "question")


def pointed(data: Mapping[str, Any]) -> Pointed:
    """Read which paragraphs were pointed to."""
    return Pointed(_numbers(data, "paragraphs"), _text(data, "answer"))


def rewritten(data: Mapping[str, Any]) -> str:
    """Read a question."""
    question = _text(data, "question")
    if not question:
        raise UnusableReply('"question" must not be empty')
    return question


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise UnusableReply(f'"{name}" must be a text')
    return one_line(value)


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _sequence(data, name)
    if not all(isinstance(value, str) for value in values):
        raise UnusableReply(f'"{name}" must be a list of texts')
    return tuple(dict.fromkeys(one_line(value) for value in values if value.strip()))


def _numbers(data: Mapping[str, Any], name: str = "evidence") -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(_number(value) for value in _sequence(data, name)))
    except ValueError as error:
        raise UnusableReply(f'"{name}" must be a list of numbers') from error


def _number(value: object) -> int:
    """A whole number however it is written: 3, 3.0, "3" or "[3]". Raises ValueError for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(str(value).strip("[] "))


def _proved(data: Mapping[str, Any], name: str) -> tuple[Proved, ...]:
    entries = _sequence(data, name)
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise UnusableReply(f'"{name}" must be a list of objects with "text" and "evidence"')
    proved = (Proved(_text(entry, "text"), _numbers(entry)) for entry in entries)
    return tuple(entry for entry in proved if entry.text)


def _sequence(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = data.get(name)
    if not isinstance(value, list):
        raise UnusableReply(f'"{name}" must be a list')
    return value
