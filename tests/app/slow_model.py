"""A model server that answers when it is let, for tests of what happens in the middle of an answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from docqa.llm.base import Message
from tests.agents.reading_model import Reply, model_of, reader_of
from tests.llm.openai_server import Kind, OpenAIServer

_TIMEOUT_S = 300.0


@dataclass
class SlowServer:
    """A running server; each `let` allows so many replies."""

    server: OpenAIServer
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def n_asked(self) -> int:
        """How many replies were asked for."""
        return len(self.server.chats)

    def let(self, n_replies: int = 1_000) -> None:
        self.gate.release(n_replies)

    def let_go(self) -> None:
        """Let all that waits now have its reply, and nothing that is asked from now on."""
        waited_at, self.gate = self.gate, threading.Semaphore(0)
        waited_at.release(1_000)


def reader_for_question(pattern: str) -> Reply:
    """A model that takes for an answer only the sentences with what the pattern finds in its question.

    So an answer tells which question it belongs to. Where the question has nothing of the pattern, all of it is sought.
    """

    def reply(messages: Sequence[Message]) -> str:
        question = messages[-1].content.rpartition("Question: ")[2]
        asked_for = re.findall(pattern, question)
        return reader_of("|".join(map(re.escape, asked_for)) or pattern)(messages)

    return reply


@contextmanager
def slow_server(pattern: str) -> Iterator[SlowServer]:
    """A server whose model reads its prompt for what the pattern finds in the question, and waits to be let to reply.

    A reply is remembered under its question by whoever has a cache, and never waited for again.
    """
    reply = reader_for_question(pattern)

    def when_let(messages: Sequence[Message]) -> str:
        if len(messages) == 1:
            return "ready"  # somebody tries whether the model answers at all
        assert slow.gate.acquire(timeout=_TIMEOUT_S)
        return reply(messages)

    with OpenAIServer(model_of(when_let), Kind(model_card={"max_model_len": 32_000})) as server:
        slow = SlowServer(server)
        try:
            yield slow
        finally:
            slow.let()
