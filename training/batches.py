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
from training.feeding import Batch
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


def collate_windows(windows: Sequence[Window]) -> Batch:
    """The windows of a batch as small integers; `window_inputs` makes the model's inputs of them on the device."""
    batch, longest = len(windows), padded_length(max(len(window.ids) for window in windows))
    most = max(len(window.sentence_ranges) for window in windows)
    token_ids = torch.zeros(batch, longest, dtype=torch.int16)
    ranges = torch.zeros(batch, most, 2, dtype=torch.int16)
    labels = torch.full((batch, most), UNKNOWN, dtype=torch.int16)
    for i, window in enumerate(windows):
        token_ids[i, : len(window.ids)] = torch.tensor(window.ids, dtype=torch.int16)
        if window.sentence_ranges:
            ranges[i, : len(window.sentence_ranges)] = torch.tensor(window.sentence_ranges, dtype=torch.int16)
            labels[i, : len(window.labels)] = torch.tensor(window.labels, dtype=torch.int16)
    places = [(w.n_question, w.start, w.end, w.answerable) for w in windows]
    return {
        "token_ids": token_ids,
        "ranges": ranges,
        "labels": labels,
        "places": torch.tensor(places, dtype=torch.int16),
    }


def window_inputs(batch: Batch) -> tuple[tuple[Tensor, Tensor, Tensor], dict[str, Tensor]]:
    """The model's inputs and the targets of a batch; `readable` is -1e4 where a span must not stand (the question)."""
    token_ids, ranges = batch["token_ids"].long(), batch["ranges"]
    n_question, start, end, answerable = batch["places"].long().unbind(1)
    places = torch.arange(token_ids.shape[1], device=token_ids.device)
    membership = (places >= ranges[..., :1]) & (places < ranges[..., 1:])
    segments = ((places >= n_question[:, None] + 2) & (token_ids != 0)).long()
    readable = torch.where(membership.any(1) | (places == 0), 0.0, -1e4)
    labels = batch["labels"].long()
    targets = {"start": start, "end": end, "answerable": answerable, "labels": labels, "readable": readable}
    return (token_ids, segments, membership.float()), targets
