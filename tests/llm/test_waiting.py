"""Calls that are waited for, and calls that are left."""

from __future__ import annotations

import threading
import time

import pytest

from docqa.errors import Interrupted, OutOfBudget
from docqa.llm.base import Message
from docqa.llm.budget import Budget, BudgetLLM
from docqa.llm.counting import CountingLLM
from docqa.llm.scripted import Call, ScriptedLLM
from docqa.llm.waiting import awaited, is_abandoned

TIMEOUT_S = 60.0


def stay() -> None:
    """Nobody leaves."""


def fails() -> int:
    raise TimeoutError("of the call itself")


def test_what_a_call_returns_or_raises_arrives() -> None:
    assert awaited(lambda: 7, stay) == 7
    with pytest.raises(TimeoutError, match="of the call itself"):
        awaited(fails, stay)


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        (Budget(is_abandoned=lambda: True), Interrupted),
        (Budget(is_stopped=lambda: True), OutOfBudget),
        (Budget(max_seconds=5.0), OutOfBudget),
    ],
    ids=["nobody waits", "stopped", "time is up"],
)
def test_a_call_that_hangs_is_left_and_counted_when_it_ends(budget: Budget, error: type[Exception]) -> None:
    go_on, began = threading.Event(), threading.Event()

    def hanging(_: Call) -> str:
        began.set()
        assert go_on.wait(TIMEOUT_S)
        return "late"

    counting = CountingLLM(ScriptedLLM(hanging))
    now = [0.0]
    waits = Budget(budget.max_tokens, budget.max_seconds, None, lambda: began.is_set() and budget.is_stopped(),
                   lambda: began.is_set() and budget.is_abandoned())  # fmt: skip
    limited = BudgetLLM(counting, waits, clock=lambda: now[0] + 10.0 * began.is_set())
    with pytest.raises(error):
        limited.complete([Message("user", "Hello?")])
    assert counting.tally.usage.n_calls == 0
    go_on.set()
    deadline = time.monotonic() + TIMEOUT_S
    while not counting.tally.usage.n_calls and time.monotonic() < deadline:
        time.sleep(0.01)
    assert counting.tally.usage.n_calls == 1


def test_a_call_that_looks_is_ended_before_anybody_goes_on() -> None:
    ended = threading.Event()

    def looking() -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not is_abandoned() and time.monotonic() < deadline:
            time.sleep(0.01)
        ended.set()

    def leave() -> None:
        raise Interrupted("nobody waits")

    with pytest.raises(Interrupted):
        awaited(looking, leave)
    assert ended.is_set()
    assert not is_abandoned()  # of a thread that nobody waits for
