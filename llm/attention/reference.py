"""Attention as it is defined, in any floating type: the meaning that every other backend is held to."""

from __future__ import annotations

import torch
from torch import Tensor

from docqa.llm.attention.base import Attended, BlockLists, Operands
from docqa.llm.attention.masks import causal, listed


class ReferenceBackend:
    """One matrix of scores for each head, masked and normalised. Quadratic in memory."""

    name = "reference"

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended:
        """Attend to all keys up to each query, or to the listed ones among them."""
        return masked_attention(operands, seen_by(operands, lists))


def seen_by(operands: Operands, lists: BlockLists | None) -> Tensor:
    """What each query sees, `(kv_heads, n_queries, n_keys)`."""
    if lists is not None:
        return listed(operands, lists)
    device = operands.k.device
    query = torch.arange(operands.start, operands.end, device=device)
    key = torch.arange(operands.k.shape[1], device=device)
    return causal(query[:, None], key[None, :]).expand(operands.k.shape[0], -1, -1)


def masked_attention(operands: Operands, seen: Tensor) -> Attended:
    """Attention where `seen` `(kv_heads, n_queries, n_keys)` holds, in float32, or in float64 if the queries are."""
    exact = torch.float64 if operands.q.dtype == torch.float64 else torch.float32
    k, v, seen = (
        x.repeat_interleave(operands.group, dim=0) for x in (operands.k.to(exact), operands.v.to(exact), seen)
    )
    scores = torch.einsum("hqd,hkd->hqk", operands.q.to(exact) * operands.scale, k)
    scores = scores.masked_fill(~seen, -torch.inf)
    lse = torch.logsumexp(scores, dim=-1)
    weights = torch.exp(scores - torch.where(lse == -torch.inf, 0, lse).unsqueeze(-1))
    return Attended(torch.einsum("hqk,hkd->qhd", weights, v).to(operands.q.dtype), lse.to(exact))
