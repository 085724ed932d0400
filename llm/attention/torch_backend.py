"""Attention by PyTorch's own operators: flash attention on gathered keys, parts joined by their log-sum-exp.

Runs wherever PyTorch does. On a CPU and on a GPU it uses the fused operators that also return the log-sum-exp, which
PyTorch keeps private; elsewhere, and for types and masks that they do not take, plain matrix products.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from docqa.llm.attention.base import Attended, BlockLists, Operands, merged, query_blocks

_MAX_GATHERED = 1 << 20  # elements of keys that are copied at once


class TorchBackend:
    """Query blocks with equally long lists are computed together, the heads of a group as rows of one head."""

    name = "torch"

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended:
        """Attend to all keys up to each query, or to the listed ones among them."""
        return _dense(operands) if lists is None else _sparse(operands, lists)


Mask = Tensor | Literal["causal"] | None


def flash(q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Mask = None) -> tuple[Tensor, Tensor]:
    """Attention over keys of shape `(batch, heads, n, head_dim)`, and its log-sum-exp `(batch, heads, n)`.

    A mask is added to the scores and broadcasts over heads; "causal" is that of as many queries as keys.
    """
    if q.device.type == "cpu" and q.dtype in (torch.float32, torch.bfloat16):
        added = mask.to(q.dtype) if isinstance(mask, Tensor) else None
        of_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out, lse = of_cpu(q, k, v, 0.0, isinstance(mask, str), attn_mask=added, scale=scale)
        return out, lse
    if q.is_cuda and q.dtype in _FUSED_ON_A_GPU and not isinstance(mask, Tensor):
        return _fused_on_a_gpu(q, k, v, scale, causal=mask is not None)
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k).to(torch.promote_types(q.dtype, torch.float32)) * scale
    if isinstance(mask, str):
        mask = torch.full(scores.shape[2:], -torch.inf, device=q.device).triu(1)
    if mask is not None:
        scores = scores + mask
    lse = torch.logsumexp(scores, dim=-1)
    return torch.einsum("bhqk,bhkd->bhqd", torch.exp(scores - lse.unsqueeze(-1)).to(v.dtype), v), lse


_FUSED_ON_A_GPU = (torch.float16, torch.bfloat16, torch.float32)


def _fused_on_a_gpu(q: Tensor, k: Tensor, v: Tensor, scale: float, *, causal: bool) -> tuple[Tensor, Tensor]:
    """Flash attention for halves, memory-efficient attention for float32, whose log-sum-exp is padded."""
    if q.dtype == torch.float32:
        efficient = torch.ops.aten._scaled_dot_product_efficient_attention
        out, lse, *_ = efficient(q, k, v, None, True, 0.0, causal, scale=scale)
        return out, lse[..., : q.shape[2]]
    out, lse, *_ = torch.ops.aten._scaled_dot_product_flash_attention(q, k, v, 0.0, causal, scale=scale)
    return out, lse


def _dense(o: Operands) -> Attended:
    """Everything before the queries without a mask, and the queries among themselves."""
    heads, n, _ = o.q.shape
    k, v = (x[:, o.start : o.end].repeat_interleave(o.group, dim=0) for x in (o.k, o.v))
    own = _result(*flash(o.q[None], k[None], v[None], o.scale, "causal"), heads, n)
    if o.start == 0:
        return own
    q = o.q.reshape(1, o.k.shape[0], o.group * n, -1)
    before = flash(q, o.k[None, :, : o.start], o.v[None, :, : o.start], o.scale)
    return merged(_result(*before, heads, n), own)


def _result(out: Tensor, lse: Tensor, heads: int, n: int) -> Attended:
    return Attended(out.reshape(heads, n, -1).transpose(0, 1), lse.reshape(heads, n))


@dataclass(frozen=True, slots=True)
class _Row:
    """One query block of one KV head: its positions, the blocks that it sees whole and those that it sees in part."""

    start: int
    end: int
    whole: tuple[int, ...]
    edge: tuple[int, ...]


def _sparse(o: Operands, lists: BlockLists) -> Attended:
    heads, n, dim = o.q.shape
    out = torch.zeros(n, heads, dim, dtype=o.q.dtype, device=o.q.device)
    lse = torch.full((heads, n), -torch.inf, dtype=torch.promote_types(o.q.dtype, torch.float32), device=o.q.device)
    for kv_head in range(o.k.shape[0]):
        group = slice(kv_head * o.group, (kv_head + 1) * o.group)
        for rows in _batches(o, lists, kv_head):
            place = torch.tensor([range(row.start - o.start, row.end - o.start) for row in rows], device=o.q.device)
            found = _attend_rows(o, lists.key_block, kv_head, rows, o.q[group][:, place])
            out[place, group] = found.out
            lse[group, place] = found.lse
    return Attended(out, lse)


def _batches(o: Operands, lists: BlockLists, kv_head: int) -> Iterator[list[_Row]]:
    """Rows of the same shape, as many as may be gathered at once."""
    alike: dict[tuple[int, int, int], list[_Row]] = defaultdict(list)
    indices, counts = lists.indices[kv_head].tolist(), lists.counts[kv_head].tolist()
    for i, (start, end) in enumerate(query_blocks(o.start, o.end, lists.query_block)):
        listed = [block for block in indices[i][: counts[i]] if block * lists.key_block < end]
        whole = tuple(block for block in listed if (block + 1) * lists.key_block <= start + 1)
        edge = tuple(block for block in listed if (block + 1) * lists.key_block > start + 1)
        alike[end - start, len(whole), len(edge)].append(_Row(start, end, whole, edge))
    for (_, n_whole, n_edge), rows in alike.items():
        each = max(1, (n_whole + n_edge) * lists.key_block * o.q.shape[-1])
        at_once = max(1, _MAX_GATHERED // each)
        yield from (rows[i : i + at_once] for i in range(0, len(rows), at_once))


def _attend_rows(o: Operands, key_block: int, kv_head: int, rows: list[_Row], q: Tensor) -> Attended:
    """Attention of q `(group, batch, n, head_dim)`; out is `(batch, n, group, head_dim)`, lse `(group, batch, n)`."""
    group, batch, n, dim = q.shape
    packed = q.transpose(0, 1)
    parts = []
    if rows[0].whole:
        blocks = torch.tensor([row.whole for row in rows], device=q.device)
        n_whole = o.end // key_block * key_block
        k, v = (torch.unflatten(x[kv_head, :n_whole], 0, (-1, key_block))[blocks].flatten(1, 2) for x in (o.k, o.v))
        out, lse = flash(packed.reshape(batch, 1, group * n, dim), k.unsqueeze(1), v.unsqueeze(1), o.scale)
        parts.append((out.reshape(batch, group, n, dim), lse.reshape(batch, group, n)))
    if rows[0].edge:
        parts.append(_edge(o, key_block, kv_head, rows, packed))
    if not parts:
        parts.append((torch.zeros_like(packed), torch.full((batch, group, n), -torch.inf, device=q.device)))
    results = [Attended(out.permute(0, 2, 1, 3).flatten(0, 1), lse.transpose(0, 1).flatten(1)) for out, lse in parts]
    joined = results[0] if len(results) == 1 else merged(*results)
    return Attended(joined.out.reshape(batch, n, group, dim), joined.lse.reshape(group, batch, n))


def _edge(o: Operands, key_block: int, kv_head: int, rows: list[_Row], q: Tensor) -> tuple[Tensor, Tensor]:
    """The blocks that not every query sees whole; q is `(batch, group, n, head_dim)`, and so is the result."""
    batch, group, n, dim = q.shape
    blocks = torch.tensor([row.edge for row in rows], device=q.device)
    keys = (blocks.unsqueeze(-1) * key_block + torch.arange(key_block, device=q.device)).flatten(1)
    query = torch.tensor([range(row.start, row.end) for row in rows], device=q.device)
    k, v = (x[kv_head, keys.clamp(max=o.end - 1)].unsqueeze(1) for x in (o.k, o.v))
    if keys.shape == query.shape and torch.equal(keys, query):  # just the own block
        heads = (-1, group, -1, -1)
        return flash(q, k.expand(heads), v.expand(heads), o.scale, "causal")
    hidden = (keys[:, None, :] > query[:, :, None]).float() * _HIDDEN
    packed = q.reshape(batch, 1, group * n, dim)
    out, lse = flash(packed, k, v, o.scale, hidden.repeat(1, group, 1).unsqueeze(1))
    blind = lse < _HIDDEN / 2
    out, lse = torch.where(blind.unsqueeze(-1), 0, out), torch.where(blind, -torch.inf, lse)
    return out.reshape(q.shape), lse.reshape(batch, group, n)


_HIDDEN = -1e30  # finite: a row that sees nothing must not become NaN
