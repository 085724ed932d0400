"""Wrappers hold a model and are one: what they save, count and refuse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docqa.errors import MalformedReply, OutOfBudget, UsageError
from docqa.llm.base import LLM, Completion, Message, Schema, Usage
from docqa.llm.budget import Budget, BudgetLLM
from docqa.llm.counting import CountingLLM, Tally
from docqa.llm.pricing import Price, read_prices
from docqa.llm.response_cache import CachedLLM, ReplyStore
from docqa.llm.scripted import Call, Limits, ScriptedLLM

ASK = (Message("user", "How many?"),)
NUMBER = Schema("number", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
PRICE = Price(input=1.0, output=10.0, cached_input=0.1)


def by_words(text: str) -> int:
    return len(text.split())


class Clock:
    """Time that only passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    store = ReplyStore(tmp_path / "deep" / "replies.sqlite")
    yield store
    store.close()


def test_every_wrapper_goes_by_the_name_and_the_lengths_of_its_model(store: ReplyStore) -> None:
    inner = ScriptedLLM([], limits=Limits(99, 9, by_words), name="inner")
    counting = CountingLLM(inner)
    wrapped: list[LLM] = [counting, BudgetLLM(counting, Budget()), CachedLLM(inner, store)]
    for llm in wrapped:
        assert (llm.name, llm.context_length, llm.max_output_tokens) == ("inner", 99, 9)
        assert (llm.fingerprint, llm.count_tokens("a b c")) == (inner.fingerprint, 3)


def test_counting_adds_up_calls_tokens_seconds_and_money() -> None:
    clock = Clock()

    def reply(_: Call) -> Completion:
        clock.now += 2.5
        return Completion("x", Usage(1_000_000, 100_000, 400_000))

    llm = CountingLLM(ScriptedLLM(reply), PRICE, clock)
    llm.complete(ASK)
    *_, _last = llm.stream(ASK)
    assert llm.tally.cost == pytest.approx(2 * (0.6 + 0.04 + 1.0))
    assert replace(llm.tally, cost=0.0) == Tally(Usage(2_000_000, 200_000, 800_000, 2), 5.0)


def test_what_a_failed_call_has_cost_is_counted() -> None:
    llm = CountingLLM(ScriptedLLM(["not a number", "still not"]), PRICE)
    with pytest.raises(MalformedReply):
        llm.complete(ASK, NUMBER)
    assert (llm.tally.n_failed, llm.tally.usage.n_calls) == (1, 2)
    assert llm.tally.usage.output_tokens == 5
    assert llm.tally.cost > 0


def test_counting_loses_nothing_between_threads() -> None:
    llm = CountingLLM(ScriptedLLM(lambda _: Completion("x", Usage(3, 1))))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: llm.complete(ASK), range(400)))
    assert llm.tally.usage == Usage(1200, 400, 0, 400)


def words(n: int) -> tuple[Message, ...]:
    return (Message("user", "word " * n),)


@pytest.mark.parametrize(
    ("budget", "n_calls", "said"),
    [
        (Budget(), 5, ""),
        (Budget(max_tokens=59), 0, "may need 60 of 59 tokens, 0 are used"),
        (Budget(max_tokens=60), 1, "may need 60 of 60 tokens, 52 are used"),
        (Budget(max_tokens=111), 1, "52 are used"),
        (Budget(max_tokens=112), 2, "104 are used"),
        (Budget(max_cost=0.000149), 0, "to 0.0001, more than 0.000149"),
        (Budget(max_cost=0.000225), 2, "more than 0.000225"),
        (Budget(max_seconds=0.5), 1, "10.0 s are over"),
        (Budget(max_seconds=35.0), 3, "would pass 35 s"),
    ],
)
def test_the_call_that_would_pass_a_limit_is_never_made(budget: Budget, n_calls: int, said: str) -> None:
    clock = Clock()

    def reply(_: Call) -> str:
        clock.now += 10
        return "two words"

    inner = ScriptedLLM(reply, limits=Limits(1000, 10, by_words))
    llm = BudgetLLM(CountingLLM(inner, PRICE, clock), budget, clock)
    for _ in range(n_calls):
        llm.complete(words(50))
    if said:
        with pytest.raises(OutOfBudget, match=said):
            llm.complete(words(50))
    assert len(inner.calls) == n_calls


def test_a_stream_is_refused_before_its_first_piece() -> None:
    inner = ScriptedLLM(["never"], limits=Limits(1000, 10, by_words))
    with pytest.raises(OutOfBudget):
        list(BudgetLLM(CountingLLM(inner), Budget(max_tokens=20)).stream(words(50)))
    assert inner.calls == []


def test_calls_at_the_same_time_stay_within_the_budget_together() -> None:
    gate = threading.Barrier(2, timeout=10)

    def reply(_: Call) -> str:
        gate.wait()
        return "two words"

    inner = ScriptedLLM(reply, limits=Limits(1000, 10, by_words))
    llm = BudgetLLM(CountingLLM(inner), Budget(max_tokens=130))

    def ask(_: int) -> str:
        try:
            return llm.complete(words(50)).text
        except OutOfBudget:
            return "refused"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(ask, range(3))) == ["refused", "two words", "two words"]
    assert len(inner.calls) == 2


def test_what_was_used_before_the_question_does_not_count() -> None:
    counting = CountingLLM(ScriptedLLM(lambda _: "two words", limits=Limits(1000, 10, by_words)))
    counting.complete(words(50))
    assert BudgetLLM(counting, Budget(max_tokens=60)).complete(words(50)).text == "two words"


def test_a_price_table_is_read() -> None:
    table = {"a": {"input": 0.5, "output": 2}, "b": {"input": 0, "cached_input": 0.1}}
    assert read_prices(table) == {"a": Price(0.5, 2.0), "b": Price(0.0, 0.0, 0.1)}
    assert Price(2.0, 6.0).of(Usage(500_000, 500_000, 250_000)) == pytest.approx(4.0)


@pytest.mark.parametrize(
    "row", [None, 3, {}, {"in": 1}, {"input": -1}, {"input": "1"}, {"output": float("inf")}, {"input": True}]
)
def test_a_price_that_makes_no_sense_is_named(row: Any) -> None:
    with pytest.raises(UsageError, match="price of 'a'"):
        read_prices({"a": row})
