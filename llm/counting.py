"""A language model that keeps account of itself: calls, tokens, seconds and money."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from docqa.errors import ModelError
from docqa.llm.base import LLM, Completion, Message, Schema, Usage
from docqa.llm.pricing import FREE, Price
from docqa.llm.wrapped import WrappedLLM


@dataclass(frozen=True, slots=True)
class Tally:
    """What has been used. `seconds` add up the waiting for replies, also where several calls ran at once.

    `n_failed` counts the requests that ended in an error; what the server had counted for them is in the usage.
    """

    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    cost: float = 0.0
    n_failed: int = 0


class CountingLLM(WrappedLLM):
    """Passes everything on to another model and keeps the tally; several threads may call it."""

    def __init__(self, llm: LLM, price: Price = FREE, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(llm)
        self.price, self._clock = price, clock
        self._lock = threading.Lock()
        self._tally = Tally()

    @property
    def tally(self) -> Tally:
        """What has been used until now."""
        with self._lock:
            return self._tally

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The model's reply, counted."""
        with self._timed() as used:
            completion = self._llm.complete(messages, schema)
            used.append(completion.usage)
        return completion

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """The model's stream. A stream that is not read to its end counts as one call without tokens."""
        with self._timed() as used:
            try:
                for item in self._llm.stream(messages):
                    if isinstance(item, Completion):
                        used.append(item.usage)
                    yield item
            except GeneratorExit:
                used.extend([] if used else [Usage(n_calls=1)])
                raise

    @contextmanager
    def _timed(self) -> Iterator[list[Usage]]:
        """Add what the block puts into the list, or what its error says was spent, and the time it took."""
        used: list[Usage] = []
        n_failed, start = 0, self._clock()
        try:
            yield used
        except ModelError as error:
            used.append(Usage(error.input_tokens, error.output_tokens, n_calls=error.n_calls))
            n_failed = 1
            raise
        finally:
            self._add(used, self._clock() - start, n_failed)

    def _add(self, used: Sequence[Usage], seconds: float, n_failed: int) -> None:
        usage = sum(used, Usage())
        with self._lock:
            before = self._tally
            self._tally = Tally(
                before.usage + usage,
                before.seconds + seconds,
                before.cost + self.price.of(usage),
                before.n_failed + n_failed,
            )
