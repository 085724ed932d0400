"""Named masks: which keys a query may see, as a boolean over positions. They define; nothing fast uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from docqa.llm.attention.base import BlockLists, Operands

Mask = Callable[[Tensor, Tensor], Tensor]
"""From positions of queries `(n, 1)` and of keys `(1, m)` to whether the one sees the other, `(n, m)`."""


def causal(query: Tensor, key: Tensor) -> Tensor:
    """Every key up to the query's own position."""
    return key <= query


def streaming(query: Tensor, key: Tensor, *, n_sink: int = 64, n_local: int = 256) -> Tensor:
    """The first `n_sink` keys and the last `n_local` (Xiao et al. 2024, arXiv:2309.17453)."""
    return causal(query, key) & ((key < n_sink) | (key > query - n_local))


def strided(query: Tensor, key: Tensor, *, stride: int = 128) -> Tensor:
    """The last `stride` keys, and every key that ends a stride (Child et al. 2019, arXiv:1904.10509)."""
    return causal(query, key) & ((key > query - stride) | (key % stride == stride - 1))


MASKS: Mapping[str, Mask] = {
    "causal": causal,
    "streaming": streaming,
    "strided": strided,
}


def listed(operands: Operands, lists: BlockLists) -> Tensor:
    """What the lists let each query see, `(kv_heads, n_queries, n_keys)`."""
    n_keys = operands.k.shape[1]
    device = operands.k.device
    query = torch.arange(operands.start, operands.end, device=device)
    key = torch.arange(n_keys, device=device)
    kv_heads, n_blocks, width = lists.indices.shape
    n_key_blocks = -(-n_keys // lists.key_block)
    meant = torch.arange(width, device=device) < lists.counts.unsqueeze(-1)
    slots = torch.where(meant, lists.indices.long(), n_key_blocks)
    chosen = torch.zeros(kv_heads, n_blocks, n_key_blocks + 1, dtype=torch.bool, device=device).scatter_(
        -1, slots, True
    )
    of_query = query // lists.query_block - operands.start // lists.query_block
    seen = chosen[:, of_query][:, :, key // lists.key_block]
    return seen & causal(query[:, None], key[None, :])


def lists_from(mask: Mask, operands: Operands, query_block: int = 128, key_block: int = 128) -> BlockLists:
    """The lists that hold every block with a key that some query of the block sees: never less than the mask."""
    query = torch.arange(operands.start, operands.end, device=operands.k.device)
    key = torch.arange(operands.k.shape[1], device=operands.k.device)
    seen = (mask(query[:, None], key[None, :]) & causal(query[:, None], key[None, :])).float()
    n_blocks = operands.end // query_block + (operands.end % query_block > 0) - operands.start // query_block
    by_query = torch.zeros(n_blocks, len(key), device=key.device)
    by_query.index_add_(0, query // query_block - operands.start // query_block, seen)
    by_block = torch.zeros(n_blocks, -(-len(key) // key_block), device=key.device)
    by_block.index_add_(1, key // key_block, by_query)
    return lists_where((by_block > 0).expand(operands.k.shape[0], -1, -1), query_block, key_block)


def lists_where(chosen: Tensor, query_block: int, key_block: int) -> BlockLists:
    """The lists of the chosen blocks, in order; `chosen` is boolean `(kv_heads, n_query_blocks, n_key_blocks)`."""
    counts = chosen.sum(-1, dtype=torch.int32)
    width = max(1, int(counts.max()))
    order = torch.argsort(chosen.to(torch.int8), dim=-1, descending=True, stable=True)[..., :width]
    return BlockLists(order.to(torch.int32).contiguous(), counts.contiguous(), query_block, key_block)


def named_mask(name: str, **options: int) -> Mask:
    """The mask of that name with its options set. Raises KeyError for a name that is not in MASKS."""
    return partial(MASKS[name], **options) if options else MASKS[name]
