"""Turns a question and a part of its context into token ids and targets for the evidence reader.

A window is `[CLS] question [SEP] sentences [SEP]`; its width is drawn at random, from the answer's sentence alone to
the whole budget, so that the scores of narrow and wide windows compare.
"""

from __future__ import annotations

import random
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from docqa.documents import Span
from training.corpora import Context, QaRow

CLS, SEP = 101, 102
UNKNOWN = -100  # no loss
MAX_QUESTION_TOKENS = 48


def padded_length(n_tokens: int) -> int:
    """The next multiple of 16."""
    return -(-n_tokens // 16) * 16


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids with the first and one past the last character of each."""

    ids: array[int]
    starts: array[int]
    ends: array[int]


@dataclass(frozen=True, slots=True)
class Window:
    """One example. Token positions count from `[CLS]`; `start` and `end` (inclusive) are 0 where there is no answer.

    `sentence_ranges` are half-open token ranges; `labels` has 1, 0 or UNKNOWN for each; `answerable` likewise.
    """

    ids: array[int]
    n_question: int
    sentence_ranges: tuple[tuple[int, int], ...]
    labels: tuple[int, ...]
    start: int
    end: int
    answerable: int


class WordPieces:
    """The checkpoint's tokenizer, without special tokens, remembering every text it has seen."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._seen: dict[str, Tokens] = {}

    def __call__(self, text: str) -> Tokens:
        """The tokens of a text."""
        found = self._seen.get(text)
        if found is None:
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            starts, ends = (array("i", (offset[side] for offset in encoding.offsets)) for side in (0, 1))
            found = Tokens(array("i", encoding.ids), starts, ends)
            self._seen[text] = found
        return found


def token_range(tokens: Tokens, span: Span) -> tuple[int, int]:
    """The half-open range of tokens that overlap a span of characters."""
    first = bisect_left(tokens.ends, span.start_char + 1)
    return first, max(first, bisect_left(tokens.starts, span.end_char))


@dataclass(frozen=True, slots=True)
class WindowMaker:
    """Draws windows. `max_tokens` counts everything; `narrow` is the share of windows of one to three sentences."""

    pieces: WordPieces
    max_tokens: int = 176
    narrow: float = 0.3
    title: float = 0.25

    def make(self, row: QaRow, rng: random.Random) -> Window | None:
        """A window on the row's answer, or on the sentence nearest to the question; None if there are no tokens."""
        context = row.context
        tokens = self.pieces(context.text)
        if not tokens.ids or not context.sentences:
            return None
        question = self.pieces(row.question).ids[:MAX_QUESTION_TOKENS]
        title = array("i")
        if context.title and rng.random() < self.title:
            title = self.pieces(context.title).ids[:12]
        budget = self.max_tokens - len(question) - len(title) - 3
        ranges = [token_range(tokens, sentence) for sentence in context.sentences]
        core = _core(row, rng)
        first, last = self._grow(ranges, core, budget, rng)
        return _assemble(row, tokens, _Parts(question, title, ranges, first, last, budget))

    def _grow(
        self, ranges: Sequence[tuple[int, int]], core: tuple[int, int], budget: int, rng: random.Random
    ) -> tuple[int, int]:
        """The first and last sentence of a window around the core that keeps to a random width."""
        first, last = core
        width = rng.randint(budget // 3, budget)
        most = rng.randint(0, 2) if rng.random() < self.narrow else len(ranges)
        added = 0
        while added < most:
            sides = [side for side in (-1, 1) if 0 <= (first if side < 0 else last) + side < len(ranges)]
            sides = [side for side in sides if _width(ranges, first + min(side, 0), last + max(side, 0)) <= width]
            if not sides:
                break
            side = rng.choice(sides)
            first, last, added = first + min(side, 0), last + max(side, 0), added + 1
        return first, last


@dataclass(frozen=True, slots=True)
class _Parts:
    question: array[int]
    title: array[int]
    ranges: Sequence[tuple[int, int]]
    first: int
    last: int
    budget: int


def _width(ranges: Sequence[tuple[int, int]], first: int, last: int) -> int:
    return ranges[last][1] - ranges[first][0]


def _core(row: QaRow, rng: random.Random) -> tuple[int, int]:
    """The sentences that the window must hold: the answer's, or one that shares words with the question."""
    if row.answer is not None:
        return min(row.positive), max(row.positive)
    if row.positive:
        chosen = rng.choice(sorted(row.positive))
        return chosen, chosen
    wanted = set(re.findall(r"\w{3,}", row.question.casefold()))
    text = row.context.text
    shared = [
        len(wanted.intersection(re.findall(r"\w{3,}", text[slice(*sentence)].casefold()))) + rng.random()
        for sentence in row.context.sentences
    ]
    chosen = shared.index(max(shared))
    return chosen, chosen


def _assemble(row: QaRow, tokens: Tokens, parts: _Parts) -> Window:
    low, high = parts.ranges[parts.first][0], parts.ranges[parts.last][1]
    answer = token_range(tokens, row.answer) if row.answer is not None else None
    if high - low > parts.budget:  # one long sentence: cut around the answer
        centre = (answer[0] + answer[1]) // 2 if answer else low
        low = max(low, min(centre - parts.budget // 2, high - parts.budget))
        high = low + parts.budget
    shift = 2 + len(parts.question) + len(parts.title) - low
    ranges, labels = [], []
    for i in range(parts.first, parts.last + 1):
        first, end = max(parts.ranges[i][0], low), min(parts.ranges[i][1], high)
        if first < end:
            ranges.append((first + shift, end + shift))
            labels.append(1 if i in row.positive else UNKNOWN if i in row.unsure else 0)
    start, end = _answer_positions(row, answer, (low, high), shift)
    ids = array("i", (CLS, *parts.question, SEP, *parts.title, *tokens.ids[low:high], SEP))
    answerable = 1 if row.positive else UNKNOWN if row.unsure else 0
    return Window(ids, len(parts.question), tuple(ranges), tuple(labels), start, end, answerable)


def _answer_positions(row: QaRow, answer: tuple[int, int] | None, kept: tuple[int, int], shift: int) -> tuple[int, int]:
    if answer is None:
        return (UNKNOWN, UNKNOWN) if row.positive else (0, 0)
    if answer[0] < kept[0] or answer[1] > kept[1] or answer[0] >= answer[1]:
        return UNKNOWN, UNKNOWN
    return answer[0] + shift, answer[1] - 1 + shift


def near_sentences(context: Context, index: int, n_around: int) -> str:
    """The text of a sentence with its neighbours."""
    first, last = max(0, index - n_around), min(len(context.sentences) - 1, index + n_around)
    return context.text[context.sentences[first].start_char : context.sentences[last].end_char]
