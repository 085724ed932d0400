"""The BERT trunk that all parts are trained from, in plain torch, with the names of the MiniLM checkpoint.

Written out because the training has to be quick on a processor: attention as two matrix products there (faster than
the fused kernel at these lengths), fused on a GPU, embeddings frozen. Knows neither heads nor data. Source: Devlin et
al. 2019, arXiv:1810.04805; the checkpoint is all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class TrunkShape:
    """The sizes of the trunk, by default MiniLM-L6's, and the share of states that a training step leaves out."""

    n_layers: int = 6
    width: int = 384
    n_heads: int = 12
    inner_width: int = 1536
    n_words: int = 30522
    n_positions: int = 512
    dropout: float = 0.0


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
        self.n_heads, self.dropout = shape.n_heads, shape.dropout
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
        if states.is_cuda:
            query, key, value = joint.permute(2, 0, 3, 1, 4).unbind(0)
            shared = mask.view(batch, self.n_heads, 1, n_tokens).expand(-1, -1, n_tokens, -1)
            attended = functional.scaled_dot_product_attention(query, key, value, shared, scale=1.0)
        else:
            query, key, value = joint.permute(2, 0, 3, 1, 4).reshape(3, batch * self.n_heads, n_tokens, -1).unbind(0)
            weights = torch.softmax(torch.baddbmm(mask, query, key.transpose(1, 2)), dim=-1)
            attended = torch.bmm(weights, value).view(batch, self.n_heads, n_tokens, -1)
        mixed = self.mixed(attended.transpose(1, 2).reshape(batch, n_tokens, width))
        states = self.mixed_norm(states + self._thinned(mixed))
        outer = self.outer(functional.gelu(self.inner(states)))
        result: Tensor = self.outer_norm(states + self._thinned(outer))
        return result

    def _thinned(self, states: Tensor) -> Tensor:
        return functional.dropout(states, self.dropout, self.training) if self.dropout else states


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


def load_minilm(path: Path, shape: TrunkShape | None = None) -> Trunk:
    """The trunk with MiniLM's weights; raises ValueError when the file is not the one that was checked."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != MINILM_SHA256:
        raise ValueError(f"{path}: sha256 {digest}, expected {MINILM_SHA256}")
    trunk = Trunk(shape)
    trunk.load_state_dict(_renamed(load_file(path), trunk.shape))
    return trunk


def save_small(trunk: Trunk, path: Path) -> None:
    """Keep a trunk in 34 MB, to send it elsewhere: words as int8 with a scale each, as they ship, the rest float16."""
    weights = {name: weight.detach().half().contiguous() for name, weight in trunk.state_dict().items()}
    words = trunk.embeddings.word_embeddings.weight.detach()
    scales = words.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
    save_file({**weights, _WORDS: (words / scales).round().to(torch.int8), _SCALES: scales}, path)


def load_small(path: Path, shape: TrunkShape | None = None) -> Trunk:
    """A trunk that `save_small` kept."""
    weights = {name: weight.float() for name, weight in load_file(path).items()}
    weights[_WORDS] *= weights.pop(_SCALES)
    trunk = Trunk(shape)
    trunk.load_state_dict(weights)
    return trunk


def load_base(folder: Path, shape: TrunkShape | None = None) -> Trunk:
    """The trunk to begin with: a small copy of MiniLM's in the folder, `trunk.safetensors`, or MiniLM's own file."""
    small = folder / "trunk.safetensors"
    return load_small(small, shape) if small.exists() else load_minilm(folder / "model.safetensors", shape)


_WORDS, _SCALES = "embeddings.word_embeddings.weight", "embeddings.word_embeddings.scales"
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
