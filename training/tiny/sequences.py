"""Conversations as rows of tokens: what is read, at which positions, and which tokens are to be learned."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from training.tiny.conversations import Conversation, Exchange, behind, with_end


@dataclass(frozen=True, slots=True)
class Reply:
    """The tokens `start` to `end`, half-open, of a row are the reply of a task."""

    task: str
    row: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Batch:
    """`tokens` and `positions`, int64 `(rows, length)`, padded at the end, and the replies in them.

    `rows`, `places` and `owners`, int64, say of each token of a reply in which row and at which place it stands, and
    to which reply it belongs.
    """

    tokens: Tensor
    positions: Tensor
    replies: tuple[Reply, ...]
    rows: Tensor
    places: Tensor
    owners: Tensor

    def to(self, device: str) -> Batch:
        """The same on a device."""
        names = ("tokens", "positions", "rows", "places", "owners")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})


def batch(conversations: Sequence[Conversation], tokenizer: Any, length: int, span: int, seed: str) -> Batch:
    """One row for each conversation, cut at `length` between its replies; positions reach up to `span`.

    All rows have that length, as a kernel that is chosen by its shapes is chosen anew for each of them.
    Positions jump at ends of lines, so that short rows show the distances of long texts (PoSE, Zhu et al. 2023,
    arXiv:2309.10400); half of the rows are left without gaps.
    """
    chance = random.Random(seed)
    pieces = [piece for made in conversations for piece in _pieces(made)]
    encoded = iter(tokenizer.backend_tokenizer.encode_batch(pieces, add_special_tokens=False))
    newlines = {token for word, token in tokenizer.get_vocab().items() if word.startswith("Ċ")}
    rows, replies = [], []
    for row, made in enumerate(conversations):
        tokens = list(next(encoded).ids)
        for exchange in made.exchanges:
            question, reply = next(encoded).ids, next(encoded).ids
            start = len(tokens) + len(question)
            if start + len(reply) <= length:
                tokens += [*question, *reply]
                replies.append(Reply(exchange.task, row, start, start + len(reply)))
        rows.append(tokens[:length])
    padding = tokenizer.pad_token_id
    positions = [_positions(chance, row, newlines, span) for row in rows]
    inside = [(r.row, place, owner) for owner, r in enumerate(replies) for place in range(r.start, r.end)]
    return Batch(
        torch.tensor([row + [padding] * (length - len(row)) for row in rows]),
        torch.tensor([places + [span - 1] * (length - len(places)) for places in positions]),
        tuple(replies),
        *torch.tensor(inside).T.contiguous().unbind(0),
    )


def _pieces(made: Conversation) -> list[str]:
    return [made.prompt, *(part for exchange in made.exchanges for part in _exchange_pieces(exchange))]


def _exchange_pieces(exchange: Exchange) -> tuple[str, str]:
    return behind(exchange.question), with_end(exchange.reply)


def _positions(chance: random.Random, row: Sequence[int], newlines: set[int], span: int) -> list[int]:
    borders = [i for i, token in enumerate(row) if token in newlines]
    room = span - len(row)
    if not borders or room <= 0 or chance.random() < 0.5:
        return list(range(len(row)))
    cuts = sorted(chance.sample(borders, min(len(borders), chance.randint(1, 4))))
    widest = int(room ** chance.random())
    shares = sorted(chance.randint(0, widest) for _ in cuts)  # how far everything after the cut has moved
    positions, shift, waiting = [], 0, list(zip(cuts, shares, strict=True))
    for i in range(len(row)):
        while waiting and waiting[0][0] == i:
            shift = waiting.pop(0)[1]
        positions.append(i + shift)
    return positions
