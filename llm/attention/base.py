"""What attention works on and gives: operands, lists of key blocks, the attended values. No cache, no model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Operands:
    """Queries at the positions `start`, `start + 1`, … of a sequence, and its keys and values from position 0.

    Shapes: q `(heads, n_queries, head_dim)`, k and v `(kv_heads, n_keys, head_dim)`. Head h of the queries reads KV
    head `h // group`. Attention is causal: a query sees the keys up to its own position. `scale` multiplies q·k.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    start: int
    scale: float

    def __post_init__(self) -> None:
        (heads, n_queries, dim), (kv_heads, n_keys, key_dim) = self.q.shape, self.k.shape
        assert dim == key_dim
        assert self.k.shape == self.v.shape
        assert heads % kv_heads == 0, "a KV head serves a whole number of heads"
        assert 0 <= self.start < self.start + n_queries <= n_keys, "queries beyond the keys"

    @property
    def group(self) -> int:
        """How many query heads share one KV head."""
        return self.q.shape[0] // self.k.shape[0]

    @property
    def end(self) -> int:
        """One past the position of the last query."""
        return self.start + self.q.shape[1]


@dataclass(frozen=True, slots=True)
class BlockLists:
    """For each KV head and query block, the key blocks that its queries read, shared by the heads of the group.

    `indices` is int32 `(kv_heads, n_query_blocks, width)`, of which the first `counts` `(kv_heads, n_query_blocks)`
    are meant, each once. Blocks count from position 0 of the sequence in steps of `query_block` and `key_block`
    positions; the first query block is the one that holds the first query. A query never reads beyond its position.
    """

    indices: Tensor
    counts: Tensor
    query_block: int
    key_block: int


@dataclass(frozen=True, slots=True)
class Attended:
    """`out` is `(n_queries, heads, head_dim)`; `lse` is float32 `(heads, n_queries)`, the natural logarithm of the sum
    of exponentials over what was read, minus infinity (with zeros in `out`) where nothing was.
    """

    out: Tensor
    lse: Tensor


class Backend(Protocol):
    """Computes attention over all keys, or over the listed ones. Every backend gives the same within rounding."""

    @property
    def name(self) -> str: ...

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended: ...


def query_blocks(start: int, end: int, size: int) -> list[tuple[int, int]]:
    """The half-open ranges of positions into which blocks of `size` positions cut `start` to `end`."""
    edges = [start, *range((start // size + 1) * size, end, size), end]
    return list(pairwise(edges))


def merged(first: Attended, second: Attended) -> Attended:
    """Attention over two disjoint sets of keys from attention over each."""
    lse = torch.logaddexp(first.lse, second.lse)
    safe = torch.where(lse == -torch.inf, 0, lse)
    a, b = (torch.exp(part.lse - safe).T.unsqueeze(-1) for part in (first, second))
    return Attended((first.out * a + second.out * b).to(first.out.dtype), lse)
