"""A language model whose replies are written beforehand, for the tests of everything that is built on one.

It behaves like a real one where that can break a program: messages that do not fit raise ContextTooLong, replies are
cut off at the output limit, JSON is validated and asked for a second time. And it misbehaves as told: any text may be
scripted as a reply to a schema, and an exception is raised as it stands.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from docqa import tokens
from docqa.errors import ContextTooLong, DocqaError
from docqa.llm.base import Completion, Message, Schema, Usage
from docqa.llm.structured import complete_structured

Reply = str | Completion | DocqaError
"""The text of a reply, a reply with its own usage, or an error to raise."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the model was asked; a repair is a call of its own."""

    messages: tuple[Message, ...]
    schema: Schema | None = None

    @property
    def prompt(self) -> str:
        """The last message."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class Limits:
    """What the scripted model can hold, in tokens, and how it counts them (docqa's vocabulary by default)."""

    context_length: int = 8192
    max_output_tokens: int = 1024
    count_tokens: Callable[[str], int] = lambda text: tokens.count_tokens(text).n_tokens


class ScriptedLLM:
    """Replies one after the other, or what a function makes of each call; `calls` keeps what was asked.

    Asked more often than there are replies, it raises AssertionError: a test that makes a call too many fails there.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Callable[[Call], Reply],
        *,
        limits: Limits | None = None,
        name: str = "scripted",
    ) -> None:
        self.name = name
        self.calls: list[Call] = []
        self._replies = replies if callable(replies) else tuple(replies)
        self._limits = limits or Limits()
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """The name and the limits; two scripts of the same name count as the same model."""
        return json.dumps([self.name, self.context_length, self.max_output_tokens])

    @property
    def context_length(self) -> int:
        """As the limits say."""
        return self._limits.context_length

    @property
    def max_output_tokens(self) -> int:
        """As the limits say."""
        return self._limits.max_output_tokens

    def count_tokens(self, text: str) -> int:
        """As the limits say."""
        return self._limits.count_tokens(text)

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The next reply."""
        if schema is None:
            return self._reply(messages)
        return complete_structured(partial(self._reply, schema=schema), messages, schema, "json_schema")

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """The next reply word by word."""
        completion = self._reply(messages)
        yield from re.findall(r"\s*\S+\s*\Z|\s*\S+|\s+", completion.text)
        yield completion

    def _reply(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        n_input = sum(self.count_tokens(message.content) for message in messages)
        reply = self._next(Call(tuple(messages), schema))
        if n_input > self.context_length:
            raise ContextTooLong(f"{n_input} tokens are more than the {self.context_length} that {self.name} can read")
        if isinstance(reply, DocqaError):
            raise reply
        if isinstance(reply, Completion):
            return replace(reply, usage=replace(reply.usage, n_calls=1))
        room = min(self.max_output_tokens, self.context_length - n_input)
        text = self._cut(reply, room)
        usage = Usage(n_input, self.count_tokens(text), n_calls=1)
        return Completion(text, usage, "stop" if text == reply else "length")

    def _next(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
            n_calls = len(self.calls)
        if callable(self._replies):
            return self._replies(call)
        if n_calls > len(self._replies):
            raise AssertionError(f"{self.name} has replies for {len(self._replies)} calls, and this is call {n_calls}")
        return self._replies[n_calls - 1]

    def _cut(self, text: str, n_tokens: int) -> str:
        """The longest beginning of the text, to a whole character, that has at most `n_tokens`."""
        if self.count_tokens(text) <= n_tokens:
            return text
        shortest, longest = 0, len(text) - 1
        while shortest < longest:
            middle = (shortest + longest + 1) // 2
            fits = self.count_tokens(text[:middle]) <= n_tokens
            shortest, longest = (middle, longest) if fits else (shortest, middle - 1)
        return text[:shortest]
