"""How much of the attention the listed keys received: the check that keeps sparse attention honest."""

from __future__ import annotations

import torch
from torch import Tensor

from docqa.llm.attention.base import Attended, BlockLists, Operands, query_blocks


def sampled_recall(operands: Operands, attended: Attended, query_block: int) -> Tensor:
    """The share of attention mass that was read, `(kv_heads, n_query_blocks)`, from one query of each block.

    Which query is a fixed function of its block. The mass over all keys is computed for these queries alone, so the
    cost is less than one part in `query_block` of dense attention. The mean over the heads of a group, from 0 to 1.
    """
    rows = [
        sample(start, end) - operands.start for start, end in query_blocks(operands.start, operands.end, query_block)
    ]
    place = torch.tensor(rows, device=operands.q.device)
    kv_heads = operands.k.shape[0]
    q = torch.unflatten(operands.q[:, place].float(), 0, (kv_heads, operands.group)).flatten(1, 2) * operands.scale
    scores = torch.unflatten((q @ operands.k[:, : operands.end].float().transpose(1, 2)), 1, (operands.group, -1))
    key = torch.arange(operands.end, device=place.device)
    scores = scores.masked_fill(key > place[:, None] + operands.start, -torch.inf)
    full = torch.logsumexp(scores, dim=-1).flatten(0, 1)
    share = torch.exp(attended.lse[:, place].float() - full).clamp(max=1.0)
    return torch.unflatten(share, 0, (kv_heads, operands.group)).mean(1)


def sample(start: int, end: int) -> int:
    """One position of the half-open range, scattered but always the same."""
    return start + (start * 2_654_435_761 >> 7) % (end - start)


def n_pairs(lists: BlockLists, operands: Operands) -> int:
    """How many pairs of query head and key are computed by the lists, diagonal blocks counted whole."""
    sizes = torch.tensor([end - start for start, end in query_blocks(operands.start, operands.end, lists.query_block)])
    return int((lists.counts.cpu() * sizes).sum()) * lists.key_block * operands.group


def n_causal_pairs(operands: Operands) -> int:
    """How many pairs of query head and key dense attention computes."""
    n = operands.q.shape[1]
    return operands.q.shape[0] * (n * operands.start + n * (n + 1) // 2)
