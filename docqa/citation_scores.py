"""The citation arithmetic of ALCE and L-CiteEval: recall, precision and F1 of cited claims, given a judge.

Gao et al. 2023 (arXiv:2305.14627), section 4; Tang et al. 2024 (arXiv:2410.02115), section 3. Knows no sentence
splitter, no marker syntax and no model: claims come with the numbers that they cite, passages as the premises that a
judge reads, and the judge is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Entails = Callable[[str, str], bool]
"""Whether a premise (first) entails a claim (second)."""

Mode = Literal["parity", "strict"]
"""`parity` keeps every quirk of the original scorers, `strict` mends the listed ones. Every report names its mode."""


@dataclass(frozen=True, slots=True)
class CitedClaim:
    """A sentence without its markers, and the 1-based numbers of the passages it cites, in order, as written."""

    text: str
    cited: tuple[int, ...] = ()


BorneOut = Callable[[CitedClaim, Sequence[int]], bool]
"""Whether the passages with these 0-based indexes together bear a claim out."""


@dataclass(frozen=True, slots=True)
class CitationScore:
    """Recall, precision and F1 from 0 to 1, and how many citations were counted (None: this answer enters no mean)."""

    recall: float
    precision: float
    f1: float
    n_citations: int | None


@dataclass(frozen=True, slots=True)
class _Tally:
    """What one claim adds: 1 or 0 for its support, its precise citations, and its counted citations."""

    supported: int = 0
    n_precise: int = 0
    n_citations: int = 0


def harmonic_mean(precision: float, recall: float) -> float:
    """F1; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def score_citations(
    claims: Sequence[CitedClaim],
    premises: Sequence[str],
    entails: Entails,
    mode: Mode = "strict",
    at_most: int | None = 3,
) -> CitationScore | None:
    """`score_claims` with a judge that reads the cited premises line by line."""

    def borne_out(claim: CitedClaim, cited: Sequence[int]) -> bool:
        return entails("\n".join(premises[index] for index in cited), claim.text)

    return score_claims(claims, len(premises), borne_out, mode, at_most)


def score_claims(
    claims: Sequence[CitedClaim],
    n_passages: int,
    borne_out: BorneOut,
    mode: Mode = "strict",
    at_most: int | None = 3,
) -> CitationScore | None:
    """Score an answer's claims against the passages they cite; None for an answer without a claim in `parity`.

    Recall is the share of claims that their citations together entail. A citation is precise when its claim is entailed
    and it either entails the claim alone or the others do not without it; precision is the share of those. Only the
    first `at_most` citations of a claim are read (None: all). `strict` gives an empty answer zeros.

    The modes differ for numbers that name no passage: `parity` gives the claim nothing and forgets its citations, and
    takes 0 for the last passage; `strict` counts each as an imprecise citation and judges the others. `strict` also
    counts a repeated number once.
    """
    if not claims:
        return None if mode == "parity" else CitationScore(0.0, 0.0, 0.0, 0)
    tally = _parity_tally if mode == "parity" else _strict_tally
    tallies = [tally(claim, n_passages, borne_out, at_most) for claim in claims]
    n_citations = sum(tally.n_citations for tally in tallies)
    recall = sum(tally.supported for tally in tallies) / len(claims)
    precision = sum(tally.n_precise for tally in tallies) / n_citations if n_citations else 0.0
    return CitationScore(recall, precision, harmonic_mean(precision, recall), n_citations)


def _parity_tally(claim: CitedClaim, n_passages: int, borne_out: BorneOut, at_most: int | None) -> _Tally:
    indexes = [number - 1 for number in claim.cited]
    if not indexes or max(indexes) >= n_passages:
        return _Tally()
    return _judge(claim, indexes[:at_most], borne_out)  # index -1 is the last passage: a quirk


def _strict_tally(claim: CitedClaim, n_passages: int, borne_out: BorneOut, at_most: int | None) -> _Tally:
    numbers = list(dict.fromkeys(claim.cited))
    valid = [number - 1 for number in numbers if 1 <= number <= n_passages]
    n_invalid = len(numbers) - len(valid)
    if not valid:
        return _Tally(n_citations=n_invalid)
    judged = _judge(claim, valid[:at_most], borne_out)
    return _Tally(judged.supported, judged.n_precise, judged.n_citations + n_invalid)


def _judge(claim: CitedClaim, cited: Sequence[int], borne_out: BorneOut) -> _Tally:
    """Ask about all citations together, then, where that holds, about each alone and about the others without it."""
    supported = int(borne_out(claim, cited))
    if not supported or len(cited) == 1:
        return _Tally(supported, supported, len(cited))
    n_precise = 0
    for index in cited:
        others = list(cited)
        others.remove(index)  # the first of equals, as in the original: the order of the premise may depend on it
        n_precise += borne_out(claim, [index]) or not borne_out(claim, others)
    return _Tally(supported, n_precise, len(cited))
