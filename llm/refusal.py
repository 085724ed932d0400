"""Whether what was found answers the question at all: some signs of it, weighed together.

The weights and the two lines were fitted by `benchmarks/refusal_fit.py` on three kinds of documents (encyclopedia
articles, papers, reports as PDF): logistic regression, and lines at a share of the questions that have an answer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells an answer from the lack of one.

    `reading` is the best joint logit of the evidence network, `support` the support network's logit that the words
    found answer the question, `coverage` the share of the question's words, weighted by rarity, in the best passage,
    `cosine` the likeness of the likest sentence (None without an encoder), and `n_missing` how many names and numbers
    of the question do not stand near the best sentence.
    """

    reading: float
    support: float
    coverage: float
    cosine: float | None
    n_missing: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Weighs signs. Under `refused` nothing is shown as an answer, under `doubted` a word of doubt stands beside it.

    Without an encoder the `usual_cosine` of answerable questions stands in.
    """

    reading: float
    support: float
    coverage: float
    cosine: float
    missing: float
    usual_cosine: float
    refused: float
    doubted: float

    def certainty(self, signs: Signs) -> float:
        """One number, higher where an answer is likelier; it is no probability."""
        return (
            self.reading * signs.reading
            + self.support * signs.support
            + self.coverage * signs.coverage
            + self.cosine * (self.usual_cosine if signs.cosine is None else signs.cosine)
            + self.missing * min(2, signs.n_missing)
        )


FITTED = Refusal(
    reading=1.0, support=0.0, coverage=0.0, cosine=0.0, missing=0.0, usual_cosine=0.5, refused=-0.75, doubted=0.5
)
