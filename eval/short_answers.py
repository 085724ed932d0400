"""Rules of benchmarks whose answers are short: LongBench, L-Eval, SQuAD 2, HotpotQA, RULER, NoCha.

Each takes texts and gives a score from 0 to 1; sources are named at each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docqa.eval.words import Overlap, exact_match, normalised, token_overlap

_CHOICES = "ABCDEFGH"


def squad_overlap(prediction: str, reference: str) -> Overlap:
    """Token overlap of SQuAD 2 (Rajpurkar et al. 2018, arXiv:1806.03822): an empty text matches only an empty one."""
    if not normalised(prediction) or not normalised(reference):
        same = float(normalised(prediction) == normalised(reference))
        return Overlap(same, same, same)
    return token_overlap(prediction, reference)


def squad_exact(prediction: str, references: Sequence[str]) -> float:
    """Exact match with any reference; a question without references is answered right by an empty text."""
    return float(any(exact_match(prediction, reference) for reference in references or ("",)))


def hotpot_overlap(prediction: str, reference: str) -> Overlap:
    """Token overlap of HotpotQA (Yang et al. 2018, arXiv:1809.09600): yes, no and noanswer must match as a whole."""
    ours, theirs = normalised(prediction), normalised(reference)
    if ours != theirs and {ours, theirs} & {"yes", "no", "noanswer"}:
        return Overlap()
    return token_overlap(prediction, reference)


def joint(answer: Overlap, evidence: Overlap) -> Overlap:
    """HotpotQA's joint score: the products of both precisions and both recalls, and their F1."""
    precision, recall = answer.precision * evidence.precision, answer.recall * evidence.recall
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Overlap(precision, recall, f1)


def share_contained(prediction: str, references: Sequence[str]) -> float:
    """RULER's `string_match_all` (Hsieh et al. 2024, arXiv:2404.06654): the share of references in the text."""
    text = prediction.lower()
    return sum(reference.lower() in text for reference in references) / len(references) if references else 0.0


def any_contained(prediction: str, references: Sequence[str]) -> float:
    """RULER's `string_match_part`, for its question answering tasks: whether any reference is in the text."""
    return float(any(reference.lower() in prediction.lower() for reference in references))


def count_share(prediction: str, reference: str) -> float:
    """LongBench's passage count (Bai et al. 2023, arXiv:2308.14508): the share of all numbers that are right."""
    numbers = re.findall(r"\d+", prediction)
    return numbers.count(str(reference)) / len(numbers) if numbers else 0.0


def retrieval_share(prediction: str, reference: str) -> float:
    """LongBench's passage retrieval: the share of all numbers that are the one of "Paragraph N"."""
    wanted = re.search(r"Paragraph (\d+)", reference)
    return count_share(prediction, wanted.group(1)) if wanted else 0.0


def class_share(prediction: str, reference: str, classes: Sequence[str]) -> float:
    """LongBench's classification: one over the number of classes named, when the right one is among them.

    A class whose name is only part of the right one's name does not count as named.
    """
    named = [name for name in classes if name in prediction]
    named = [name for name in named if name == reference or name not in reference]
    return 1 / len(named) if reference in named else 0.0


def leval_exact(prediction: str, reference: str) -> float:
    """L-Eval's exam match (An et al. 2023, arXiv:2307.11088).

    Choices: 1 for the same letters in the same order, 0.25 when they are a part of the right ones in any order (a
    permutation too: a quirk). Numbers: equal values. Anything else: the reference occurs in the text.
    """
    ours, theirs = prediction.strip(), reference.strip()
    if theirs and set(theirs) <= set(_CHOICES):
        if ours == theirs:
            return 1.0
        return 0.25 if ours and set(ours) <= set(theirs) else 0.0
    try:
        return float(float(ours) == float(theirs))
    except ValueError:
        return float(normalised(theirs) in normalised(ours))


def says_true(prediction: str) -> bool | None:
    """Whether the text judges a claim true or false; None when it does neither.

    The first of the words true, yes, supported and false, no, unsupported decides.
    """
    found = re.search(r"\b(?:(not true|false|no|unsupported|refuted)|(true|yes|supported))\b", prediction.lower())
    return None if found is None else found.group(1) is None
