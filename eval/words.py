"""Words in common: SQuAD normalisation, token precision, recall and F1, exact match, containment.

Rajpurkar et al. 2016 (arXiv:1606.05250), section 6.1, as LongBench and L-CiteEval use them.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from docqa.citation_scores import harmonic_mean

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class Overlap(NamedTuple):
    """Precision, recall and F1 of what two bags or sets have in common, each from 0 to 1."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0


def normalised(text: str) -> str:
    """Lower case, without ASCII punctuation and English articles, single blanks.

    >>> normalised("The Eiffel Tower, Paris!")
    'eiffel tower paris'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_overlap(prediction: str, reference: str) -> Overlap:
    """Token precision, recall and F1 after normalisation; 0 when nothing is shared, also of two empty texts."""
    predicted, expected = normalised(prediction).split(), normalised(reference).split()
    n_shared = sum((Counter(predicted) & Counter(expected)).values())
    if not n_shared:
        return Overlap()
    precision, recall = n_shared / len(predicted), n_shared / len(expected)
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall))


def set_overlap(predicted: Sequence[object], expected: Sequence[object]) -> Overlap:
    """Precision, recall and F1 of two sets; of an empty prediction all are 0, unless nothing was expected."""
    ours, theirs = set(predicted), set(expected)
    if not ours and not theirs:
        return Overlap(1.0, 1.0, 1.0)
    n_shared = len(ours & theirs)
    precision = n_shared / len(ours) if ours else 0.0
    recall = n_shared / len(theirs) if theirs else 0.0
    return Overlap(precision, recall, harmonic_mean(precision, recall))


def best(score: Callable[[str, str], Overlap], prediction: str, references: Sequence[str]) -> Overlap:
    """The best precision, the best recall and the best F1 over the references, each for itself, as L-CiteEval does."""
    scores = [score(prediction, reference) for reference in references] or [Overlap()]
    return Overlap(*(max(column) for column in zip(*scores, strict=True)))


def exact_match(prediction: str, reference: str) -> bool:
    """Whether both are the same after normalisation."""
    return normalised(prediction) == normalised(reference)


def contains(text: str, short_answers: Sequence[str]) -> bool:
    """Whether one of the answers occurs in the text after normalisation: ALCE's STR-EM (arXiv:2305.14627, 4.2)."""
    haystack = normalised(text)
    return any(normalised(answer) in haystack for answer in short_answers)
