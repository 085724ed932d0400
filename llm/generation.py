"""What one reply is made from, for a model that is told so request by request: what a server needs beyond `LLM`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from docqa.llm.base import Completion, Message, Sampling, Schema


def never() -> bool:
    """Of a generation that nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class Generation:
    """Messages and how the reply to them is drawn.

    The reply ends before the first of the texts in `stop`. With a `schema` it is held to the schema token by token.
    `cancelled` is looked at again and again while the model works; once it is true nobody waits for the reply.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    schema: Schema | None = None
    cancelled: Callable[[], bool] = never


class Generator(Protocol):
    """A model in this process. `generate` is called on one thread, the others from any."""

    @property
    def name(self) -> str:
        """What answers and logs call the model."""
        ...

    @property
    def fingerprint(self) -> str:
        """Stands for everything but the generation that a reply depends on."""
        ...

    @property
    def context_length(self) -> int:
        """In tokens, input and output together."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has."""
        ...

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens the messages have as the model reads them, with what the chat template adds."""
        ...

    def generate(self, generation: Generation) -> Iterator[str | Completion]:
        """Pieces of the reply as they come, and as the last item the whole as a Completion.

        A reply that is cancelled ends early. Raises ContextTooLong, and ModelRejected for a schema that the model
        cannot be held to.
        """
        ...
