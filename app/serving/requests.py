"""From the body of a chat request to a Generation, or to a refusal in the protocol's own form.

What would change the reply and is not offered is refused by name; what cannot change it is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docqa.llm.base import Message, Role, Sampling, Schema
from docqa.llm.generation import Generation

_ANY_OBJECT = Schema("json_object", {"type": "object"})
_PASSED_OVER = frozenset(
    "user metadata store service_tier safety_identifier prompt_cache_key prompt_cache_retention "
    "parallel_tool_calls".split()
)
_NEUTRAL: Mapping[str, Any] = {
    "n": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0, "logprobs": False, "logit_bias": {}, "tools": [],
    "tool_choice": "none", "modalities": ["text"],
}  # fmt: skip


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code

    @property
    def body(self) -> dict[str, Any]:
        """The error as OpenAI words it."""
        kind = {401: "authentication_error", 503: "overloaded_error"}.get(self.status, "invalid_request_error")
        kind = "server_error" if self.status == 500 else kind
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a client asks for; `max_tokens` is None where only the model's context limits the reply."""

    model: str
    generation: Generation
    max_tokens: int | None
    stream: bool
    include_usage: bool


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Part(_Strict):
    type: Literal["text"]
    text: str


class _Message(BaseModel):
    model_config = ConfigDict(strict=True)  # replies that are sent back carry fields of no interest

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]

    def as_message(self) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, self.content if isinstance(self.content, str) else "".join(p.text for p in self.content))


class _StreamOptions(_Strict):
    include_usage: bool = False
    include_obfuscation: bool = False


class _JsonSchema(_Strict):
    name: str = "reply"
    description: str = ""
    definition: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class _Format(_Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


_Text = Annotated[str, Field(min_length=1)]


class _Body(_Strict):
    model: str
    messages: Annotated[list[_Message], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    seed: int | None = None
    stop: _Text | list[_Text] = Field(default_factory=list)
    response_format: _Format | None = None
    stream: bool = False
    stream_options: _StreamOptions | None = None


def read_chat_request(body: bytes) -> ChatRequest:
    """The request in a body of JSON. Raises Refused."""
    given = _json_object(body)
    kept = {
        name: value
        for name, value in given.items()
        if value is not None and name not in _PASSED_OVER and not (name in _NEUTRAL and value == _NEUTRAL[name])
    }
    try:
        read = _Body.model_validate(kept)
    except ValidationError as error:
        raise _refusal(error) from error
    if read.stream_options and not read.stream:
        raise Refused(400, "stream_options may only be set when stream is true", param="stream_options")
    max_tokens = read.max_completion_tokens or read.max_tokens
    generation = Generation(
        tuple(message.as_message() for message in read.messages),
        Sampling(read.temperature, max_tokens or 1, read.seed),
        (read.stop,) if isinstance(read.stop, str) else tuple(read.stop),
        _schema(read.response_format),
    )
    include_usage = bool(read.stream_options and read.stream_options.include_usage)
    return ChatRequest(read.model, generation, max_tokens, read.stream, include_usage)


def read_text(body: bytes) -> str:
    """The text in a request to count its tokens, under either of the names that servers know."""
    given = _json_object(body)
    text = given.get("prompt", given.get("content"))
    if not isinstance(text, str):
        raise Refused(400, "prompt: a text is required", param="prompt")
    return text


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not valid JSON: {error}") from error
    if not isinstance(given, dict):
        raise Refused(400, "the body must be a JSON object")
    return given


def _schema(form: _Format | None) -> Schema | None:
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return _ANY_OBJECT
    if form.json_schema is None:
        raise Refused(400, "response_format.json_schema is required for the type json_schema", param="response_format")
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(form.json_schema.definition)
    except SchemaError as error:
        raise Refused(
            400, f"response_format: the schema is not valid: {error.message}", param="response_format"
        ) from error
    return Schema(form.json_schema.name, form.json_schema.definition)


def _refusal(error: ValidationError) -> Refused:
    """What is wrong at the deepest place, with the name of the field."""
    deepest = max(error.errors(include_url=False, include_input=False), key=lambda e: len(e["loc"]))
    place = ".".join(str(part) for part in deepest["loc"] if not str(part).startswith("list["))
    name = str(deepest["loc"][0]) if deepest["loc"] else None
    if deepest["type"] == "extra_forbidden":
        return Refused(400, f"Unsupported parameter: '{place}'", param=name, code="unsupported_parameter")
    return Refused(400, f"{place}: {deepest['msg']}", param=name)
