"""JSON out of a language model: what to tell it, how its reply is read and validated, and one repair.

A ladder of three levels, from the most to the least that a server can enforce: `json_schema` (the server constrains the
reply to the schema), `json_object` (to some JSON object), `tagged` (nothing is enforced; the JSON stands between tags
in ordinary text). Whatever the level, the reply is validated here. Knows no server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn

from docqa.answers import one_line
from docqa.errors import MalformedReply, ModelError, TruncatedReply
from docqa.llm.base import Completion, Message, Schema, Usage

Level = Literal["json_schema", "json_object", "tagged"]
LEVELS: tuple[Level, ...] = ("json_schema", "json_object", "tagged")

Ask = Callable[[Sequence[Message]], Completion]

_N_SHOWN_CHARS = 200
_N_REPEATED_CHARS = 4000  # of a malformed reply in the request that asks for it again
_N_STARTS = 50  # braces at which JSON may begin in free text; more are noise

_THOUGHTS = re.compile(r"\A.*</think>|<think>.*?</think>", re.DOTALL)
_TAGGED = re.compile(r"<json>(.*?)</json>", re.DOTALL)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

_AS_OBJECT = "Reply with one JSON object that follows this JSON schema, and with nothing else:\n{schema}"
_AS_TAGGED = (
    "Write your reply as one JSON object between <json> and </json>, and nothing after it. "
    "It follows this JSON schema:\n{schema}"
)
_REPAIR = "That reply cannot be used: {cause}. Write it again, complete and corrected, in the form that was asked for."


class InvalidJson(ValueError):
    """A reply without JSON, or with JSON that does not follow the schema; the message says where and why."""


def instructed(messages: Sequence[Message], schema: Schema, level: Level) -> tuple[Message, ...]:
    """The messages with what the model has to be told at this level, at the very end so that prefixes stay cached."""
    if level == "json_schema":
        return tuple(messages)
    form = _AS_OBJECT if level == "json_object" else _AS_TAGGED
    told = form.format(schema=json.dumps(schema.definition, ensure_ascii=False))
    *before, last = messages
    if last.role != "user":
        return (*messages, Message("user", told))
    return (*before, replace(last, content=f"{last.content}\n\n{told}"))


def complete_structured(ask: Ask, messages: Sequence[Message], schema: Schema, level: Level) -> Completion:
    """A reply with valid `data`, asking a second time when the first reply cannot be used.

    The usage is that of both. Raises TruncatedReply when the output limit cut the reply, MalformedReply when the second
    is of no use either; both say what has been spent.
    """
    asked = instructed(messages, schema, level)
    first = ask(asked)
    try:
        return replace(first, data=parsed(first.text, schema))
    except InvalidJson as fault:
        cause = str(fault)
    if first.finish_reason == "length":
        cut = "the reply was cut off at the output limit before its JSON was complete; raise max_output_tokens"
        _give_up(TruncatedReply, cut, first.usage)
    try:
        again = ask((*asked, *_repair_turn(first.text, cause)))
    except ModelError as error:
        raise _charged(error, first.usage) from None
    usage = first.usage + replace(again.usage, n_repairs=again.usage.n_calls)
    try:
        return replace(again, data=parsed(again.text, schema), usage=usage)
    except InvalidJson as fault:
        what = f"the model did not keep to the form {schema.name!r}, also when asked again: {fault}"
        _give_up(TruncatedReply if again.finish_reason == "length" else MalformedReply, what, usage)


def parsed(text: str, schema: Schema) -> Any:
    """The JSON in a reply, validated; thoughts, code fences and words around it are passed over. Raises InvalidJson."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    data = _json_in(text)
    error = best_match(Draft202012Validator(dict(schema.definition)).iter_errors(data))
    if error is not None:
        raise InvalidJson(f"at {error.json_path}: {_shortened(error.message)}")
    return data


def _json_in(text: str) -> Any:
    for candidate in _candidates(_THOUGHTS.sub("", text)):
        try:
            return _loaded(candidate)
        except ValueError:
            continue
    raise InvalidJson(f"it holds no complete JSON: {_shortened(text)!r}" if text.strip() else "it is empty")


def _candidates(text: str) -> Iterator[str]:
    """Parts of the text that may be the JSON, the likeliest first."""
    yield from reversed(_TAGGED.findall(text))
    yield text
    yield from reversed(_FENCED.findall(text))
    decoder = json.JSONDecoder()
    for start in [match.start() for match in re.finditer(r"\{", text)][:_N_STARTS]:
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        yield text[start:end]


def _loaded(text: str) -> Any:
    """JSON as the standard has it: no NaN, and no half of a surrogate pair, which no file or terminal takes."""
    try:
        data = json.loads(text, parse_constant=_not_json)
        if _SURROGATE.search(text):
            data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return data


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _repair_turn(reply: str, cause: str) -> tuple[Message, Message]:
    return Message("assistant", reply[:_N_REPEATED_CHARS]), Message("user", _REPAIR.format(cause=cause))


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _N_SHOWN_CHARS else f"{line[:_N_SHOWN_CHARS]}…"


def _give_up(kind: type[ModelError], message: str, usage: Usage) -> NoReturn:
    raise _charged(kind(message), usage)


def _charged(error: ModelError, usage: Usage) -> ModelError:
    """The error with what earlier replies have cost added to it."""
    error.input_tokens += usage.input_tokens
    error.output_tokens += usage.output_tokens
    error.n_calls += usage.n_calls
    return error
