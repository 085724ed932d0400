"""Which models our attention is right for, and why not where it is not. Looks at the configuration alone."""

from __future__ import annotations

from typing import Any

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
_ROPE_OF_LENGTH = ("dynamic", "longrope")


def reason_against(config: Any) -> str | None:
    """Why this model has to run through transformers' own dense attention, or None when ours is right for it."""
    if config.model_type not in FAMILIES:
        return f"docqa's attention is made for {', '.join(FAMILIES)}, and this is {config.model_type}"
    if _slides(config):
        return "some of its layers see a sliding window alone"
    for name, what in (("attn_logit_softcapping", "caps its attention scores"), ("sinks", "has attention sinks")):
        if getattr(config, name, None):
            return f"it {what}"
    rope = _rope_type(config)
    if rope in _ROPE_OF_LENGTH:
        return f"its rotary positions ({rope}) change with the length of the text, so no keys can be kept"
    return None


def _slides(config: Any) -> bool:
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return any(kind != "full_attention" for kind in kinds)
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return window is not None and window < config.max_position_embeddings


def _rope_type(config: Any) -> str:
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    return str(rope.get("rope_type", rope.get("type", "default")))
