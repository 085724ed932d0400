"""The trained reader behind the `EvidenceReader` seam: ranks candidates, finds the words, refuses, checks support."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from docqa.answers import Support
from docqa.documents import Span
from docqa.llm.evidence_reading import Passage, SentenceReading, read_evidence
from docqa.llm.exact_checks import changed_details, is_altered_copy
from docqa.llm.onnx_parts import CLS, SEP, Input, Parts, run_batched
from docqa.llm.reader import Candidate
from docqa.llm.refusal import Signs, fitted
from docqa.text import sentences

MAX_CLAIM_TOKENS = 96
MAX_PAIR_TOKENS = 224


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Probabilities that a text supports a claim, has nothing to do with it, or contradicts it; they sum to 1."""

    supported: float
    unrelated: float
    contradicted: float


class OnnxReader:
    """Judges candidates with the shipped networks.

    A candidate's rank joins the network's logit with the retriever's score as a share of the best one's, times
    `retriever_weight`. What nothing answers is told by `docqa.llm.refusal`.
    """

    name = "docqa-reader-3"

    def __init__(self, parts: Parts | None = None, retriever_weight: float = 8.0) -> None:
        self._parts = parts or Parts()
        self._retriever_weight = retriever_weight
        self._last: tuple[tuple[str, tuple[Candidate, ...]], tuple[SentenceReading, ...]] | None = None

    def rank(self, question: str, candidates: Sequence[Candidate]) -> Sequence[float]:
        """One score for each candidate between 0 and 1; higher means more likely to answer the question."""
        best = max((candidate.score for candidate in candidates), default=0.0)
        logits = [
            reading.score + self._retriever_weight * (candidate.score / best - 1 if best > 0 else 0.0)
            for reading, candidate in zip(self.read(question, candidates), candidates, strict=True)
        ]
        return [1 / (1 + math.exp(-max(-30.0, logit))) for logit in logits]

    def answerable(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """Whether one of the candidates answers the question, as far as the networks can tell."""
        if not candidates:
            return False
        signs = self.signs(question, candidates, coverage)
        return fitted(signs).answerable(signs)

    def certain(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """Whether the networks leave little doubt about it."""
        if not candidates:
            return False
        signs = self.signs(question, candidates, coverage)
        return fitted(signs).certain(signs)

    def signs(self, question: str, candidates: Sequence[Candidate], coverage: float) -> Signs:
        """What speaks for an answer among the candidates and against; raises ValueError without any."""
        logits = [joint_score(reading) for reading in self.read(question, candidates)]
        best = max(range(len(logits)), key=logits.__getitem__)
        n_missing = len(changed_details(question, candidates[best].context))
        cosines = [candidate.cosine for candidate in candidates if candidate.cosine is not None]
        return Signs(logits[best], coverage, max(cosines, default=None), n_missing)

    def read(self, question: str, candidates: Sequence[Candidate]) -> list[SentenceReading]:
        """What the network says of each candidate; spans count the characters of its own text.

        Each context is read once, however many candidates it holds, and what was read last is remembered: ranking and
        refusing ask for the same.
        """
        asked = (question, tuple(candidates))
        if self._last is None or self._last[0] != asked:
            self._last = (asked, tuple(self._read(question, candidates)))
        return list(self._last[1])

    def _read(self, question: str, candidates: Sequence[Candidate]) -> list[SentenceReading]:
        by_context: dict[str, list[int]] = {}
        for i, candidate in enumerate(candidates):
            holds = candidate.context.find(candidate.text) >= 0
            by_context.setdefault(candidate.context if holds else candidate.text, []).append(i)
        passages, order = [], []
        for context, members in by_context.items():
            places = sorted((context.find(candidates[i].text), i) for i in members)
            spans = tuple(Span(start, start + len(candidates[i].text)) for start, i in places)
            passages.append(Passage(context, spans))
            order.append([i for _, i in places])
        found: dict[int, SentenceReading] = {}
        for passage, members, readings in zip(
            passages, order, read_evidence(self._parts, question, passages), strict=True
        ):
            for i, sentence, reading in zip(members, passage.sentences, readings, strict=True):
                found[i] = _moved(reading, sentence)
        return [found[i] for i in range(len(candidates))]

    def find_spans(self, question: str, sentences: Sequence[str]) -> Sequence[Span]:
        """The characters of each sentence that answer the question best, read on its own."""
        passages = [Passage(sentence, (Span(0, len(sentence)),)) for sentence in sentences]
        return [readings[0].span for readings in read_evidence(self._parts, question, passages)]

    def supports(self, claim: str, text: str) -> Support:
        """Whether the text bears the claim out: the network's verdict, overruled where a number or name differs."""
        if _plain(claim) in _plain(text):
            return Support("supports", 1.0, "quotation")
        verdict = self.verdicts([(claim, text)])[0]
        if changed_details(claim, text) or is_altered_copy(claim, text):
            score = min(verdict.supported, 0.2)
            return Support("contradicts" if verdict.contradicted > 0.5 else "unrelated", score, f"{self.name} + exact")
        if verdict.supported >= 0.5:
            return Support("supports", verdict.supported, self.name)
        if verdict.contradicted >= 0.5:
            return Support("contradicts", verdict.supported, self.name)
        return Support("partly" if verdict.supported >= 0.25 else "unrelated", verdict.supported, self.name)

    def verdicts(self, pairs: Sequence[tuple[str, str]]) -> list[Verdicts]:
        """The network's probabilities for (claim, text) pairs; of a long text the part counts that supports most."""
        claims = self._parts.tokens([claim for claim, _ in pairs])
        texts = self._parts.tokens([text for _, text in pairs])
        inputs, owners = [], []
        for number, (claim, text) in enumerate(zip(claims, texts, strict=True)):
            asked = claim.ids[:MAX_CLAIM_TOKENS]
            budget = MAX_PAIR_TOKENS - len(asked) - 3
            for first in _starts(pairs[number][1], text.starts, budget):
                ids = (CLS, *asked, SEP, *text.ids[first : first + budget], SEP)
                inputs.append(Input(ids, len(asked) + 2))
                owners.append(number)
        best = [Verdicts(0.0, 1.0, 0.0)] * len(pairs)
        for indices, (logits,) in run_batched(self._parts, "support", inputs):
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            for i, row in zip(indices, powers / powers.sum(axis=1, keepdims=True), strict=True):
                found = Verdicts(*(float(p) for p in row))
                if found.supported >= best[owners[i]].supported:
                    best[owners[i]] = found
        return best


def joint_score(reading: SentenceReading) -> float:
    """One logit from the three that the network gives for a sentence."""
    return (reading.score + reading.answerable + 0.5 * reading.span_score) / 3


def _starts(text: str, starts: Sequence[int], budget: int) -> list[int]:
    """The tokens at which to begin reading a long text: sentences, each piece overlapping the last by half."""
    if len(starts) <= budget:
        return [0]
    chosen = [0]
    at = {sentence.start_char for sentence in sentences(text)}
    for token, start in enumerate(starts):
        if token >= chosen[-1] + budget // 2 and (start in at or token >= chosen[-1] + budget):
            chosen.append(token)
            if token + budget >= len(starts):
                break
    return chosen


def _moved(reading: SentenceReading, sentence: Span) -> SentenceReading:
    start = max(0, reading.span.start_char - sentence.start_char)
    end = min(sentence.end_char - sentence.start_char, reading.span.end_char - sentence.start_char)
    return SentenceReading(reading.score, Span(start, max(start, end)), reading.span_score, reading.answerable)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")
