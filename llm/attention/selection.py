"""Which key blocks the query blocks of a prefill read: their attention is estimated, the heaviest are kept.

An estimate gives for each query head and block the share of attention that each key block receives. The lists are one
for each KV head: a block counts as much as in the head of the group that wants it most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from docqa.llm.attention.base import BlockLists, Operands

Estimate = Callable[[Operands, int], Tensor]
"""From operands and a block size to shares `(heads, n_query_blocks, n_key_blocks)`; each row sums to 1."""


@dataclass(frozen=True, slots=True)
class BlockBudget:
    """As many blocks as cover `top_p` of the estimated attention in every head of a group, and `n_blocks` at most.

    Among them are always the first `n_sink` blocks and the last `n_local`, the query's own included.
    """

    n_blocks: int = 16
    top_p: float = 1.0
    n_sink: int = 1
    n_local: int = 2

    def __post_init__(self) -> None:
        assert self.n_local >= 1, "a query reads its own block"
        assert self.n_blocks >= self.n_sink + self.n_local, "first and last blocks do not fit"


def by_means(operands: Operands, block: int) -> Tensor:
    """The softmax of the mean query against the mean keys: a few multiplications for each pair of blocks."""
    q, k = (_means(x, block) for x in (operands.q, operands.k[:, : operands.end]))
    scores = _grouped(q, k, operands.group) * operands.scale
    return torch.softmax(scores.masked_fill(_later(operands, block), -torch.inf), dim=-1)


def by_antidiagonals(operands: Operands, block: int, stride: int = 16) -> Tensor:
    """Sums along antidiagonals of q·k, one of `stride` (XAttention, Xu et al. 2025, arXiv:2503.16428, section 2.1).

    Every query and key of a block bears on its score once in each stride, so that neither slashes nor verticals escape.
    """
    dim = operands.q.shape[-1]
    q, k = (_padded(x.float(), stride) for x in (operands.q, operands.k[:, : operands.end]))
    q = torch.unflatten(q, 1, (-1, stride)).flip(2).flatten(2)
    k = torch.unflatten(k, 1, (-1, stride)).flatten(2)
    assert q.shape[-1] == stride * dim
    scores = _grouped(q, k, operands.group) * (operands.scale / stride)
    shares = torch.softmax(scores.masked_fill(_later(operands, stride), -torch.inf), dim=-1)
    per_block = block // stride
    shares = pad(shares, (0, -shares.shape[2] % per_block, 0, -shares.shape[1] % per_block))
    sums = torch.unflatten(torch.unflatten(shares, 1, (-1, per_block)).sum(2), 2, (-1, per_block)).sum(3)
    return sums / sums.sum(-1, keepdim=True)


ESTIMATES: Mapping[str, Estimate] = {"means": by_means, "antidiagonals": by_antidiagonals}


def select_blocks(shares: Tensor, operands: Operands, block: int, budget: BlockBudget) -> BlockLists:
    """The lists that the budget allows; the blocks that are always there come first, then the heaviest.

    The first query must stand at the beginning of a block.
    """
    assert operands.start % block == 0, "queries begin inside a block"
    kv_heads = operands.k.shape[0]
    shares = torch.unflatten(shares, 0, (kv_heads, operands.group))
    query = torch.arange(shares.shape[2], device=shares.device)[:, None] + operands.start // block
    key = torch.arange(shares.shape[3], device=shares.device)
    always = ((key < budget.n_sink) | (key > query - budget.n_local)) & (key <= query)
    priority = shares.amax(1).masked_fill(key > query, -1.0).masked_fill(always, 2.0)
    order = torch.topk(priority, min(budget.n_blocks, len(key)), dim=-1).indices
    counts = (query.squeeze(1) + 1).clamp(max=order.shape[-1]).expand(kv_heads, -1)
    if budget.top_p < 1:
        ranked = order.unsqueeze(1).expand(-1, operands.group, -1, -1)
        covered = shares.gather(-1, ranked).cumsum(-1).amin(1)
        enough = (covered < budget.top_p).sum(-1) + 1
        counts = torch.minimum(counts, torch.maximum(enough, always.sum(-1)))
    return BlockLists(order.to(torch.int32).contiguous(), counts.to(torch.int32).contiguous(), block, block)


def streaming_lists(lists: BlockLists, streaming: Tensor, budget: BlockBudget, start: int) -> BlockLists:
    """The lists with those of streaming heads cut to the blocks that are always there (DuoAttention, arXiv:2410.10819).

    `streaming` is boolean `(kv_heads,)`; the lists come from `select_blocks` with the same budget.
    """
    query = torch.arange(lists.counts.shape[1], device=lists.counts.device) + start // lists.query_block
    always = (query + 1).clamp(max=budget.n_sink + budget.n_local).to(torch.int32)
    counts = torch.where(streaming[:, None], torch.minimum(lists.counts, always), lists.counts)
    return BlockLists(lists.indices, counts.contiguous(), lists.query_block, lists.key_block)


def _means(x: Tensor, block: int) -> Tensor:
    """The mean of each block in float32, `(heads, n_blocks, head_dim)`; the last one may be of fewer."""
    whole = x.shape[1] // block * block
    means = torch.unflatten(x[:, :whole], 1, (-1, block)).mean(2, dtype=torch.float32)
    if whole == x.shape[1]:
        return means
    return torch.cat((means, x[:, whole:].mean(1, keepdim=True, dtype=torch.float32)), dim=1)


def _padded(x: Tensor, multiple: int) -> Tensor:
    return pad(x, (0, 0, 0, -x.shape[1] % multiple))


def _grouped(q: Tensor, k: Tensor, group: int) -> Tensor:
    """q·k of every query head with its KV head, `(heads, n_q, n_k)`."""
    by_kv_head = torch.unflatten(q, 0, (-1, group)).flatten(1, 2)
    return torch.unflatten((by_kv_head @ k.transpose(1, 2)), 1, (group, -1)).flatten(0, 1)


def _later(operands: Operands, size: int) -> Tensor:
    """Whether a key block of `size` lies wholly behind a query block, `(n_query_blocks, n_key_blocks)`."""
    n_query = -(-operands.q.shape[1] // size)
    query = torch.arange(n_query, device=operands.q.device)[:, None] + operands.start // size
    return torch.arange(-(-operands.end // size), device=operands.q.device) > query
