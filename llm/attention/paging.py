"""Which pages of 16 keys a decoding step reads, given a score for each page."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from docqa.llm.attention.base import BlockLists
from docqa.llm.attention.scoring import PAGE


@dataclass(frozen=True, slots=True)
class PageBudget:
    """As many tokens as cover `top_p` of the estimated attention in every head of a group, and `n_tokens` at most.

    Among them are always the first `n_sink` and the last `n_local`. All four count tokens and are rounded up to pages.
    """

    n_tokens: int = 1024
    top_p: float = 1.0
    n_sink: int = 16
    n_local: int = 128

    def __post_init__(self) -> None:
        assert self.n_tokens >= self.n_sink + self.n_local + PAGE, "sink and local tokens do not fit"


def select_pages(scores: Tensor, kv_heads: int, end: int, budget: PageBudget) -> BlockLists:
    """The lists for one query at position `end - 1`; `scores` `(heads, n_pages)` cover the first pages.

    Pages that have no score yet are always read, besides those that the budget names.
    """
    n_pages = -(-end // PAGE)
    first_local = max(0, min(scores.shape[1], (end - budget.n_local) // PAGE))
    n_always = n_pages - first_local
    always = torch.arange(first_local, n_pages, device=scores.device).expand(kv_heads, -1)
    wanted = min(first_local, max(1, budget.n_tokens // PAGE - n_always))
    if wanted == 0:
        counts = torch.full((kv_heads, 1), n_always, dtype=torch.int32, device=scores.device)
        return BlockLists(always.to(torch.int32).unsqueeze(1).contiguous(), counts, 1, PAGE)
    shares = torch.unflatten(torch.softmax(scores[:, :first_local].float(), dim=-1), 0, (kv_heads, -1))
    priority = shares.amax(1)
    priority[:, : -(-budget.n_sink // PAGE)] = 2.0
    order = torch.topk(priority, wanted, dim=-1).indices
    counts = torch.full((kv_heads,), wanted, device=scores.device)
    if budget.top_p < 1:
        covered = shares.gather(-1, order.unsqueeze(1).expand(-1, shares.shape[1], -1)).cumsum(-1).amin(1)
        counts = torch.minimum(counts, (covered < budget.top_p).sum(-1) + 1)
    indices = torch.cat((always, order), dim=-1).to(torch.int32).unsqueeze(1)
    return BlockLists(indices.contiguous(), (counts + n_always).to(torch.int32).unsqueeze(1).contiguous(), 1, PAGE)


def without_retrieval(lists: BlockLists, streaming: Tensor, end: int, budget: PageBudget, n_scored: int) -> BlockLists:
    """The lists with those of streaming heads, boolean `(kv_heads,)`, cut to first and last pages.

    `n_scored` is how many pages `select_pages` had a score for.
    """
    n_pages = -(-end // PAGE)
    first_local = max(0, min(n_scored, (end - budget.n_local) // PAGE))
    n_kept = n_pages - first_local + min(first_local, -(-budget.n_sink // PAGE))
    counts = torch.where(streaming[:, None], lists.counts.clamp(max=n_kept), lists.counts)
    return BlockLists(lists.indices, counts.contiguous(), lists.query_block, lists.key_block)
