"""Which way to take by fitted weights: the chance that a strategy's answer is right, against the share it reads.

The weights are data (`weights.json`), made by `training/fit_router.py` from a matrix of questions and strategies. They
were fitted on answers without a language model and are used there alone. `docs/strategies.md` has what they score
beside the rules, which are the default.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import get_args

from docqa.agents.reasoner import QuestionKind
from docqa.agents.router.estimates import Economics, estimates
from docqa.agents.router.features import Features
from docqa.agents.router.rules import Decision, Rules, affordable
from docqa.answers import Answer
from docqa.errors import UsageError
from docqa.llm.budget import Budget

_WEIGHTS = Path(__file__).with_name("weights.json")

NAMES = (
    *"length documents coverage document_coverage gap entropy spread tail".split(),
    *get_args(QuestionKind),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Of one reader: features are taken less `mean` and by `scale`; `logits` has for each strategy the constant, then
    one weight for each of `NAMES`. `price` is what reading the whole text once costs, in chances of a right answer."""

    mean: Sequence[float]
    scale: Sequence[float]
    logits: Mapping[str, Sequence[float]]
    price: float

    def chances(self, features: Features) -> dict[str, float]:
        """How likely the answer of each strategy is right."""
        scaled = [(x - m) / s for x, m, s in zip(vector(features), self.mean, self.scale, strict=True)]
        return {
            name: 1 / (1 + math.exp(-constant - sum(w * x for w, x in zip(weights, scaled, strict=True))))
            for name, (constant, *weights) in self.logits.items()
        }


@dataclass(frozen=True, slots=True)
class Learned:
    """The policy of the weights; where a language model answers, and for second thoughts, that of the rules."""

    weights: Weights
    rules: Rules = field(default_factory=Rules)

    def decide(self, features: Features, economics: Economics, budget: Budget | None = None) -> Decision:
        """The strategy with the best chance less the price of what it reads."""
        if economics.context_length is not None:
            return self.rules.decide(features, economics, budget)
        candidates = estimates(features, economics)
        chances = self.weights.chances(features)
        shares = {e.strategy: min(1.0, e.input_tokens / max(1, features.n_tokens)) for e in candidates}
        payable = [e.strategy for e in candidates if e.strategy in chances and affordable(e, budget or Budget())]
        best = max(payable, key=lambda name: chances[name] - self.weights.price * shares[name], default="rag")
        reason = f"by fitted weights its answer is right with a chance of {chances.get(best, 0.0):.0%}"
        return Decision(best, f"{reason}, for {shares.get(best, 0.0):.0%} of the text", candidates)

    def reconsider(self, answer: Answer, features: Features, tried: Sequence[str]) -> Decision | None:
        """As the rules have it."""
        return self.rules.reconsider(answer, features, tried)


def vector(features: Features) -> list[float]:
    """The features as numbers, in the order of `NAMES`."""
    kinds = [float(features.kind == kind) for kind in get_args(QuestionKind)]
    return [
        math.log1p(features.n_tokens),
        math.log(max(1, features.n_documents)),
        features.coverage,
        features.document_coverage,
        features.gap,
        features.entropy,
        math.log1p(features.spread),
        features.tail,
        *kinds,
    ]


@cache
def shipped(reader: str) -> Weights:
    """The weights that were fitted on the answers of this reader. Raises UsageError for one that has none."""
    known = json.loads(_WEIGHTS.read_text(encoding="utf-8"))
    if reader not in known:
        raise UsageError(
            f"the router has no weights for the reader {reader!r} (it has: {', '.join(known)}); set router to rules"
        )
    data = known[reader]
    return Weights(data["mean"], data["scale"], data["logits"], data["price"])
