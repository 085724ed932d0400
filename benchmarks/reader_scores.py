"""The scores that the reader is measured by: ranks, SQuAD's EM and F1, areas under the curve."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.reader_sets import ClaimPair


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative, ties half."""
    if not positive or not negative:
        return float("nan")
    scores = np.asarray([*positive, *negative], np.float64)
    order = scores.argsort(kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        same = scores == value
        ranks[same] = ranks[same].mean()
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def normal_answer(text: str) -> str:
    """SQuAD's own normalisation: lower case, no punctuation, no articles."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(answer: str, gold: str) -> float:
    """SQuAD's F1 of two answers."""
    ours, theirs = normal_answer(answer).split(), normal_answer(gold).split()
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs)) if shared else 0.0


def at(ranks: Sequence[int], k: int) -> float:
    """The share of ranks below k, in per cent."""
    return 100 * float(np.mean([rank < k for rank in ranks]))


def rank_of(flags: Sequence[bool]) -> int:
    """The position of the first true flag; a million when there is none."""
    return flags.index(True) if True in flags else 10**6


def overlap(pair: ClaimPair) -> float:
    """The share of the claim's words that the text holds."""
    words = re.findall(r"\w+", pair.claim.casefold())
    held = set(re.findall(r"\w+", pair.text.casefold()))
    return sum(word in held for word in words) / max(1, len(words))


def hypothesis_only(pairs: Sequence[ClaimPair], n_folds: int = 5) -> list[float]:
    """What the claims alone give away: log odds by naive Bayes over words and pairs of words, by cross-validation.

    Gururangan et al. 2018 (arXiv:1803.02324) name the baseline. Equal claims stay in one fold.
    """
    fold = {claim: i % n_folds for i, claim in enumerate(dict.fromkeys(pair.claim for pair in pairs))}
    features = [_grams(pair.claim) for pair in pairs]
    odds = [0.0] * len(pairs)
    for held in range(n_folds):
        counts = {True: Counter[str](), False: Counter[str]()}
        for pair, grams in zip(pairs, features, strict=True):
            if fold[pair.claim] != held:
                counts[pair.entailed].update(grams)
        n_kinds = len(counts[True] | counts[False]) + 1
        totals = {label: sum(count.values()) + n_kinds for label, count in counts.items()}
        for i, pair in enumerate(pairs):
            if fold[pair.claim] == held:
                odds[i] = sum(
                    float(np.log((counts[True][g] + 1) / totals[True] * totals[False] / (counts[False][g] + 1)))
                    for g in features[i]
                )
    return odds


def _grams(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {*words, *(f"{one} {other}" for one, other in pairwise(words))}
