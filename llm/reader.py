"""The seam to the brain that answers without a language model: it judges candidate sentences, and writes none.

A candidate arrives with what retrieval already knows about it. An `EvidenceReader` says how likely each candidate
answers the question and whether the best of them is good enough to be shown as an answer at all.
`LexicalReader` needs nothing but words; a trained reader replaces it behind the same four methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from docqa.answers import Support
from docqa.documents import Span
from docqa.llm.exact_checks import changed_numbers


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer the question, in its passage.

    `context` is the passage's text with its headings. `score` is the retriever's score for the sentence: higher is
    better, comparable within one question. `cosine` is its likeness to the question, None without an encoder.
    """

    text: str
    context: str
    score: float
    cosine: float | None = None


class ClaimJudge(Protocol):
    """Says whether a text bears a claim out."""

    @property
    def name(self) -> str:
        """What an answer calls this judge."""
        ...

    def supports(self, claim: str, text: str) -> Support:
        """Whether the text bears the claim out."""
        ...


class EvidenceReader(ClaimJudge, Protocol):
    """Judges candidates without writing a word."""

    def rank(self, question: str, candidates: Sequence[Candidate]) -> Sequence[float]:
        """One score for each candidate; higher means more likely to answer the question."""
        ...

    def answerable(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """Whether the candidates bear on the question at all.

        `coverage` is the share of the question's words, weighted by rarity, that the best passage holds, from 0 to 1.
        """
        ...

    def certain(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """Whether what is answerable needs no word of doubt beside its answer."""
        ...

    def find_spans(self, question: str, sentences: Sequence[str]) -> Sequence[Span | None]:
        """The characters of each sentence that answer the question best; None where the reader cannot tell."""
        ...


@dataclass(frozen=True, slots=True)
class LexicalReader:
    """Judges by words alone: the retriever's order, and refusal when the question's rare words are nowhere together.

    `min_coverage` is the coverage under which the best passage counts as being about something else: 0.35 refuses
    92 % of the questions that belong to another SQuAD article and 3 % of those that belong to the article. Under
    `min_certain` a word of doubt stands beside the answer: with 99 % of the former and 22 % of the latter.
    """

    min_coverage: float = 0.35
    min_certain: float = 0.55
    name: str = "lexical"

    def rank(self, question: str, candidates: Sequence[Candidate]) -> Sequence[float]:
        """The retriever's own scores."""
        return [candidate.score for candidate in candidates]

    def answerable(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """True when one passage holds enough of the question's weight in words."""
        return bool(candidates) and coverage >= self.min_coverage

    def certain(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """True when one passage holds so much of the question that few foreign questions reach it."""
        return bool(candidates) and coverage >= self.min_certain

    def find_spans(self, question: str, sentences: Sequence[str]) -> Sequence[Span | None]:
        """Words alone do not tell."""
        return [None] * len(sentences)

    def supports(self, claim: str, text: str) -> Support:
        """Quotation supports itself; for other wording the share of shared words is all that can be told.

        A number that is not in the text makes the claim one about something else.
        """
        claim_words, text_words = claim.casefold().split(), set(text.casefold().split())
        if " ".join(claim_words) in " ".join(text.casefold().split()):
            return Support("supports", 1.0, "quotation")
        shared = sum(word in text_words for word in claim_words) / max(1, len(claim_words))
        bears_on_it = shared >= 0.5 and not changed_numbers(claim, text)
        return Support("partly" if bears_on_it else "unrelated", shared, self.name)
