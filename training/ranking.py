"""The evidence reader's second training: sentences and spans of several passages compete, as when a document is read.

One softmax over all passages of a question is the "shared norm" of Clark & Gardner 2018 (arXiv:1710.10723). The mean
of the weights before and after it is what is exported (Wortsman et al. 2022, arXiv:2203.05482): better than either.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.batches import collate_windows, window_inputs
from training.corpora import QaRow
from training.feeding import Batch
from training.heads import evidence_loss, mean_over
from training.licences import QA_SETS
from training.negatives import NameSwaps, Neighbours
from training.windows import Window, WindowMaker, padded_length

Group = tuple[Window, ...]
OUTSIDE = -1e4
SIDES = ("start", "end")


@dataclass(frozen=True, slots=True)
class GroupEpochs:
    """Draws questions, each with a window of its own passage and windows of `n_near` passages that lack the answer.

    `swap_share` of the questions stand there once more with a name or a number changed, and nothing answers them.
    """

    rows: tuple[QaRow, ...]
    maker: WindowMaker
    neighbours: Neighbours
    swaps: NameSwaps
    n_near: int = 3
    swap_share: float = 0.15

    def draw(self, rng: random.Random, n_tokens: int) -> list[list[Group]]:
        """The batches of one epoch, of like length and about `n_tokens` each, in random order."""
        buckets: dict[tuple[int, int], list[Group]] = defaultdict(list)
        groups = list(self._groups(rng))
        rng.shuffle(groups)
        for group in groups:
            buckets[max(padded_length(len(window.ids)) for window in group), len(group)].append(group)
        batches = []
        for (length, n_windows), bucket in sorted(buckets.items()):
            size = max(1, n_tokens // (length * n_windows))
            batches += [bucket[first : first + size] for first in range(0, len(bucket), size)]
        rng.shuffle(batches)
        return batches

    def _groups(self, rng: random.Random) -> Iterator[Group]:
        shares = {source.name: source.share for source in QA_SETS}
        for row in self.rows:
            if row.source.startswith("qa/qamr"):
                continue
            for _ in range(int(shares[row.source]) + (rng.random() < shares[row.source] % 1)):
                yield from self._group(row, rng)
                swapped = self.swaps.draw(row, rng) if row.answer and rng.random() < self.swap_share else None
                if swapped is not None:
                    yield from self._group(swapped, rng)

    def _group(self, row: QaRow, rng: random.Random) -> Iterator[Group]:
        near = self.neighbours.near(row)
        chosen = rng.sample(near, min(self.n_near, len(near)))
        rows = [row, *(QaRow(f"{row.source}+near", row.question, context, None) for context in chosen)]
        windows = [self.maker.make(one, rng) for one in rows]
        if windows[0] is not None:
            yield tuple(window for window in windows if window is not None)


def collate_groups(groups: Sequence[Group]) -> Batch:
    """The windows of a batch of questions, with the question of each."""
    owners = torch.tensor([i for i, group in enumerate(groups) for _ in group])
    members = owners == torch.arange(len(groups))[:, None]
    return {**collate_windows([window for group in groups for window in group]), "members": members}


def ranking_losses(model: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The losses over all windows of a question, beside those of each window alone, which keep its logits logits."""
    inputs, targets = window_inputs(batch)
    outputs = model(*inputs)
    span, sentence, _ = outputs
    members = torch.where(batch["members"], 0.0, OUTSIDE)
    alone = evidence_loss(outputs, targets)
    return {
        "ranked": 0.5 * _listwise(sentence, targets["labels"], members),
        "placed": 0.25 * torch.stack([_placed(span[..., i], targets, SIDES[i], members) for i in (0, 1)]).sum(),
        "span": 0.25 * alone["span"],
        "sentence": 0.5 * alone["sentence"],
        "answerable": 0.5 * alone["answerable"],
    }


def _over_groups(logits: Tensor, members: Tensor) -> Tensor:
    """The log of the sum over each group's windows, (n_groups,), of logits (n_windows, n)."""
    return torch.logsumexp(torch.logsumexp(logits, dim=1)[None] + members, dim=1)


def _listwise(sentence: Tensor, labels: Tensor, members: Tensor) -> Tensor:
    """How far the sentences that answer are from having all the weight, over the groups that have one."""
    known = _over_groups(sentence.masked_fill(labels < 0, OUTSIDE), members)
    right = _over_groups(sentence.masked_fill(labels != 1, OUTSIDE), members)
    return mean_over(known - right, right > OUTSIDE / 2)


def _placed(logits: Tensor, targets: dict[str, Tensor], side: str, members: Tensor) -> Tensor:
    """Cross-entropy of where the answer starts or ends among all tokens of all windows of the question."""
    readable = targets["readable"].clone()
    readable[:, 0] = OUTSIDE  # [CLS] stands for no answer, and somewhere there is one
    total = _over_groups(logits + readable, members)
    places = targets[side]
    right = logits.gather(1, places.clamp(min=0)[:, None]).squeeze(1)
    return mean_over(total[members.argmax(0)] - right, places > 0)
