"""The BERT trunk that all parts are trained from, in plain torch, with the names of the MiniLM checkpoint.

Written out because the training has to be quick on a processor: no dropout, attention as two matrix products
(faster than the fused kernel at these lengths), embeddings frozen. Knows neither heads nor data. Source: Devlin et
al. 2019, arXiv:1810.04805; the checkpoint is all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class TrunkShape:
    """The sizes of the trunk; the defaults are MiniLM-L6's."""

    n_layers: int = 6
    width: int = 384
    n_heads: int = 12
    inner_width: int = 1536
    n_words: int = 30522
    n_positions: int = 512


class Embeddings(nn.Module):
    """Word, position and segment embeddings, summed and normalised."""

    def __init__(self, shape: TrunkShape) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.n_words, shape.width)
        self.position_embeddings = nn.Embedding(shape.n_positions, shape.width)
        self.token_type_embeddings = nn.Embedding(2, shape.width)
        self.LayerNorm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, token_ids: Tensor, segments: Tensor) -> Tensor:
        """`token_ids`, `segments` (batch, n_tokens) to (batch, n_tokens, width)."""
        positions = torch.arange(token_ids.shape[1], device=token_ids.device)
        summed = self.word_embeddings(token_ids) + self.position_embeddings(positions)[None]
        embedded: Tensor = self.LayerNorm(summed + self.token_type_embeddings(segments))
        return embedded


class Layer(nn.Module):
    """One post-norm transformer layer; queries, keys and values come from one matrix, queries already scaled."""

    def __init__(self, shape: TrunkShape) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.attend = nn.Linear(shape.width, 3 * shape.width)
        self.mixed = nn.Linear(shape.width, shape.width)
        self.mixed_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.inner = nn.Linear(shape.width, shape.inner_width)
        self.outer = nn.Linear(shape.inner_width, shape.width)
        self.outer_norm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """`states` (batch, n_tokens, width); `mask` (batch * n_heads, 1, n_tokens) is added to the attention scores."""
        batch, n_tokens, width = states.shape
        joint = self.attend(states).view(batch, n_tokens, 3, self.n_heads, width // self.n_heads)
        query, key, value = joint.permute(2, 0, 3, 1, 4).reshape(3, batch * self.n_heads, n_tokens, -1).unbind(0)
        weights = torch.softmax(torch.baddbmm(mask, query, key.transpose(1, 2)), dim=-1)
        attended = torch.bmm(weights, value).view(batch, self.n_heads, n_tokens, -1)
        states = self.mixed_norm(states + self.mixed(attended.transpose(1, 2).reshape(batch, n_tokens, width)))
        result: Tensor = self.outer_norm(states + self.outer(functional.gelu(self.inner(states))))
        return result


class Trunk(nn.Module):
    """Embeddings and layers."""

    def __init__(self, shape: TrunkShape | None = None) -> None:
        super().__init__()
        self.shape = shape or TrunkShape()
        self.embeddings = Embeddings(self.shape)
        self.layers = nn.ModuleList(Layer(self.shape) for _ in range(self.shape.n_layers))

    def forward(self, token_ids: Tensor, segments: Tensor, present: Tensor) -> Tensor:
        """The last layer's states (batch, n_tokens, width); `present` (batch, n_tokens) is False on padding."""
        states: Tensor = self.embeddings(token_ids, segments)
        mask = torch.zeros(present.shape, dtype=states.dtype, device=states.device)
        mask = mask.masked_fill(~present, -1e4)[:, None, :].repeat_interleave(self.shape.n_heads, dim=0)
        for layer in self.layers:
            states = layer(states, mask)
        return states


def load_minilm(path: Path) -> Trunk:
    """The trunk with MiniLM's weights; raises ValueError when the file is not the one that was checked."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != MINILM_SHA256:
        raise ValueError(f"{path}: sha256 {digest}, expected {MINILM_SHA256}")
    trunk = Trunk()
    trunk.load_state_dict(_renamed(load_file(path), trunk.shape))
    return trunk


_NAMES = {
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "mixed_norm",
    "intermediate.dense": "inner",
    "output.dense": "outer",
    "output.LayerNorm": "outer_norm",
}


def _renamed(weights: Mapping[str, Tensor], shape: TrunkShape) -> dict[str, Tensor]:
    """The checkpoint's weights under this module's names, without the pooler and the position ids."""
    renamed = {
        name: weight
        for name, weight in weights.items()
        if name.startswith("embeddings.") and not name.endswith("position_ids")
    }
    scale = 1 / math.sqrt(shape.width // shape.n_heads)
    for number in range(shape.n_layers):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        for kind in ("weight", "bias"):
            parts = [weights[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            renamed[f"{ours}.attend.{kind}"] = torch.cat([parts[0] * scale, *parts[1:]])
            for their_name, our_name in _NAMES.items():
                renamed[f"{ours}.{our_name}.{kind}"] = weights[f"{theirs}.{their_name}.{kind}"]
    return renamed
