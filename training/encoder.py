"""The encoder's further training: questions beside what answers them, with hard negatives and those of the batch.

Karpukhin et al. 2020 (arXiv:2004.04906) for the loss over a batch with one hard negative a question; Wortsman et al.
2022 (arXiv:2109.01903) for the mean of old and new weights that is exported, which keeps what MiniLM knew outside the
training domains.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.corpora import QaRow, read_jsonl
from training.feeding import Batch
from training.licences import PAIR_SETS
from training.negatives import Neighbours
from training.trunk import Trunk
from training.windows import CLS, SEP, WordPieces, padded_length

SCALE = 20.0  # of cosines before the softmax, as MiniLM was trained
MAX_TOKENS = {"sentence": 80, "passage": 192}


@dataclass(frozen=True, slots=True)
class Triple:
    """Token ids of a question, a text that answers it, and one that does not; `answer` tells equal texts apart."""

    question: array[int]
    positive: array[int]
    negative: array[int]
    answer: str


class EncoderModel(nn.Module):
    """Mean of the last states, of length 1."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, token_ids: Tensor) -> Tensor:
        """Vectors (batch, width) in float32 of token ids (batch, n_tokens), 0 on padding."""
        present = token_ids != 0
        states = self.trunk(token_ids, torch.zeros_like(token_ids), present).float()
        weights = present.float()[..., None]
        return functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)


@dataclass(frozen=True, slots=True)
class PairEpochs:
    """Draws the triples of an epoch, in batches of sentences and batches of passages."""

    rows: tuple[QaRow, ...]
    pairs: tuple[tuple[str, str], ...]
    neighbours: Neighbours
    pieces: WordPieces

    def draw(self, rng: random.Random, n_tokens: int) -> list[list[Triple]]:
        """The batches of one epoch, of at most `n_tokens` each, in random order."""
        batches = []
        for kind, triples in (("sentence", self._sentences(rng)), ("passage", self._passages(rng))):
            shuffled = list(triples)
            rng.shuffle(shuffled)
            size = n_tokens // (2 * MAX_TOKENS[kind] + 24)
            batches += [shuffled[first : first + size] for first in range(0, len(shuffled) - size + 1, size)]
        rng.shuffle(batches)
        return batches

    def _sentences(self, rng: random.Random) -> Iterator[Triple]:
        for row in self.rows:
            if not row.positive:
                continue
            context = row.context
            texts = [context.text[slice(*sentence)] for sentence in context.sentences]
            answer = context.text[slice(*row.answer)] if row.answer else ""
            others = [
                text for i, text in enumerate(texts) if i not in row.positive and (not answer or answer not in text)
            ]
            if others:
                yield self._triple(row.question, texts[min(row.positive)], rng.choice(others), "sentence")
        for question, text in self.pairs:
            yield self._triple(question, text, rng.choice(self.pairs)[1], "sentence")

    def _passages(self, rng: random.Random) -> Iterator[Triple]:
        for row in self.rows:
            near = self.neighbours.draw(row, rng) if row.positive else None
            if near is not None:
                yield self._triple(row.question, row.context.text, near.context.text, "passage")

    def _triple(self, question: str, positive: str, negative: str, kind: str) -> Triple:
        budget = MAX_TOKENS[kind] - 2
        texts = [array("i", (CLS, *self.pieces(t).ids[:budget], SEP)) for t in (question, positive, negative)]
        return Triple(texts[0], texts[1], texts[2], positive)


def load_pairs(data: Path) -> tuple[tuple[str, str], ...]:
    """Questions with a text that answers them, from the sets that have nothing else."""
    found = []
    for source in PAIR_SETS:
        for item in read_jsonl(data / f"train/{source.name}.jsonl.gz"):
            found += [(item["query"], item["sentences"][i]) for i in item["positive"]]
    return tuple(found)


def padded_ids(texts: Sequence[array[int]]) -> Tensor:
    """Token ids (batch, n_tokens), 0 on padding."""
    ids = torch.zeros(len(texts), padded_length(max(map(len, texts))), dtype=torch.int16)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text, dtype=torch.int16)
    return ids


def collate_triples(triples: Sequence[Triple]) -> Batch:
    """The three kinds of texts of a batch, and a number for each different answering text."""
    numbers = {text: number for number, text in enumerate({triple.answer for triple in triples})}
    return {
        "questions": padded_ids([triple.question for triple in triples]),
        "positives": padded_ids([triple.positive for triple in triples]),
        "negatives": padded_ids([triple.negative for triple in triples]),
        "answers": torch.tensor([numbers[triple.answer] for triple in triples]),
    }


def contrast_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of each question's own text among all texts of the batch; equal texts are no negatives."""
    questions, positives, negatives = (model(batch[kind].long()) for kind in ("questions", "positives", "negatives"))
    scores = SCALE * questions @ torch.cat([positives, negatives]).T
    answers = batch["answers"]
    same = (answers == answers[:, None]).fill_diagonal_(False)
    same = functional.pad(same, (0, len(negatives)))
    return functional.cross_entropy(scores.masked_fill(same, -1e4), torch.arange(len(answers), device=scores.device))


def mean_weights(old: Mapping[str, Tensor], new: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """The old weights moved by `share` of the way to the new ones, under the new ones' names."""
    return {name: torch.lerp(old[name], weight, share) for name, weight in new.items()}
