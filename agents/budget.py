"""What one question may cost, and what it has cost so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from docqa.errors import OutOfBudget
from docqa.llm.base import Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """None means no limit. `max_cost` is in the currency of the prices."""

    max_tokens: int | None = None
    max_seconds: float | None = None
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens; a user's own server costs nothing. `cached_input` defaults to `input`."""

    input: float = 0.0
    output: float = 0.0
    cached_input: float | None = None

    def of(self, usage: Usage) -> float:
        """What the tokens cost."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * cached_price + usage.output_tokens * self.output) / 1e6


class Meter:
    """Counts the tokens, seconds and money of one question and refuses a step that would exceed a limit.

    Threads may share it. `malformed` counts replies that did not have the asked form.
    """

    def __init__(
        self, limits: Limits | None = None, prices: Prices | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits or Limits()
        self._prices = prices or Prices()
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._usage = Usage()
        self.malformed = 0

    @property
    def usage(self) -> Usage:
        """What has been used so far."""
        return self._usage

    def add(self, usage: Usage) -> None:
        """Count a reply."""
        with self._lock:
            self._usage += usage

    def add_malformed(self) -> None:
        """Count a reply that had to be asked for again or given up."""
        with self._lock:
            self.malformed += 1

    def check(self, input_tokens: int = 0, output_tokens: int = 0) -> None:
        """Raise OutOfBudget when the next step, with so many tokens, would exceed a limit."""
        with self._lock:
            after = self._usage + Usage(input_tokens, output_tokens)
        limits = self._limits
        if limits.max_tokens is not None and after.input_tokens + after.output_tokens > limits.max_tokens:
            raise OutOfBudget(f"the limit of {limits.max_tokens:,} tokens is reached; raise --max-tokens to go on")
        if limits.max_seconds is not None and self._clock() - self._started >= limits.max_seconds:
            raise OutOfBudget(f"the limit of {limits.max_seconds:g} seconds is reached; raise --max-seconds to go on")
        if limits.max_cost is not None and self._prices.of(after) > limits.max_cost:
            raise OutOfBudget(f"the limit of {limits.max_cost:g} in cost is reached; raise --max-cost to go on")
