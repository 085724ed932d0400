"""Pairs of a claim and a text for the support checker: entailment sets, and pairs made from question rows.

From a question row come claims of two forms (question and answer joined, or a statement by rule) with the sentence
or the passage around the answer; their negatives take another answer of the same kind from the same passage, other
words of the same sentence, or a text from elsewhere. From any sentence, or two together, come a shortened copy that
the passage supports, and copies with a number, a name, a negation or a word's sense changed. A question that its
passage does not answer gives a claim with the answer of another question: what a reader is tempted by.
"""

from __future__ import annotations

import random
import re
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from docqa.documents import Span
from docqa.text import sentences
from training.claim_edits import (
    kind_of,
    other_words,
    shortened,
    statement,
    with_name_changed,
    with_names_swapped,
    with_negation_changed,
    with_number_changed,
    with_number_of,
    with_opposite,
)
from training.corpora import ClaimRow, Context, QaRow
from training.feeding import Batch
from training.heads import CONTRADICTED, NOT_SUPPORTED, SUPPORTED, UNRELATED
from training.licences import CLAIM_SETS
from training.negatives import NameSwaps, Neighbours, names_and_numbers
from training.windows import CLS, SEP, WordPieces, near_sentences, padded_length

MAX_TOKENS = 224
MAX_CLAIM_TOKENS = 96
LABELS = {
    "entailment": SUPPORTED,
    "neutral": UNRELATED,
    "contradiction": CONTRADICTED,
    "not_entailment": NOT_SUPPORTED,
}


@dataclass(frozen=True, slots=True)
class ClaimExample:
    """Token ids `[CLS] claim [SEP] text [SEP]` and one of the four labels."""

    ids: array[int]
    n_claim: int
    label: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim, a text and a label."""

    claim: str
    text: str
    label: int


@dataclass(frozen=True)
class ClaimEpochs:
    """Draws the pairs of an epoch; `from_questions`, `from_sentences` are shares of the question rows.

    A question that people wrote to have no answer there is drawn `n_unanswered` times.
    """

    claims: tuple[ClaimRow, ...]
    rows: tuple[QaRow, ...]
    neighbours: Neighbours
    names: NameSwaps
    pieces: WordPieces
    from_questions: float = 0.7
    from_sentences: float = 0.4
    n_unanswered: int = 3
    answers: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.rows:
            if row.answer is not None:
                found[row.context.text].add(row.context.text[slice(*row.answer)])
        object.__setattr__(self, "answers", {text: tuple(sorted(answers)) for text, answers in found.items()})

    def draw(self, rng: random.Random) -> list[ClaimExample]:
        """The examples of one epoch."""
        shares = {source.name: source.share for source in CLAIM_SETS}
        pairs: list[Pair] = []
        for row in self.claims:
            times = int(shares[row.source]) + (rng.random() < shares[row.source] % 1)
            pairs.extend(times * [Pair(row.claim, row.text, LABELS[row.label])])
            if times and row.source.startswith(("nli/fever", "nli/fool")) and rng.random() < 0.3:
                pairs.append(Pair(row.claim, rng.choice(self.claims).text, UNRELATED))
        answered = [row for row in self.rows if row.answer is not None]
        for asked in rng.sample(answered, int(len(answered) * self.from_questions)):
            pairs.extend(self._from_question(asked, rng))
        for stated in rng.sample(answered, int(len(answered) * self.from_sentences)):
            pairs.extend(self._from_sentence(stated, rng))
        for unanswered in self.rows:
            if unanswered.answer is None and not unanswered.positive and not unanswered.unsure:
                for _ in range(1 if unanswered.source.startswith("qa/constructed") else self.n_unanswered):
                    pairs.extend(self._from_unanswered(unanswered, rng))
        return [encode_claim(self.pieces, pair) for pair in pairs]

    def _from_question(self, row: QaRow, rng: random.Random) -> Iterator[Pair]:
        assert row.answer is not None
        answer = row.context.text[slice(*row.answer)]
        claim = statement if rng.random() < 0.5 else _joined
        index = min(row.positive)
        text = near_sentences(row.context, index, rng.choice((0, 0, 1, 2)))
        yield Pair(claim(row.question, answer), text, SUPPORTED)
        wrong = self._wrong_answer(row, answer, rng)
        if wrong is not None and rng.random() < 0.6:
            yield Pair(claim(row.question, wrong), text, NOT_SUPPORTED)
        sentence = row.context.text[slice(*row.context.sentences[index])]
        other = other_words(sentence, row.question, (answer,), rng)
        if other and rng.random() < 0.5:
            yield Pair(claim(row.question, other), text, NOT_SUPPORTED)
        if rng.random() < 0.6:
            elsewhere = self._elsewhere(row, index, answer, rng)
            if elsewhere is not None:
                yield Pair(claim(row.question, answer), elsewhere, UNRELATED)

    def _from_unanswered(self, row: QaRow, rng: random.Random) -> Iterator[Pair]:
        """The question with an answer to another one about the sentence that shares most words with it."""
        context = row.context
        wanted = set(re.findall(r"\w{3,}", row.question.casefold()))
        texts = [context.text[slice(*sentence)] for sentence in context.sentences]
        shared = [len(wanted.intersection(re.findall(r"\w{3,}", text.casefold()))) for text in texts]
        index = max(range(len(texts)), key=lambda i: (shared[i], rng.random()))
        asked = row.question.casefold()
        tempting = [
            answer
            for answer in (*self.answers.get(context.text, ()), *names_and_numbers(texts[index]))
            if answer in texts[index] and answer.casefold() not in asked
        ]
        if tempting:
            claim = statement if rng.random() < 0.5 else _joined
            text = near_sentences(context, index, rng.choice((0, 0, 1, 2)))
            yield Pair(claim(row.question, rng.choice(tempting)), text, NOT_SUPPORTED)

    def _wrong_answer(self, row: QaRow, answer: str, rng: random.Random) -> str | None:
        candidates = [*self.answers[row.context.text], *names_and_numbers(row.context.text)]
        kind, plain = kind_of(answer), answer.casefold()
        fitting = [
            other
            for other in candidates
            if kind_of(other) == kind
            and other.casefold() not in plain
            and plain not in other.casefold()
            and other.casefold() not in row.question.casefold()
        ]
        return rng.choice(fitting) if fitting else None

    def _elsewhere(self, row: QaRow, index: int, answer: str, rng: random.Random) -> str | None:
        """Another sentence of the same passage, or a near passage's, that does not hold the answer."""
        context: Context = row.context
        if rng.random() < 0.5:
            near = self.neighbours.draw(row, rng)
            if near is None:
                return None
            context, index = near.context, -9
        others = [i for i in range(len(context.sentences)) if abs(i - index) >= 1]
        if not others:
            return None
        text = near_sentences(context, rng.choice(others), 0)
        return None if answer.casefold() in text.casefold() else text

    def _from_sentence(self, row: QaRow, rng: random.Random) -> Iterator[Pair]:
        context = row.context
        index = rng.randrange(len(context.sentences))
        claim = _shortened(context, index, rng)
        if claim is None:
            return
        text = near_sentences(context, index, rng.choice((0, 1, 1, 2)))
        second = None
        if rng.random() < 0.3:  # a claim of two sentences, as summaries are: one wrong detail makes it wrong
            second = _shortened(context, rng.randrange(len(context.sentences)), rng)
            text = context.text if second else text
        others = self.names.by_group.get(context.group, ())

        def whole(first: str) -> str:
            return first if second is None else f"{first} {second}"

        if rng.random() < 0.6:
            yield Pair(whole(claim), text, SUPPORTED)
        changes = (
            (with_negation_changed(claim), CONTRADICTED, 0.5),
            (with_number_changed(claim, rng), NOT_SUPPORTED, 0.6),
            (with_number_of(claim, context.text, rng), NOT_SUPPORTED, 0.4),
            (with_name_changed(claim, others, rng), NOT_SUPPORTED, 0.6),
            (with_names_swapped(claim, rng), NOT_SUPPORTED, 0.4),
            (with_opposite(claim, rng), NOT_SUPPORTED, 0.5),
        )
        for changed, label, share in changes:
            if changed is not None and rng.random() < share:
                yield Pair(whole(changed), text, label)


