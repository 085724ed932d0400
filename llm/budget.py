"""A language model that stops before a limit on tokens, seconds or money is passed.

Made anew for each question, around a CountingLLM made for that question. A response cache stands outside of it, so that
replies which cost nothing are never refused: `CachedLLM(BudgetLLM(CountingLLM(model), budget), path)`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from docqa.errors import Interrupted, OutOfBudget
from docqa.llm.base import Completion, Message, Schema, Usage
from docqa.llm.counting import CountingLLM
from docqa.llm.waiting import awaited
from docqa.llm.wrapped import WrappedLLM

STOPPED = "it was stopped by hand"


def never() -> bool:
    """Nobody stops it."""
    return False


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits for one question; None means no limit. `max_cost` is in the currency of the price table.

    `is_stopped` is asked before every call and during it: whoever waits for the answer may want what there is by now.
    `is_abandoned` says that nobody waits at all.
    """

    max_tokens: int | None = None
    max_seconds: float | None = None
    max_cost: float | None = None
    is_stopped: Callable[[], bool] = never
    is_abandoned: Callable[[], bool] = never

    def look(self) -> None:
        """Raise Interrupted when nobody waits, OutOfBudget when somebody has stopped the work."""
        if self.is_abandoned():
            raise Interrupted("nobody waits for the answer any more")
        if self.is_stopped():
            raise OutOfBudget(STOPPED)


class BudgetLLM(WrappedLLM):
    """Raises OutOfBudget before a call whose longest possible reply would pass a limit.

    Calls that run at the same time reserve what they may need, so together they stay within the limits too. What may
    go beyond: the repair of a malformed reply. How long a call takes is judged by the mean of the calls before it; one
    that is still running when the seconds are over, or when the work is stopped, is not waited for. Its cost is in the
    tally once it has ended.
    """

    def __init__(self, llm: CountingLLM, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(llm)
        self._counting, self._budget, self._clock = llm, budget, clock
        self._start_s, self._before = clock(), llm.tally
        self._lock = threading.Lock()
        self._reserved = Usage()

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Completion:
        """The model's reply, if the budget still allows a full one."""
        with self._within(messages):
            return awaited(lambda: self._llm.complete(messages, schema), self._look)

    def stream(self, messages: Sequence[Message]) -> Iterator[str | Completion]:
        """The model's stream, if the budget still allows a full reply."""
        with self._within(messages):
            yield from self._llm.stream(messages)

    @contextmanager
    def _within(self, messages: Sequence[Message]) -> Iterator[None]:
        n_input = sum(self._llm.count_tokens(message.content) for message in messages)
        wanted = Usage(n_input, self._llm.max_output_tokens, n_calls=1)
        with self._lock:
            self._refuse_beyond(wanted)
            self._reserved += wanted
        try:
            yield
        finally:
            with self._lock:
                self._reserved = _less(self._reserved, wanted)

    def _refuse_beyond(self, wanted: Usage) -> None:
        """Compare each limit with what is spent, what running calls have reserved, and what this one may need."""
        budget, tally = self._budget, self._counting.tally
        budget.look()
        spent = _less(tally.usage, self._before.usage)
        worst = spent + self._reserved + wanted
        n_worst, n_spent = (usage.input_tokens + usage.output_tokens for usage in (worst, spent))
        if budget.max_tokens is not None and n_worst > budget.max_tokens:
            raise OutOfBudget(
                f"the next call may need {n_worst - n_spent} of {budget.max_tokens} tokens, {n_spent} are used; raise "
                "--max-tokens"
            )
        cost = tally.cost - self._before.cost
        worst_cost = cost + self._counting.price.of(self._reserved + wanted)
        if budget.max_cost is not None and worst_cost > budget.max_cost:
            raise OutOfBudget(
                f"the next call may bring the cost to {worst_cost:.4f}, more than {budget.max_cost:g}; raise --max-cost"
            )
        elapsed_s = self._clock() - self._start_s
        per_call_s = (tally.seconds - self._before.seconds) / max(1, spent.n_calls)
        if budget.max_seconds is not None and elapsed_s + per_call_s > budget.max_seconds:
            raise OutOfBudget(
                f"{elapsed_s:.1f} s are over, and the next call would pass {budget.max_seconds:g} s; raise "
                "--max-seconds"
            )

    def _look(self) -> None:
        """Raise where a call that is running is not to be waited for any longer."""
        self._budget.look()
        max_seconds = self._budget.max_seconds
        if max_seconds is not None and self._clock() - self._start_s >= max_seconds:
            raise OutOfBudget(
                f"the limit of {max_seconds:g} s was reached while {self.name} was replying; raise --max-seconds"
            )


def _less(usage: Usage, taken: Usage) -> Usage:
    return Usage(
        usage.input_tokens - taken.input_tokens,
        usage.output_tokens - taken.output_tokens,
        usage.cached_tokens - taken.cached_tokens,
        usage.n_calls - taken.n_calls,
        usage.n_repairs - taken.n_repairs,
    )
