"""A model for the tests of the server: its tokens are words, and what it says is a function of what it is asked.

It keeps the promises of `Generator` (the reply ends at the limit and before a stop text, and early when cancelled), and
notes whether two generations were ever at work at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence

from docqa.errors import ContextTooLong
from docqa.llm.base import Completion, Message, Usage
from docqa.llm.generation import Generation


class WordGenerator:
    """Says word by word what `reply` makes of a generation; with `gate`, each word waits until the gate is open."""

    def __init__(
        self, reply: Callable[[Generation], str], *, context_length: int = 1000, gate: threading.Event | None = None
    ) -> None:
        self.name, self.fingerprint, self.context_length = "words", "words of a test", context_length
        self.asked: list[Generation] = []
        self.n_said = 0
        self.overlapped = False
        self.ended = threading.Event()
        self._reply, self._gate = reply, gate
        self._at_work = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """Words."""
        return len(text.split())

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """Words, and one token for each role."""
        return sum(1 + self.count_tokens(message.content) for message in messages)

    def generate(self, generation: Generation) -> Iterator[str | Completion]:
        """The reply; a second question about the same beginning has it in the cache."""
        if not self._at_work.acquire(blocking=False):
            self.overlapped = True
            raise AssertionError("two generations at once")
        try:
            yield from self._said(generation)
        finally:
            self._at_work.release()
            self.ended.set()

    def _said(self, generation: Generation) -> Iterator[str | Completion]:
        n_input = self.prompt_tokens(generation.messages)
        if n_input > self.context_length:
            raise ContextTooLong(f"{n_input} tokens are more than {self.context_length}")
        n_cached = n_input - 1 if any(g.messages[0] == generation.messages[0] for g in self.asked) else 0
        self.asked.append(generation)
        text = self._reply(generation)
        ends = [text.find(stop) for stop in generation.stop if stop in text]
        words = re.findall(r"\s*\S+", text[: min(ends)] if ends else text)
        kept = words[: generation.sampling.max_output_tokens]
        said: list[str] = []
        for word in kept:
            while self._gate is not None and not self._gate.wait(0.01) and not generation.cancelled():
                pass
            if generation.cancelled():
                break
            said.append(word)
            self.n_said += 1
            yield word
        usage = Usage(n_input, len(said), n_cached, n_calls=1)
        yield Completion("".join(said), usage, "stop" if kept == words else "length")
