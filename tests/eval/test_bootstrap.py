"""Intervals resample documents and cover the truth as often as they claim."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from docqa.eval.bootstrap import difference, interval
from docqa.eval.examples import TextSource
from docqa.eval.metrics import Scored, mean

from .examples_of_ours import example


def rows(groups: Sequence[Sequence[float]]) -> list[Scored]:
    return [
        Scored(replace(example(f"{d}-{q}"), sources=(TextSource(f"d{d}", ("x",)),)), None, score)
        for d, group in enumerate(groups)
        for q, score in enumerate(group)
    ]


def test_the_value_is_the_mean_and_lies_in_its_interval() -> None:
    found = interval(rows([[0.0, 1.0], [1.0], [0.5]]))
    assert found.value == pytest.approx(0.625)
    assert found.low <= found.value <= found.high
    assert found.n_documents == 3


def test_questions_of_one_document_count_as_one_observation() -> None:
    apart = interval(rows([[float(n % 2)] for n in range(40)]))
    together = interval(rows([[float(d % 2)] * 10 for d in range(4)]))
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_about_95_of_100_intervals_cover_the_truth() -> None:
    rng = random.Random(0)
    covered = 0
    for _ in range(200):
        found = interval(rows([[float(rng.random() < 0.6)] for _ in range(60)]))
        covered += found.low <= 0.6 <= found.high
    assert 180 <= covered <= 198


def test_the_seed_alone_decides() -> None:
    data = rows([[0.2], [0.9], [0.4, 0.1]])
    assert interval(data, seed=5) == interval(data, seed=5)


def test_dropped_examples_enter_neither_mean_nor_interval() -> None:
    data = [*rows([[1.0]]), Scored(example("dropped"), None, None)]
    assert (mean(data), interval(data).n_documents) == (1.0, 1)
    assert interval([]).value == 0.0


def test_a_pairwise_aggregate_is_resampled_as_a_whole() -> None:
    def worst(scored: Sequence[Scored]) -> float:
        return min(row.score or 0.0 for row in scored)

    found = interval(rows([[0.3], [0.5], [0.9]]), worst)
    assert found.value == 0.3
    assert found.high > 0.3


def test_a_clear_difference_is_told_from_chance() -> None:
    rng = random.Random(1)
    a = {str(n): (f"d{n % 30}", rng.random()) for n in range(300)}
    better = {key: (document, score + 0.2 + 0.1 * rng.random()) for key, (document, score) in a.items()}
    found = difference(a, better)
    assert found.value == pytest.approx(0.25, abs=0.02)
    assert found.low > 0.2
    assert found.p_value < 0.01
    none = difference(a, {key: (document, score + rng.gauss(0, 0.3)) for key, (document, score) in a.items()})
    assert none.p_value > 0.05
    assert none.low < 0 < none.high


def test_only_shared_examples_are_compared() -> None:
    found = difference({"1": ("d", 0.0), "2": ("e", 0.0)}, {"2": ("e", 1.0), "3": ("f", 0.0)})
    assert (found.value, found.n_documents) == (1.0, 1)
    assert difference({}, {}).p_value == 1.0
