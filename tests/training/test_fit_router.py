"""Fitting the router's weights: the regression, the split, the control."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.router_matrix import Cell, Row
from benchmarks.router_tables import lead_over_mixing, mean, mixed
from docqa.agents.router.features import Features
from training.fit_router import fitted, halves, policy, regression, shuffled, tuned


def rows(n_documents: int = 60) -> list[Row]:
    """Questions that rag answers where its best passage covers them, and only the chain answers otherwise."""
    rng = np.random.default_rng(3)
    found = []
    for number in range(n_documents * 8):
        coverage = float(rng.uniform())
        easy = bool(rng.uniform() < coverage)
        features = Features("fact", 1, 20_000, coverage, 1.0, 0.5, 0.5, 3, 0.2)
        cells = {
            "rag": Cell(float(easy), 0.1, 0.01),
            "rag_k12": Cell(float(easy), 0.12, 0.01),
            "retrieve_then_reason": Cell(float(easy), 0.2, 0.02),
            "chain": Cell(float(not easy or rng.uniform() < 0.5), 1.0, 0.1),
            "rules": Cell(float(easy), 0.1, 0.01, route="rag"),
        }
        found.append(Row("made", f"d{number % n_documents}", f"q{number}", True, features, cells))
    return found


def test_the_regression_is_where_its_gradient_vanishes() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 3))
    labels = (rng.uniform(size=200) < 1 / (1 + np.exp(-(vectors @ [1.0, -2.0, 0.0])))).astype(float)
    constant, *weights = regression(vectors, labels, penalty=2.0)
    chances = 1 / (1 + np.exp(-(constant + vectors @ weights)))
    assert vectors.T @ (labels - chances) == pytest.approx(2.0 * np.asarray(weights), abs=1e-6)
    assert float((labels - chances).sum()) == pytest.approx(0.0, abs=1e-4)


def test_no_document_is_in_both_halves() -> None:
    dev, test = halves(rows())
    assert not {row.document for row in dev} & {row.document for row in test}
    assert len(dev) + len(test) == len(rows())
    assert min(len(dev), len(test)) > len(rows()) / 3


def test_weights_find_what_there_is_to_find_and_shuffled_features_do_not() -> None:
    dev, test = halves(rows())
    weights = fitted(dev, *tuned(dev))
    taken = [row.cells[policy(weights)(row)] for row in test]
    assert lead_over_mixing(test, taken).low > 0.03
    assert mean(cell.read for cell in taken) < 0.6
    control = [row.cells[shuffled(weights, test)(row)] for row in test]
    assert abs(lead_over_mixing(test, control).value) < 0.03


def test_mixing_is_the_best_coin_at_that_cost() -> None:
    made = rows()
    cells = mixed(made, 0.55)
    assert mean(cell.read for cell in cells) == pytest.approx(0.55)
    rag, chain = (mean(row.cells[name].score for row in made) for name in ("rag", "chain"))
    assert mean(cell.score for cell in cells) == pytest.approx(0.5 * rag + 0.5 * chain, abs=0.01)
    assert mean(cell.read for cell in mixed(made, 5.0)) <= 5.0


def test_a_router_cheaper_than_every_strategy_is_compared_with_the_cheapest() -> None:
    made = rows()
    assert mean(cell.read for cell in mixed(made, 0.05)) == pytest.approx(0.1)
