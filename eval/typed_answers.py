"""MMLongBench-Doc's rule-based match of a short answer with a typed reference (Ma et al. 2024, arXiv:2407.01523, 3.3).

The reference says its type: `Int`, `Float`, `Str`, `List`, or `None` for questions that the document does not answer.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence

NOT_ANSWERABLE = "Not answerable"
_MIN_SIMILARITY = 0.5
_EXACT = re.compile(
    r".*https://.*|.*\.py|.*ipynb|page.*|\d+([-\s]\d+)?|.*[ap]\.m\..*|\d{4}[-\s]\d{2}([-\s]\d{2})?"
    r"|[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}",
    re.DOTALL,
)


def typed_match(reference: str, prediction: str, answer_format: str) -> float:
    """Agreement from 0 to 1. Text is compared by its share of equal characters, exactly where a digit matters."""
    if answer_format == "Int":
        return float(_same_integer(reference, prediction))
    if answer_format == "Float":
        return float(_close_number(_cleaned(reference), _cleaned(prediction)))
    if answer_format in ("Str", "None"):
        expected, found = _cleaned(reference), _cleaned(prediction)
        return float(expected == found) if _EXACT.fullmatch(expected) else _similarity(expected, found)
    return _list_match(_listed(reference), _listed(prediction))


def f1_over_answerable(scores: Sequence[float], references: Sequence[str], predictions: Sequence[str]) -> float:
    """MMLongBench-Doc's F1: recall over answerable questions, precision over those that were answered."""
    gained = sum(s for s, reference in zip(scores, references, strict=True) if reference != NOT_ANSWERABLE)
    n_answerable = sum(reference != NOT_ANSWERABLE for reference in references)
    n_answered = sum(prediction != NOT_ANSWERABLE for prediction in predictions)
    if not gained or not n_answerable or not n_answered:
        return 0.0
    recall, precision = gained / n_answerable, gained / n_answered
    return 2 * recall * precision / (recall + precision)


def _same_integer(reference: str, prediction: str) -> bool:
    try:
        return int(reference) == int(float(prediction))
    except (ValueError, OverflowError):
        return False


def _close_number(reference: str, prediction: str) -> bool:
    """Equal up to one percent, with or without a percent sign's factor of a hundred."""
    try:
        expected, found = float(reference), float(prediction)
    except ValueError:
        return False
    return any(
        math.isclose(value, found, rel_tol=0.01) or _equal_as_written(value, found)
        for value in (expected / 100, expected, expected * 100)
    )


def _equal_as_written(a: float, b: float) -> bool:
    n_digits = max(min(_n_decimals(a), _n_decimals(b)), 2)
    return round(a, n_digits) == round(b, n_digits)


def _n_decimals(value: float) -> int:
    text = str(value)
    return len(text.split(".")[-1]) if "." in text else 3


def _list_match(expected: Sequence[str], found: Sequence[str]) -> float:
    """The worst pair of the sorted lists; 0 for lists of different length."""
    if not expected or len(expected) != len(found):
        return 0.0
    ours, theirs = sorted(map(_cleaned, found)), sorted(map(_cleaned, expected))
    if _is_number(theirs[0]) or _EXACT.fullmatch(theirs[0]):
        return float(ours == theirs)
    return min(_similarity(a, b) for a, b in zip(theirs, ours, strict=True))


def _listed(text: str) -> list[str]:
    if not text.startswith("["):
        return [text]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return [text]
    return [str(item) for item in value] if isinstance(value, list) else [text]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cleaned(text: str) -> str:
    """Lower case, without brackets, quotes, dollar and percent signs."""
    text = re.sub(r"\s*\([^)]*\)", "", text.lower().strip()).strip()
    text = re.sub(r"^['\"]|['\"]$", "", text).strip()
    return text.lstrip("$").strip().rstrip("%").strip()


def _similarity(expected: str, found: str) -> float:
    """One minus the edit distance over the longer length; 0 up to the threshold of a half."""
    longest = max(len(expected), len(found))
    similarity = 1.0 - (_edit_distance(expected, found) / longest if longest else 0.0)
    return similarity if similarity > _MIN_SIMILARITY else 0.0


def _edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, sign in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(diagonal + (sign != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]
