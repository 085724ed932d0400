"""Block-sparse attention by FlexAttention, which PyTorch compiles into one kernel on a GPU.

Blocks that every query of their row sees whole are listed apart, so that the kernel masks nothing in them. Uncompiled,
as the tests run it on a CPU, FlexAttention looks at the mask alone, so there the mask says what is listed too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import AuxRequest, BlockMask, flex_attention

from docqa.llm.attention.base import Attended, BlockLists, Operands
from docqa.llm.attention.torch_backend import TorchBackend

_LEAST_BLOCK = 128  # what the kernels tile by
_Mask = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class FlexBackend:
    """FlexAttention for lists of large blocks, PyTorch's own operators for dense attention and for decoding."""

    name = "flex"

    def __init__(self) -> None:
        self._torch = TorchBackend()

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended:
        """Attend to all keys up to each query, or to the listed ones among them."""
        if lists is None or not _fits(operands, lists):
            return self._torch.attend(operands, lists)
        o = operands
        q, k, v = o.q[None], o.k[None, :, : o.end], o.v[None, :, : o.end]
        options = {"scale": o.scale, "enable_gqa": True, "return_aux": AuxRequest(lse=True)}
        out, aux = _kernel(o.q.is_cuda)(q, k, v, block_mask=_block_mask(o, lists), **options)
        return Attended(out[0].transpose(0, 1), aux.lse[0])


def _fits(o: Operands, lists: BlockLists) -> bool:
    """Whether the blocks are large, and begin where FlexAttention counts them from: at the first query."""
    return min(lists.query_block, lists.key_block) >= _LEAST_BLOCK and o.start % lists.query_block == 0


@functools.cache
def _kernel(compiled: bool) -> Callable[..., Any]:
    plain: Callable[..., Any] = flex_attention
    return torch.compile(plain, dynamic=True) if compiled else plain


def _block_mask(o: Operands, lists: BlockLists) -> BlockMask:
    """The lists as FlexAttention takes them: for each head and row the blocks to mask within, and the whole ones."""
    device, n_key_blocks = o.q.device, -(-o.end // lists.key_block)
    rows = torch.arange(lists.counts.shape[1], device=device) + o.start // lists.query_block
    meant = torch.arange(lists.indices.shape[-1], device=device) < lists.counts.unsqueeze(-1)
    meant &= lists.indices < n_key_blocks
    whole = meant & ((lists.indices + 1) * lists.key_block <= rows[:, None] * lists.query_block + 1)
    mask = _causal(o) if o.q.is_cuda else _listed(o, lists, meant, n_key_blocks)
    return BlockMask.from_kv_blocks(
        *_of_heads(o, lists, meant & ~whole, n_key_blocks),
        *_of_heads(o, lists, whole, n_key_blocks),
        BLOCK_SIZE=(lists.query_block, lists.key_block),
        mask_mod=mask,
        seq_lengths=(o.q.shape[1], o.end),
        compute_q_blocks=False,
    )


def _of_heads(o: Operands, lists: BlockLists, chosen: Tensor, n_key_blocks: int) -> tuple[Tensor, Tensor]:
    """Counts `(1, heads, rows)` of the chosen blocks, and their numbers first in `(1, heads, rows, n_key_blocks)`."""
    room = torch.zeros(*chosen.shape[:2], max(n_key_blocks, chosen.shape[-1]), dtype=torch.int32, device=chosen.device)
    room[..., : chosen.shape[-1]] = torch.where(chosen, lists.indices, n_key_blocks).sort(dim=-1).values
    room = torch.where(room < n_key_blocks, room, 0)[..., :n_key_blocks]
    counts = chosen.sum(-1, dtype=torch.int32)
    return counts.repeat_interleave(o.group, dim=0)[None], room.repeat_interleave(o.group, dim=0)[None]


def _causal(o: Operands) -> _Mask:
    """Up to each query's own position, which is a tensor so that another one needs no new kernel."""
    start = torch.tensor(o.start, device=o.q.device)

    def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return key <= query + start

    return seen


def _listed(o: Operands, lists: BlockLists, meant: Tensor, n_key_blocks: int) -> _Mask:
    """The same, within the listed blocks."""
    slots = torch.where(meant, lists.indices.long(), n_key_blocks).repeat_interleave(o.group, dim=0)
    chosen = torch.zeros(*slots.shape[:-1], n_key_blocks + 1, dtype=torch.bool, device=slots.device)
    chosen.scatter_(-1, slots, True)

    def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return chosen[head, query // lists.query_block, key // lists.key_block] & (key <= query + o.start)

    return seen
