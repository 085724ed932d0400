"""The router by fitted weights: what they decide, and where the rules decide instead."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from docqa.agents.router.estimates import Economics
from docqa.agents.router.learned import NAMES, Learned, Weights, shipped, vector
from docqa.agents.router.rules import Rules
from docqa.errors import UsageError
from docqa.llm.budget import Budget

from .scattered import plant_report
from .test_graph import QUESTIONS
from .test_router import FACT, MODEL, answer, router

N = len(NAMES)
HARD = replace(FACT, coverage=0.2)


def weights(price: float = 0.0) -> Weights:
    """rag is right where the best passage covers the question, the chain always at even odds."""
    covered = [8.0 * (name == "coverage") for name in NAMES]
    logits = {"rag": [-4.0, *covered], "retrieve_then_reason": [-9.0, *[0.0] * N], "chain": [0.0, *[0.0] * N]}
    return Weights([0.0] * N, [1.0] * N, logits, price)


def test_the_features_stand_under_their_names() -> None:
    named = dict(zip(NAMES, vector(FACT), strict=True))
    assert named["coverage"] == FACT.coverage
    assert named["length"] == pytest.approx(math.log1p(FACT.n_tokens))
    assert (named["fact"], named["summary"]) == (1.0, 0.0)


def test_the_strategy_with_the_best_chance_is_taken() -> None:
    learned = Learned(weights())
    assert learned.decide(FACT, Economics()).strategy == "rag"
    decision = learned.decide(HARD, Economics())
    assert decision.strategy == "chain"
    assert decision.reason == "by fitted weights its answer is right with a chance of 50%, for 100% of the text"
    assert [estimate.strategy for estimate in decision.estimates] == ["rag", "retrieve_then_reason", "chain"]


def test_reading_has_its_price_and_its_limit() -> None:
    assert Learned(weights(price=0.5)).decide(HARD, Economics()).strategy == "rag"
    assert Learned(weights()).decide(HARD, Economics(), Budget(max_seconds=5.0)).strategy == "rag"


def test_where_a_language_model_answers_the_rules_decide() -> None:
    assert Learned(weights()).decide(HARD, MODEL) == Rules().decide(HARD, MODEL)
    declined = answer("not_found")
    assert Learned(weights()).reconsider(declined, FACT, ["rag"]) == Rules().reconsider(declined, FACT, ["rag"])


def test_a_router_takes_the_policy_that_it_is_given() -> None:
    chosen, _ = router()
    everything = Weights([0.0] * N, [1.0] * N, {"chain": [0.0] * (N + 1)}, 0.0)
    answered = replace(chosen, policy=Learned(everything))(QUESTIONS[0], [plant_report(n_pages=30)])
    assert answered.route.strategy == "chain"


def test_the_shipped_weights_fit_the_features() -> None:
    found = shipped("lexical")
    assert set(found.logits) == {"rag", "retrieve_then_reason", "chain"}
    assert all(len(row) == N + 1 for row in found.logits.values())
    assert all(0 < chance < 1 for chance in found.chances(FACT).values())
    with pytest.raises(UsageError, match="no weights for the reader 'owl'"):
        shipped("owl")
