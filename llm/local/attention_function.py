"""Our attention under the name that transformers knows it by.

transformers calls it in every layer with queries, keys and values of the new tokens alone: our cache is not one of its
own, so that its `torch.cat` of all keys and its masks never happen. What goes beyond one text without gaps is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from docqa.llm.attention.report import AttentionReport
from docqa.llm.attention.sparse import DecodingState, SparseAttention
from docqa.llm.cache.layers import KVCache

NAME = "docqa"
Mode = Literal["dense", "prefill", "decode"]


class NotOneText(ValueError):
    """Padding, a batch, packed texts or attention weights were asked for: our attention would be silently wrong."""


@dataclass(slots=True)
class Reading:
    """One call of the model: the cache that its tokens go into, how they attend, and what came of it."""

    cache: KVCache
    attention: SparseAttention
    mode: Mode = "dense"
    state: DecodingState = field(default_factory=DecodingState)
    report: AttentionReport = field(default_factory=AttentionReport)


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """What transformers calls; shapes `(1, heads, n, head_dim)`, the result `(1, n, heads, head_dim)`."""
    reading: Reading | None = options.get("reading")
    if reading is None:
        raise NotOneText("this attention needs a reading; call the model through docqa.llm.local.sequence")
    layer = reading.cache.layers[module.layer_idx]
    reason = _reason_against(query, attention_mask, layer.length, options)
    if reason:
        raise NotOneText(reason)
    layer.append(key[0], value[0])
    operands = layer.operands(query[0], options["scaling"])
    attention = reading.attention
    if reading.mode == "prefill":
        attended, report = attention.prefill(operands, module.layer_idx)
    elif reading.mode == "decode":
        attended, report = attention.decode(operands, layer.copy, module.layer_idx, reading.state)
    else:
        attended, report = attention.dense(operands)
    reading.report += report
    return attended.out.unsqueeze(0), None


def _reason_against(query: Tensor, mask: Tensor | None, n_before: int, options: Mapping[str, Any]) -> str | None:
    if len(query) != 1 or mask is not None:
        return "one text without padding at a time"
    if options.get("use_cache"):
        return "keys and values go into the reading, not into a cache of transformers"
    for name in ("output_attentions", "dropout", "sliding_window", "softcap", "s_aux"):
        if options.get(name):
            return f"{name} is not what this attention does"
    positions = options.get("position_ids")
    following = torch.arange(n_before, n_before + query.shape[2], device=query.device)
    if positions is not None and not torch.equal(positions[0], following):
        return "positions must follow those that were read, without gaps"
    return None


def no_mask(batch_size: int, *_: Any, attention_mask: Tensor | None = None, **options: Any) -> None:
    """The mask for our attention: none, as it is causal by itself. Padding is refused instead of being ignored.

    Without a function of this name, transformers leaves out every mask in silence, padding or not.
    """
    if batch_size != 1:
        raise NotOneText("one text at a time")
    if attention_mask is not None and not bool(attention_mask.all()):
        raise NotOneText("no padding")


def register() -> None:
    """Make our attention known to transformers, for this process."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, no_mask)
