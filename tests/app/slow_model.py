"""A model server that answers when it is let, for tests of what happens in the middle of an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from docqa.llm.base import Message
from tests.agents.reading_model import model_of, reader_of
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


@contextmanager
def slow_server(pattern: str) -> Iterator[SlowServer]:
    """A server whose model reads its prompt for the pattern and waits to be let before it replies."""
    reply = reader_of(pattern)

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
