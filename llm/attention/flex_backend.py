"""Block-sparse attention by FlexAttention, which PyTorch compiles into one kernel on a GPU.

The mask itself says what is read; the block structure beside it only spares work. So compiled and uncompiled give the
same, and the tests run it uncompiled on a CPU. It has not been run on a GPU by its authors; they had none.
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
    """Every listed block is masked within, so a block that no query sees whole needs no list of its own."""
    n_key_blocks = -(-o.end // lists.key_block)
    counts, indices = (x.repeat_interleave(o.group, dim=0)[None] for x in (lists.counts, lists.indices))
    meant = torch.arange(indices.shape[-1], device=indices.device) < counts.unsqueeze(-1)
    slots = torch.where(meant, indices.long(), n_key_blocks)
    chosen = torch.zeros(*slots.shape[:-1], n_key_blocks + 1, dtype=torch.bool, device=slots.device)
    chosen.scatter_(-1, slots, True)
    first = o.start // lists.query_block

    def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        at = query + o.start
        listed = chosen[batch, head, at // lists.query_block - first, key // lists.key_block]
        return listed & (key <= at)

    room = torch.zeros(*counts.shape, n_key_blocks, dtype=torch.int32, device=indices.device)
    room[..., : indices.shape[-1]] = torch.where(meant, indices, 0)[..., :n_key_blocks]
    sizes = (lists.query_block, lists.key_block)
    lengths = (o.q.shape[1], o.end)
    return BlockMask.from_kv_blocks(counts, room, BLOCK_SIZE=sizes, mask_mod=seen, seq_lengths=lengths)
