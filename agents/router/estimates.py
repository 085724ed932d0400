"""What each strategy is going to cost, worked out before it is taken.

The counts are the strategies' own formulas with the usual lengths of prompts and replies put in; they are for choosing
between strategies and for a person's decision, not for an invoice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from docqa.agents.router.features import Features
from docqa.llm.base import Usage
from docqa.llm.pricing import FREE, Price

_PROMPT = 450  # tokens of instructions and question
_REPLY = 250
_UNIT = 250  # tokens of a communication unit as workers really write it
_PASSAGE = 170  # tokens of a passage as it is laid out
_PARAGRAPHS = 8  # that a clarifying question finds
_ROUNDS = 2  # of queries in retrieve_then_reason, on the mean


@dataclass(frozen=True, slots=True)
class Economics:
    """What the numbers rest on: the model's window, its pace in tokens per second, and its price.

    `context_length` None means that no language model is used: then nothing is called and reading costs time alone. A
    chain reads everything `n_readings` times and words `n_answers` answers, of which a judge takes one. With
    `clarifies`, two calls precede every answer.
    """

    context_length: int | None = None
    worker_room: int = 12_000
    n_readings: int = 1
    n_answers: int = 1
    clarifies: bool = False
    k: int = 10
    read_per_s: float = 3_000.0
    write_per_s: float = 40.0
    price: Price = field(default=FREE)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected cost of a strategy. `input_tokens` are what is read, also where no model is called."""

    strategy: str
    input_tokens: int
    output_tokens: int
    n_calls: int
    seconds: float
    cost: float

    def __str__(self) -> str:
        money = f", cost {self.cost:.4f}" if self.cost else ""
        n_tokens = self.input_tokens + self.output_tokens
        calls = {0: "", 1: ", 1 call"}.get(self.n_calls, f", {self.n_calls} calls")
        return f"{self.strategy}: about {n_tokens:,} tokens{calls}, {self.seconds:.1f} s{money}"


def estimates(features: Features, economics: Economics) -> tuple[Estimate, ...]:
    """One estimate for each strategy that can be taken at all, the cheapest first."""
    n = features.n_tokens
    n_chunks = max(1, math.ceil(n / max(1, economics.worker_room)))
    found = min(economics.k * _PASSAGE, n)
    before = [found + _PROMPT, _PARAGRAPHS * _PASSAGE + _PROMPT] if economics.clarifies else []
    reasoned = [_PROMPT, *[found + _PROMPT + _UNIT] * _ROUNDS, *before, 2 * _PROMPT]
    rounds = [
        _estimate("rag", [*before, found + _PROMPT], economics),
        _estimate("retrieve_then_reason", reasoned, economics),
        _chain(features, n_chunks, before, economics),
    ]
    if economics.context_length is not None and n + _PROMPT + _REPLY <= economics.context_length:
        rounds.append(_estimate("full_context", [*before, n + _PROMPT], economics))
    return tuple(sorted(rounds, key=lambda estimate: (estimate.input_tokens, estimate.n_calls)))


def _chain(features: Features, n_chunks: int, before: list[int], economics: Economics) -> Estimate:
    """n + l (p + c) + (c + p) when the parts are read in turn; n + l p when they are read apart and counted in code."""
    part = math.ceil(features.n_tokens / n_chunks)
    if features.kind == "aggregation":
        return _estimate("chain", [part + _PROMPT] * n_chunks, economics)
    workers = [part + _PROMPT + _UNIT] * n_chunks * economics.n_readings
    managers = [*before, _UNIT + _PROMPT] * economics.n_answers
    judge = [_PROMPT + _REPLY * economics.n_answers] if economics.n_answers > 1 else []
    return _estimate("chain", [*workers, *managers, *judge], economics)


def _estimate(strategy: str, inputs: list[int], economics: Economics) -> Estimate:
    if economics.context_length is None:
        n_read = sum(max(0, n - _PROMPT) for n in inputs)
        return Estimate(strategy, n_read, 0, 0, n_read / economics.read_per_s, 0.0)
    usage = Usage(sum(inputs), _REPLY * len(inputs), n_calls=len(inputs))
    seconds = usage.input_tokens / economics.read_per_s + usage.output_tokens / economics.write_per_s
    cost = economics.price.of(usage)
    return Estimate(strategy, usage.input_tokens, usage.output_tokens, usage.n_calls, seconds, cost)
