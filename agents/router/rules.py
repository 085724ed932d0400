"""Which way to take, in rules that can be read: by the question first, by length second, by cost always.

A question's kind tells more than anything a search shows: on 30,025 published pairs of answers, sending comparisons to
the long context was worth more than sending there what retrieval declined, and sending every decline there lost quality
(.537 against .584 for retrieval alone), because a long context answers what should be refused. So a decline is accepted
unless there is a reason to doubt it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from docqa.agents.router.estimates import Economics, Estimate, estimates
from docqa.agents.router.features import Features
from docqa.answers import Answer
from docqa.llm.budget import Budget


@dataclass(frozen=True, slots=True)
class Decision:
    """The strategy to take, why in one sentence, and what every candidate would cost."""

    strategy: str
    reason: str
    estimates: tuple[Estimate, ...] = ()


class Policy(Protocol):
    """Where a question is sent first, and where after an answer that does not hold."""

    def decide(self, features: Features, economics: Economics, budget: Budget | None = None) -> Decision:
        """The strategy to take first."""
        ...

    def reconsider(self, answer: Answer, features: Features, tried: Sequence[str]) -> Decision | None:
        """What to try next; None where the answer, or the decline, is to be accepted."""
        ...


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the rules change their mind.

    `small` is the length in tokens up to which everything is simply read. `usable` is the share of the window named
    that a model reads well. `doubt` is the share of the question's weight in words that must occur somewhere in
    the documents for a decline to be doubted, and `proved` the share of statements that must be borne out.
    """

    small: int = 12_000
    usable: float = 0.5
    doubt: float = 0.75
    proved: float = 0.5


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy of this module."""

    thresholds: Thresholds = field(default_factory=Thresholds)

    def decide(self, features: Features, economics: Economics, budget: Budget | None = None) -> Decision:
        """As `decide`."""
        return decide(features, economics, budget, self.thresholds)

    def reconsider(self, answer: Answer, features: Features, tried: Sequence[str]) -> Decision | None:
        """As `reconsider`."""
        return reconsider(answer, features, tried, self.thresholds)


def decide(
    features: Features, economics: Economics, budget: Budget | None = None, thresholds: Thresholds | None = None
) -> Decision:
    """The first wish of the question that can be had and paid for; rag where none can."""
    candidates = {estimate.strategy: estimate for estimate in estimates(features, economics)}
    wishes = _wishes(features, economics, thresholds or Thresholds())
    ordered = tuple(candidates.values())
    for strategy, reason in wishes:
        if strategy in candidates and affordable(candidates[strategy], budget or Budget()):
            return Decision(strategy, reason, ordered)
    return Decision("rag", "the budget allows no more than to read the passages that fit the question best", ordered)


def reconsider(
    answer: Answer, features: Features, tried: Sequence[str], thresholds: Thresholds | None = None
) -> Decision | None:
    """What to try after an answer that does not hold; None where the answer, or the decline, is to be accepted."""
    limits = thresholds or Thresholds()
    if answer.status == "partial" or "retrieve_then_reason" in tried or "rag" not in tried:
        return None
    if answer.status == "not_found" and not n_left_out(answer):
        if features.document_coverage < limits.doubt:
            return None  # what the question is about is not in the documents at all
        reason = "the passages found did not answer it, but its words occur elsewhere in the documents"
        return Decision("retrieve_then_reason", reason)
    if proved_share(answer) < limits.proved:
        return Decision("retrieve_then_reason", "the first answer was not borne out by what it cited")
    return None


def proved_share(answer: Answer) -> float:
    """The share of the drafted statements with a citation that bears them out at least in part; those that the check
    left out count too."""
    proved = [
        any(c.support is None or c.support.label in ("supports", "partly") for c in statement.citations)
        for statement in answer.statements
    ]
    n_statements = len(proved) + n_left_out(answer)
    return sum(proved) / n_statements if n_statements else 0.0


def n_left_out(answer: Answer) -> int:
    """How many statements of the draft the check left out."""
    return 0 if answer.check is None else answer.check.count("statement_removed")


def _wishes(features: Features, economics: Economics, limits: Thresholds) -> list[tuple[str, str]]:
    """Strategies that would serve the question, the best first, each with the sentence that says why."""
    rag = ("rag", "the question asks for something that a few passages can answer")
    several = ("retrieve_then_reason", "the question needs several things that have to be looked for one by one")
    if features.kind == "aggregation":
        return [("chain", "the question asks for all of something, so every part is read and counted"), several]
    whole = ("chain", "the question is about the whole text, which is read part by part")
    if economics.context_length is None:  # without a model, reading more only adds sentences to choose from
        return {"comparison": [several, rag], "summary": [whole, rag]}.get(features.kind, [rag])
    wishes = [rag]
    fits = features.n_tokens <= limits.usable * economics.context_length
    if features.kind == "summary":
        wishes = [whole, rag]
    elif features.kind in ("comparison", "reason"):
        wishes = [several, rag]
    elif features.foreign:
        wishes = [("retrieve_then_reason", "the question is put into the language of the documents first"), rag]
    if fits and features.n_tokens <= limits.small:
        wishes.insert(0, ("full_context", "the documents are short enough to be read as a whole"))
    elif fits and features.kind in ("summary", "comparison"):
        wishes.insert(0, ("full_context", f"a {features.kind} needs the whole text, and the model can read it at once"))
    return wishes


def affordable(estimate: Estimate, budget: Budget) -> bool:
    """Whether the budget pays for what the strategy is expected to cost."""
    limits = (
        (estimate.input_tokens + estimate.output_tokens, budget.max_tokens if estimate.n_calls else None),
        (estimate.seconds, budget.max_seconds),
        (estimate.cost, budget.max_cost),
    )
    return all(limit is None or expected <= limit for expected, limit in limits)
