"""The keys and values of one text, layer by layer, in memory that is there before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from docqa.llm.attention.base import Operands
from docqa.llm.attention.scoring import KeyCopy

MakeCopy = Callable[[int, int, int], KeyCopy]
"""From KV heads, head size and room in tokens to an empty copy of keys."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the keys and values of a model look like."""

    n_layers: int
    kv_heads: int
    head_dim: int
    dtype: torch.dtype
    device: str = "cpu"

    @property
    def bytes_per_token(self) -> int:
        """Of keys and values in all layers."""
        return 2 * self.n_layers * self.kv_heads * self.head_dim * self.dtype.itemsize


class LayerCache:
    """Keys and values `(kv_heads, room, head_dim)` of one layer, of which the first `length` tokens are there.

    Room is taken once; when it runs out, half as much again is taken and everything is moved. `copy` is the small copy
    of the keys for decoding, made when it is first asked for.
    """

    def __init__(self, keys: Tensor, values: Tensor, length: int, make_copy: MakeCopy | None = None) -> None:
        self._keys, self._values, self.length = keys, values, length
        self._make_copy = make_copy
        self._copy: KeyCopy | None = None

    @property
    def keys(self) -> Tensor:
        """Without the room that is still free."""
        return self._keys[:, : self.length]

    @property
    def values(self) -> Tensor:
        """Without the room that is still free."""
        return self._values[:, : self.length]

    @property
    def room(self) -> int:
        """In tokens."""
        return self._keys.shape[1]

    def append(self, keys: Tensor, values: Tensor) -> None:
        """Take in the next tokens, `(kv_heads, n, head_dim)`."""
        end = self.length + keys.shape[1]
        if end > self.room:
            self.reserve(max(end, self.room * 3 // 2))
        self._keys[:, self.length : end] = keys
        self._values[:, self.length : end] = values
        self.length = end

    def reserve(self, room: int) -> None:
        """Have room for so many tokens in all."""
        if room > self.room:
            self._keys, self._values = (self._moved(x, room) for x in (self._keys, self._values))

    def crop(self, n_tokens: int) -> None:
        """Forget all but the first tokens."""
        self.length = min(self.length, n_tokens)
        if self._copy is not None:
            self._copy.crop(n_tokens)

    def operands(self, q: Tensor, scale: float) -> Operands:
        """Queries `(heads, n, head_dim)` of the last n tokens with all keys and values."""
        return Operands(q, self.keys, self.values, self.length - q.shape[1], scale)

    def copy(self) -> KeyCopy:
        """The small copy of the keys, up to date."""
        assert self._make_copy is not None, "this cache is for dense attention"
        if self._copy is None:
            kv_heads, room, head_dim = self._keys.shape
            self._copy = self._make_copy(kv_heads, head_dim, room)
        self._copy.extend(self.keys)
        return self._copy

    def _moved(self, x: Tensor, room: int) -> Tensor:
        moved = torch.empty(x.shape[0], room, x.shape[2], dtype=x.dtype, device=x.device)
        moved[:, : self.length] = x[:, : self.length]
        return moved


class KVCache:
    """The caches of all layers of a model."""

    def __init__(self, layers: list[LayerCache]) -> None:
        self.layers = layers

    @classmethod
    def empty(cls, geometry: Geometry, room: int, make_copy: MakeCopy | None = None) -> KVCache:
        """A cache with room for so many tokens. The operating system gives the memory when it is first written to."""
        shape = (geometry.kv_heads, room, geometry.head_dim)
        options = {"dtype": geometry.dtype, "device": geometry.device}
        return cls(
            [
                LayerCache(torch.empty(shape, **options), torch.empty(shape, **options), 0, make_copy)  # type: ignore[call-overload]
                for _ in range(geometry.n_layers)
            ]
        )

    @property
    def length(self) -> int:
        """In tokens, of the shortest layer; all are equally long between two calls of the model."""
        return min(layer.length for layer in self.layers)

    def reserve(self, room: int) -> None:
        """Have room for so many tokens in every layer."""
        for layer in self.layers:
            layer.reserve(room)

    def crop(self, n_tokens: int) -> None:
        """Forget all but the first tokens."""
        for layer in self.layers:
            layer.crop(n_tokens)
