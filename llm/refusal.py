"""Whether what was found answers the question at all: some signs of it, weighed together.

Weights and lines were fitted by `benchmarks/refusal_fit.py` on three kinds of documents (encyclopedia articles, papers,
reports as PDF), once with the encoder's likeness and once without: logistic regression, with lines that refuse one in
twelve and doubt one in eight of the questions that have an answer, as the mean of the three kinds. Since numbers that
stand nowhere and names of the whole document are told apart, the first line with the encoder is 2.30 instead of 2.46,
by the same rule; a new fit of the weights refused more that has an answer in real PDFs, and was not taken.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells an answer from the lack of one.

    `reading` is the best joint logit of the evidence network, `coverage` the share of the question's words, weighted by
    rarity, in the best passage, `cosine` the likeness of the likest sentence (None without an encoder), and `n_missing`
    how many names and numbers of the question do not stand near the best sentence. What the support network says of
    question and answer was tried too and adds nothing.
    """

    reading: float
    coverage: float
    cosine: float | None
    n_missing: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Weighs signs. Under `refused` nothing is shown as an answer, under `doubted` a word of doubt stands beside it."""

    reading: float
    coverage: float
    cosine: float
    missing: float
    refused: float
    doubted: float

    def certainty(self, signs: Signs) -> float:
        """One number, higher where an answer is likelier; it is no probability."""
        return (
            self.reading * signs.reading
            + self.coverage * signs.coverage
            + self.cosine * (signs.cosine or 0.0)
            + self.missing * min(2, signs.n_missing)
        )

    def answerable(self, signs: Signs) -> bool:
        """Whether it is worth showing at all."""
        return self.certainty(signs) >= self.refused

    def certain(self, signs: Signs) -> bool:
        """Whether it may stand without a word of doubt."""
        return self.certainty(signs) >= self.doubted


WITH_ENCODER = Refusal(reading=0.18, coverage=0.98, cosine=4.91, missing=-0.25, refused=2.30, doubted=2.98)
BY_WORDS = Refusal(reading=0.31, coverage=2.12, cosine=0.0, missing=-0.11, refused=-0.07, doubted=0.99)


def fitted(signs: Signs) -> Refusal:
    """What was fitted for signs of this sort."""
    return BY_WORDS if signs.cosine is None else WITH_ENCODER
