"""Epochs of examples, drawn from a seed, cut into batches of like length with a fixed budget of tokens."""

from __future__ import annotations

import random
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from training.corpora import QaRow
from training.heads import UNKNOWN
from training.licences import QA_SETS
from training.negatives import NameSwaps, Neighbours
from training.windows import Window, WindowMaker, padded_length


class Example(Protocol):
    """Anything with token ids."""

    @property
    def ids(self) -> array[int]:
        """Token ids with the special ones."""
        ...


E = TypeVar("E", bound=Example)


def cut_into_batches(examples: Sequence[E], n_tokens: int, rng: random.Random) -> list[list[E]]:
    """Batches of one padded length each and `n_tokens` in all, in random order.

    The few shapes that come of it matter: the kernels of a new shape take longer to make than to run.
    """
    shuffled = list(examples)
    rng.shuffle(shuffled)
    buckets: dict[int, list[E]] = defaultdict(list)
    for example in shuffled:
        buckets[padded_length(len(example.ids))].append(example)
    batches = []
    for length, bucket in sorted(buckets.items()):
        size = max(1, n_tokens // length)
        batches += [bucket[first : first + size] for first in range(0, len(bucket), size)]
    rng.shuffle(batches)
    return batches


@dataclass(frozen=True, slots=True)
class EvidenceEpochs:
    """Draws the windows of an epoch: rows by their set's share, near passages and changed questions beside them."""

    rows: tuple[QaRow, ...]
    maker: WindowMaker
    neighbours: Neighbours
    swaps: NameSwaps
    near_share: float = 0.5
    swap_share: float = 0.15

    def draw(self, rng: random.Random) -> list[Window]:
        """The windows of one epoch."""
        shares = {source.name: source.share for source in QA_SETS}
        windows = []
        for row in self.rows:
            times = int(shares[row.source]) + (rng.random() < shares[row.source] % 1)
            for variant in (v for _ in range(times) for v in self._variants(row, rng)):
                window = self.maker.make(variant, rng)
                if window is not None:
                    windows.append(window)
        return windows

    def _variants(self, row: QaRow, rng: random.Random) -> Iterator[QaRow]:
        yield row
        if row.answer is None or row.source.startswith("qa/qamr"):
            return
        if rng.random() < self.near_share:
            near = self.neighbours.draw(row, rng)
            if near is not None:
                yield near
        if rng.random() < self.swap_share:
            swapped = self.swaps.draw(row, rng)
            if swapped is not None:
                yield swapped


def collate_windows(windows: Sequence[Window]) -> tuple[tuple[Tensor, Tensor, Tensor], dict[str, Tensor]]:
    """The model's inputs and the targets of a batch; `readable` is -1e4 where a span must not stand (the question)."""
    batch, longest = len(windows), padded_length(max(len(window.ids) for window in windows))
    most = max(len(window.sentence_ranges) for window in windows)
    token_ids = torch.zeros(batch, longest, dtype=torch.long)
    segments = torch.zeros(batch, longest, dtype=torch.long)
    readable = torch.full((batch, longest), -1e4)
    membership = torch.zeros(batch, most, longest)
    labels = torch.full((batch, most), UNKNOWN, dtype=torch.long)
    for i, window in enumerate(windows):
        n = len(window.ids)
        token_ids[i, :n] = torch.tensor(window.ids)
        segments[i, window.n_question + 2 : n] = 1
        readable[i, 0] = 0
        for j, (first, end) in enumerate(window.sentence_ranges):
            membership[i, j, first:end] = 1
            readable[i, first:end] = 0
            labels[i, j] = window.labels[j]
    targets = {
        "start": torch.tensor([window.start for window in windows]),
        "end": torch.tensor([window.end for window in windows]),
        "answerable": torch.tensor([window.answerable for window in windows]),
        "labels": labels,
        "readable": readable,
    }
    return (token_ids, segments, membership), targets
