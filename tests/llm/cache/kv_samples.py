"""Small caches with random contents."""

from __future__ import annotations

import torch

from docqa.llm.attention.scoring import Int4Keys
from docqa.llm.cache.block_chain import block_chain
from docqa.llm.cache.layers import Geometry, KVCache

BLOCK = 128
GEOMETRY = Geometry(3, 2, 16, torch.float32)


def cache_of(n_tokens: int, geometry: Geometry = GEOMETRY, seed: int = 0) -> KVCache:
    generator = torch.Generator().manual_seed(seed)
    cache = KVCache.empty(geometry, n_tokens, Int4Keys)
    for layer in cache.layers:
        shape = (geometry.kv_heads, n_tokens, geometry.head_dim)
        layer.append(*(torch.randn(shape, generator=generator).to(geometry.dtype) for _ in range(2)))
    return cache


def chain_of(n_tokens: int, *, start: str = "model", seed: int = 0) -> tuple[str, ...]:
    text = torch.randint(0, 99, (n_tokens,), generator=torch.Generator().manual_seed(seed)).tolist()
    return block_chain(start, text, BLOCK)


def equal(first: KVCache, second: KVCache, n_tokens: int) -> bool:
    return all(
        torch.equal(a.keys[:, :n_tokens], b.keys[:, :n_tokens])
        and torch.equal(a.values[:, :n_tokens], b.values[:, :n_tokens])
        for a, b in zip(first.layers, second.layers, strict=True)
    )
