"""Random operands, and ones in which a few keys matter, for the tests of attention."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from docqa.llm.attention.base import Attended, Operands

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@dataclass(frozen=True)
class Shape:
    heads: int
    kv_heads: int
    head_dim: int
    n_queries: int
    start: int = 0
    dtype: torch.dtype = torch.float32


def random_operands(shape: Shape, device: str = "cpu", seed: int = 0) -> Operands:
    """Keys go on behind the queries, as in a cache with room."""
    generator = torch.Generator().manual_seed(seed)
    n_keys = shape.start + shape.n_queries + 40
    q = torch.randn(shape.heads, shape.n_queries, shape.head_dim, generator=generator)
    k, v = (torch.randn(shape.kv_heads, n_keys, shape.head_dim, generator=generator) for _ in range(2))
    q, k, v = (x.to(device, shape.dtype) for x in (q, k, v))
    return Operands(q, k, v, shape.start, shape.head_dim**-0.5)


def pointed_operands(n: int, n_queries: int, needles: list[int], *, heads: int = 4, kv_heads: int = 2) -> Operands:
    """Every query attends almost only to the needles, all of which lie before the queries."""
    generator = torch.Generator().manual_seed(1)
    k, v = (torch.randn(kv_heads, n, 64, generator=generator) * 0.1 for _ in range(2))
    direction = torch.nn.functional.normalize(torch.randn(64, generator=generator), dim=0)
    k[:, needles] += 4 * direction
    q = 40 * direction + 0.1 * torch.randn(heads, n_queries, 64, generator=generator)
    return Operands(q, k, v, n - n_queries, 0.125)


def error(found: Attended, meant: Attended) -> float:
    """The largest difference in values and in the log-sum-exp, places that are infinite in both apart."""
    both = torch.isinf(found.lse) & torch.isinf(meant.lse)
    lse = (found.lse - meant.lse).masked_fill(both, 0).abs().max()
    return max(float((found.out.double() - meant.out.double()).abs().max()), float(lse))
