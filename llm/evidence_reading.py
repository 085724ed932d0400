"""Runs the evidence network: which sentences of a passage answer a question, and with which words.

A passage that does not fit is read in pieces of whole sentences. Scores are logits: 0 is even odds by the training
data, higher is better, and they compare between passages of one question.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from docqa.documents import Span
from docqa.llm.onnx_parts import CLS, SEP, Float32, Input, Parts, Tokens, run_batched

MAX_TOKENS = 192
MAX_QUESTION_TOKENS = 48
MAX_SPAN_TOKENS = 30
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text and the spans of the sentences of it that are to be judged, in order."""

    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """What the network says of a sentence.

    `score` is its logit, `span` the characters of the passage that answer best within it and `span_score` how much
    better they are than no answer. `answerable` is the logit of the piece of the passage that it was read in.
    """

    score: float
    span: Span
    span_score: float
    answerable: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a passage that is read at once; `ranges` are the tokens of its sentences, counted from [CLS]."""

    passage: int
    first_sentence: int
    ranges: tuple[Range, ...]
    first_token: int
    input: Input


def read_evidence(parts: Parts, question: str, passages: Sequence[Passage]) -> list[list[SentenceReading]]:
    """One reading for each sentence of each passage."""
    asked = parts.tokens([question])[0].ids[:MAX_QUESTION_TOKENS]
    tokens = parts.tokens([passage.text for passage in passages])
    pieces = [
        piece for number, passage in enumerate(passages) for piece in _pieces(number, passage, tokens[number], asked)
    ]
    readings: list[list[SentenceReading]] = [[_unread(s) for s in passage.sentences] for passage in passages]

    def membership(indices: Sequence[int], n_tokens: int) -> dict[str, Float32]:
        most = max(len(pieces[i].ranges) for i in indices)
        members = np.zeros((len(indices), most, n_tokens), np.float32)
        for row, i in enumerate(indices):
            for column, (first, end) in enumerate(pieces[i].ranges):
                members[row, column, first:end] = 1
        return {"membership": members}

    for indices, (span, sentence, answerable) in run_batched(parts, "evidence", [p.input for p in pieces], membership):
        for row, i in enumerate(indices):
            piece = pieces[i]
            shift = len(asked) + 2 - piece.first_token
            for column, found in enumerate(piece.ranges):
                best, score = _best_span(span[row], found)
                chars = _characters(tokens[piece.passage], best, shift)
                readings[piece.passage][piece.first_sentence + column] = SentenceReading(
                    float(sentence[row, column]), chars, score, float(answerable[row])
                )
    return readings


def _unread(sentence: Span) -> SentenceReading:
    return SentenceReading(-20.0, sentence, -20.0, -20.0)


def _pieces(number: int, passage: Passage, tokens: Tokens, asked: tuple[int, ...]) -> Iterator[_Piece]:
    """Cut a passage into runs of sentences that fit beside the question."""
    budget = MAX_TOKENS - len(asked) - 3
    ranges = [_tokens_of(tokens, sentence) for sentence in passage.sentences]
    first = 0
    while first < len(ranges):
        last = first
        low = 0 if first == 0 and ranges[-1][1] <= budget else ranges[first][0]  # what stands before is context
        while last + 1 < len(ranges) and ranges[last + 1][1] - low <= budget:
            last += 1
        high = min(low + budget, len(tokens.ids) if last + 1 == len(ranges) else ranges[last][1])
        shift = len(asked) + 2 - low
        inside = tuple((a + shift, min(b, high) + shift) for a, b in ranges[first : last + 1])
        ids = (CLS, *asked, SEP, *tokens.ids[low:high], SEP)
        yield _Piece(number, first, inside, low, Input(ids, len(asked) + 2))
        first = last + 1


def _tokens_of(tokens: Tokens, span: Span) -> Range:
    first = bisect_left(tokens.ends, span.start_char + 1)
    return first, max(first, bisect_left(tokens.starts, span.end_char))


def _best_span(logits: Float32, inside: Range) -> tuple[Range, float]:
    """The best token range within a sentence, its end inclusive, and its score above no answer."""
    first, end = inside
    if first >= end:
        return (first, first), -20.0
    sums = logits[first:end, 0][:, None] + logits[first:end, 1][None, :]
    allowed = np.triu(np.ones(sums.shape, bool)) & ~np.triu(np.ones(sums.shape, bool), MAX_SPAN_TOKENS)
    sums = np.where(allowed, sums, -np.inf)
    start, stop = np.unravel_index(int(sums.argmax()), sums.shape)
    none = float(logits[0, 0] + logits[0, 1])
    return (first + int(start), first + int(stop)), float(sums[start, stop]) - none


def _characters(tokens: Tokens, found: Range, shift: int) -> Span:
    first, last = (min(max(0, position - shift), len(tokens.ids) - 1) for position in found)
    return Span(tokens.starts[first], tokens.ends[last]) if tokens.ids else Span(0, 0)
