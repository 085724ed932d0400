"""What one question has used so far, and whether its time is up; the model's own budget stands around the model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from docqa.errors import MalformedReply, ModelError, OutOfBudget
from docqa.llm.base import LLM, Usage
from docqa.llm.budget import Budget, BudgetLLM
from docqa.llm.counting import CountingLLM
from docqa.llm.pricing import FREE, Price


class Meter:
    """The account of one question; threads may share it.

    `usage` gives what the model has used for this question. `malformed` counts replies that were given up or had to be
    asked for again, `fault` says what was wrong with the last one that was given up. `budget` limits the seconds and
    says whether somebody has stopped the work; its other limits bind the model.
    """

    def __init__(
        self,
        usage: Callable[[], Usage] = Usage,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usage = usage
        self._budget = budget or Budget()
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self.malformed = 0
        self.fault: ModelError = MalformedReply("the model's replies could not be used")

    @property
    def usage(self) -> Usage:
        """What has been used so far."""
        return self._usage()

    def add_malformed(self, fault: ModelError | None = None) -> None:
        """Count a reply that was of no use; with a `fault` it was not, or not again, asked for once more."""
        with self._lock:
            self.malformed += 1
            self.fault = fault or self.fault

    def check(self) -> None:
        """Raise OutOfBudget when the time is up, Interrupted when nobody waits; called between steps, so that a limit
        binds without a model too."""
        self._budget.look()
        max_seconds = self._budget.max_seconds
        if max_seconds is not None and self._clock() - self._started >= max_seconds:
            raise OutOfBudget(f"the limit of {max_seconds:g} s is reached; raise --max-seconds to go on")


def metered(llm: LLM, budget: Budget, price: Price = FREE) -> tuple[BudgetLLM, Meter]:
    """The model under the budget of one question, and the account of what it uses. Made anew for each question."""
    counting = CountingLLM(llm, price)
    return BudgetLLM(counting, budget), Meter(lambda: counting.tally.usage, budget)
