"""Bootstrap intervals by document: questions about one document are not independent, so documents are resampled.

Efron and Tibshirani 1993, chapter 13 (percentile intervals); for differences of two systems, Koehn 2004.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docqa.eval.metrics import Aggregate, Scored, mean

_N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; `n_documents` says over how many units it was resampled."""

    value: float
    low: float
    high: float
    n_documents: int


@dataclass(frozen=True, slots=True)
class Difference:
    """B minus A with its 95 % interval; `p_value` is two-sided: how often resampling turns the sign around.

    One document alone tells nothing: its p-value is 1.
    """

    value: float
    low: float
    high: float
    p_value: float
    n_documents: int


def interval(scored: Sequence[Scored], aggregate: Aggregate = mean, seed: int = 0) -> Interval:
    """The aggregate over the examples with its interval."""
    value = aggregate(scored)
    groups = list(_by_document(scored).values())
    if not groups:
        return Interval(value, value, value, 0)
    estimates = _resampled_means(groups, seed) if aggregate is mean else _resampled(groups, aggregate, seed)
    low, high = np.percentile(estimates, [2.5, 97.5])
    return Interval(value, float(low), float(high), len(groups))


def difference(a: Mapping[str, tuple[str, float]], b: Mapping[str, tuple[str, float]], seed: int = 0) -> Difference:
    """Compare two systems on the examples that both have: id to (document, score)."""
    groups: dict[str, list[float]] = {}
    for key in a.keys() & b.keys():
        groups.setdefault(a[key][0], []).append(b[key][1] - a[key][1])
    deltas = [groups[document] for document in sorted(groups)]
    if not deltas:
        return Difference(0.0, 0.0, 0.0, 1.0, 0)
    sums = np.array([sum(group) for group in deltas])
    counts = np.array([len(group) for group in deltas])
    value = float(sums.sum() / counts.sum())
    estimates = _ratios(sums, counts, seed)
    crossed = min(int((estimates <= 0).sum()), int((estimates >= 0).sum()))
    p_value = min(1.0, 2 * (crossed + 1) / (len(estimates) + 1)) if len(deltas) > 1 else 1.0
    low, high = np.percentile(estimates, [2.5, 97.5])
    return Difference(value, float(low), float(high), p_value, len(deltas))


def _by_document(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    groups: dict[str, list[Scored]] = {}
    for row in scored:
        if row.score is not None:
            groups.setdefault(row.example.document, []).append(row)
    return groups


def _resampled_means(groups: Sequence[Sequence[Scored]], seed: int) -> NDArray[np.float64]:
    sums = np.array([sum(row.score or 0.0 for row in group) for group in groups])
    return _ratios(sums, np.array([len(group) for group in groups]), seed)


def _ratios(sums: NDArray[np.float64], counts: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Means of resamples, shape (n_resamples,); drawn in slices so that memory stays small."""
    rng = np.random.default_rng(seed)
    slices = []
    for _ in range(_N_RESAMPLES // 100):
        drawn = rng.integers(0, len(sums), (100, len(sums)))
        slices.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(slices)


def _resampled(
    groups: Sequence[Sequence[Scored]], aggregate: Callable[[Sequence[Scored]], float], seed: int
) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(groups), len(groups)) for _ in range(_N_RESAMPLES // 4))
    return np.array([aggregate([row for index in draw for row in groups[index]]) for draw in draws])