def _shortened(context: Context, index: int, rng: random.Random) -> str | None:
    """A claim from one sentence of the context; None when the sentence is too short or too long for one."""
    sentence = context.text[slice(*context.sentences[index])]
    return shortened(sentence, rng) if 5 <= len(sentence.split()) <= 60 else None


def _joined(question: str, answer: str) -> str:
    return f"{question.strip()} {answer}"


def encode_claim(pieces: WordPieces, pair: Pair, max_tokens: int = MAX_TOKENS) -> ClaimExample:
    """The tokens of a pair; of a long text the run of sentences that shares most words with the claim is kept."""
    claim = pieces(pair.claim).ids[:MAX_CLAIM_TOKENS]
    budget = max_tokens - len(claim) - 3
    text = pieces(pair.text)
    ids = text.ids
    if len(ids) > budget:
        first = best_start(pair.claim, pair.text, text.starts, budget)
        ids = ids[first : first + budget]
    return ClaimExample(array("i", (CLS, *claim, SEP, *ids, SEP)), len(claim), pair.label)


def best_start(claim: str, text: str, starts: Sequence[int], budget: int) -> int:
    """The token at which to begin reading a long text: a sentence's first, where most of the claim's words follow."""
    wanted = set(re.findall(r"\w{3,}", claim.casefold()))
    best, best_shared = 0, -1
    token = 0
    for sentence in _spans(text):
        while token < len(starts) and starts[token] < sentence.start_char:
            token += 1
        end = starts[token + budget] if token + budget < len(starts) else len(text)
        shared = len(wanted.intersection(re.findall(r"\w{3,}", text[sentence.start_char : end].casefold())))
        if shared > best_shared:
            best, best_shared = token, shared
        if end == len(text):
            break
    return best


def _spans(text: str) -> list[Span]:
    return sentences(text) or [Span(0, len(text))]


def collate_claims(examples: Sequence[ClaimExample]) -> Batch:
    """The pairs of a batch as small integers; `claim_inputs` makes the model's inputs of them on the device."""
    longest = padded_length(max(len(example.ids) for example in examples))
    token_ids = torch.zeros(len(examples), longest, dtype=torch.int16)
    for i, example in enumerate(examples):
        token_ids[i, : len(example.ids)] = torch.tensor(example.ids, dtype=torch.int16)
    about = [(example.n_claim, example.label) for example in examples]
    return {"token_ids": token_ids, "about": torch.tensor(about, dtype=torch.int16)}


def claim_inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids and segments (batch, n_tokens), labels (batch,)."""
    token_ids = batch["token_ids"].long()
    n_claim, labels = batch["about"].long().unbind(1)
    places = torch.arange(token_ids.shape[1], device=token_ids.device)
    segments = ((places >= n_claim[:, None] + 2) & (token_ids != 0)).long()
    return token_ids, segments, labels
