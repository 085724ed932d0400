"""What a language model is to the rest of docqa: messages in, text out. Knows no server, no document and no prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from docqa.llm.attention.report import AttentionReport

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation with the model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or several calls; `cached_tokens` are the input's that the server had in its prefix cache.

    `n_calls` counts requests that the model answered, `n_repairs` those among them that asked for a malformed reply
    again. `attention` says what a model in this process read with sparse attention, None where that is not known.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    n_calls: int = 0
    n_repairs: int = 0
    attention: AttentionReport | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.n_calls + other.n_calls,
            self.n_repairs + other.n_repairs,
            self.attention + other.attention
            if self.attention and other.attention
            else self.attention or other.attention,
        )


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn; `max_output_tokens` is where it is cut off. The defaults ask for the likeliest reply."""

    temperature: float = 0.0
    max_output_tokens: int = 1024
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema that a reply has to follow, with the name under which servers keep it.

    Every server enforces flat schemas whose properties are all required, with `additionalProperties` false; not every
    one enforces more. The reply is validated against whatever is asked for.
    """

    name: str
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's reply. `data` is the parsed and validated JSON when a schema was asked for, None otherwise.

    `finish_reason` is "length" when the reply was cut off at the output limit.
    """

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"
    data: Any = None


class LLM(Protocol):
    """A language model. Its methods may be called from several threads at once.

    Every method but `count_tokens` raises a leaf of ModelError: ModelUnreachable, ModelRejected, ContextTooLong, and
    MalformedReply where a reply is of no use.
    """

    @property
    def name(self) -> str:
        """What answers and logs call the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """Stands for everything but the messages that a reply depends on; goes into cache keys."""
        ...

    @property
    def context_length(self) -> int:
        """In tokens, input and output together."""
        ...

    @property
    def max_output_tokens(self) -> int:
        """Where a reply is cut off; what the messages must leave free of the context."""
        ...

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The whole reply. With a schema, `data` holds JSON that follows it.

        Otherwise MalformedReply is raised, or TruncatedReply where the output limit cut the JSON.
        """
        ...

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """Pieces of the reply as they come, and as the last item the whole as a Completion."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many of this model's tokens the text has; an estimate errs on the high side."""
        ...
