"""ROUGE-1, -2 and -L as the package `rouge` 1.0.1 computes them, which LongBench and L-CiteEval report.

It differs from Lin 2004: n-grams are counted once, sentences end at every full stop, ROUGE-L is the union of longest
common subsequences over all pairs of sentences, counted in distinct words, and F has 1e-8 in its denominator.
"""

from __future__ import annotations

from collections.abc import Sequence

from docqa.eval.words import Overlap

Words = Sequence[str]


def rouge_n(prediction: str, reference: str, n: int = 1) -> Overlap:
    """Precision, recall and F of distinct n-grams; all 0 when either text has no sentence."""
    ours, theirs = _sentences(prediction), _sentences(reference)
    if not ours or not theirs:
        return Overlap()
    predicted, expected = _ngrams(_words(ours), n), _ngrams(_words(theirs), n)
    return _overlap(len(predicted & expected), len(predicted), len(expected))


def rouge_l(prediction: str, reference: str) -> Overlap:
    """Precision, recall and F of the union of longest common subsequences; 0 when either text has no sentence."""
    ours, theirs = _sentences(prediction), _sentences(reference)
    if not ours or not theirs:
        return Overlap()
    shared: set[str] = set()
    for expected in theirs:
        for predicted in ours:
            shared.update(_common_subsequence(expected.split(" "), predicted.split(" ")))
    return _overlap(len(shared), len(set(_words(ours))), len(set(_words(theirs))))


def _sentences(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(".") if part]


def _words(sentences: Sequence[str]) -> list[str]:
    return [word for sentence in sentences for word in sentence.split(" ")]


def _ngrams(words: Words, n: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def _overlap(n_shared: int, n_predicted: int, n_expected: int) -> Overlap:
    precision = n_shared / n_predicted if n_predicted else 0.0
    recall = n_shared / n_expected if n_expected else 0.0
    return Overlap(precision, recall, 2.0 * ((precision * recall) / (precision + recall + 1e-8)))


def _common_subsequence(expected: Words, predicted: Words) -> list[str]:
    """One longest common subsequence; of several, the one that tracing back from the end prefers to shorten `predicted`
    on ties gives."""
    table = _lengths(expected, predicted)
    i, j, found = len(expected), len(predicted), []
    while i and j:
        if expected[i - 1] == predicted[j - 1]:
            found.append(expected[i - 1])
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


def _lengths(a: Words, b: Words) -> list[list[int]]:
    """Lengths of longest common subsequences of all prefixes, shape (len(a) + 1, len(b) + 1)."""
    table = [[0] * (len(b) + 1)]
    for word in a:
        above, row = table[-1], [0]
        for j, other in enumerate(b, start=1):
            row.append(above[j - 1] + 1 if word == other else max(above[j], row[-1]))
        table.append(row)
    return table
