"""The tiny model: Qwen2's architecture with heads that look at the tokens just before from the first step on.

The heads of its first layer begin as exact previous-token heads, one for each offset from 1 to 8, made by the biases of
queries and keys alone: k = c (1…1, 0…0) and q the same turned back by the offset, so that q·k is largest where the key
stands that many tokens before. Looking a name up needs such heads first, and a small model takes very long to find them
by itself. Rotary positions turn slowly (theta 1e8): only what turns little over a whole text can tell names apart at a
distance.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from training.tiny.sequences import Batch

ATTENTION = "docqa_training"
N_POSITIONS = 32_768
N_LAYERS, N_HEADS, N_KV_HEADS, WIDTH, HEAD_DIM, ROPE_THETA = 4, 8, 2, 192, 128, 1e8
_SHARPNESS = 8.0
_LONGEST_PLAIN = 500  # tokens


def network(n_vocabulary: int, end: int, pad: int, seed: int) -> Any:
    """A model with weights as they are before the first step."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    _register()
    torch.manual_seed(seed)
    make_config: Any = Qwen2Config
    config = make_config(
        vocab_size=n_vocabulary,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS,
        num_key_value_heads=N_KV_HEADS,
        head_dim=HEAD_DIM,
        max_position_embeddings=N_POSITIONS,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    make: Any = Qwen2ForCausalLM._from_config
    model = make(config, attn_implementation=ATTENTION)
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0.0, WIDTH**-0.5)
        for layer in model.model.layers:
            for projection in ("q_proj", "k_proj", "v_proj", "o_proj"):
                weight = getattr(layer.self_attn, projection).weight
                weight.normal_(0.0, weight.shape[1] ** -0.5)
        _look_back(model.model.layers[0].self_attn)
    return model


def replies_loss(model: Any, made: Batch) -> tuple[Tensor, Tensor]:
    """The mean loss over all tokens of replies, and how many tokens of each reply were not the likeliest.

    Products of matrices are in bfloat16, everything else in float32.
    """
    with torch.autocast(made.tokens.device.type, dtype=torch.bfloat16):
        hidden = model.model(
            input_ids=made.tokens,
            position_ids=made.positions,
            use_cache=False,
            attention_mask=torch.ones_like(made.tokens),
        ).last_hidden_state.float()
    logits = model.lm_head(hidden[made.rows, made.places - 1])
    targets = made.tokens[made.rows, made.places]
    wrong = torch.zeros(len(made.replies), device=logits.device)
    wrong.index_add_(0, made.owners, (logits.argmax(-1) != targets).float())
    return cross_entropy(logits, targets), wrong


def _look_back(attention: Any) -> None:
    """Make the heads of a layer look back by 1, 2, … tokens, whatever the tokens are."""
    half = HEAD_DIM // 2
    angles = ROPE_THETA ** (-torch.arange(half) / half)
    attention.k_proj.weight.zero_()
    attention.q_proj.weight.zero_()
    attention.k_proj.bias.copy_(_SHARPNESS * torch.cat((torch.ones(half), torch.zeros(half))).repeat(N_KV_HEADS))
    turned = [torch.cat((torch.cos(n * angles), -torch.sin(n * angles))) for n in range(1, N_HEADS + 1)]
    attention.q_proj.bias.copy_(_SHARPNESS * torch.cat(turned))


def _register() -> None:
    """Plain causal attention: rows are padded at their end alone, and gaps in the positions are no borders of texts."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(ATTENTION, _attend)
    AttentionMaskInterface.register(ATTENTION, lambda *_, **__: None)


def _attend(
    _module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    if query.shape[2] <= _LONGEST_PLAIN and query.device.type == "cpu":
        with torch.autocast("cpu", enabled=False):
            query, key = ((x * scale).to(value.dtype) for x, scale in ((query, options["scaling"]), (key, 1.0)))
            return _plainly(query, key, value).transpose(1, 2), None
    attended = scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=options["scaling"], enable_gqa=True
    )
    return attended.transpose(1, 2), None


def _plainly(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention by its formula: for short rows PyTorch's fused kernel takes longer on its way back."""
    n_rows, n_heads, length, head_dim = query.shape
    groups = (n_rows, key.shape[1], n_heads // key.shape[1])
    later = torch.full((length, length), -torch.inf, dtype=query.dtype).triu(1)
    scores = query.reshape(n_rows, key.shape[1], -1, head_dim) @ key.transpose(-1, -2)
    shares = torch.softmax(scores.view(*groups, length, length) + later, dim=-1)
    attended = shares.reshape(n_rows, key.shape[1], -1, length) @ value
    return attended.view(n_rows, n_heads, length, head_dim)
