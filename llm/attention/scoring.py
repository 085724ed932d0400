"""Small copies of the keys, by which a decoding step finds the pages of 16 tokens that matter before it reads them.

Each copy gives for every page the log-sum-exp of approximate scores. On a trained model the token-level copies (4 bits,
principal components) found what the page bounds of Quest missed; those are kept as the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from docqa.llm.attention.native import NativeBackend

PAGE = 16
GROUP = 64
"""Tokens that are quantised together, and after which a copy is extended."""


class KeyCopy(Protocol):
    """Follows keys `(kv_heads, n, head_dim)` as they grow. `n_tokens`, a multiple of GROUP, are in the copy."""

    @property
    def n_tokens(self) -> int: ...

    @property
    def n_bytes(self) -> int: ...

    def extend(self, keys: Tensor) -> None:
        """Take in what is new in the keys, as far as groups are complete."""
        ...

    def crop(self, n_tokens: int) -> None:
        """Forget all but the first tokens, as far as they fill groups."""
        ...

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        """Approximate log-sum-exp of each page, `(heads, n_tokens / 16)`; q is `(heads, head_dim)`."""
        ...


class Int4Keys:
    """Four bits for each number, with minimum and step of every channel over 64 tokens (KIVI, arXiv:2402.02750).

    By channels, as keys have channels that are large throughout, a bias of the projection above all. The kernel takes
    head sizes up to 512.
    """

    def __init__(self, kv_heads: int, head_dim: int, capacity: int, native: NativeBackend | None = None) -> None:
        self._native = native
        self._n_groups, n_groups = 0, -(-capacity // GROUP)
        self._codes = torch.empty(kv_heads, n_groups, head_dim, GROUP // 2, dtype=torch.uint8)
        self._steps = torch.empty(kv_heads, n_groups, head_dim)
        self._zeros = torch.empty(kv_heads, n_groups, head_dim)

    @property
    def n_tokens(self) -> int:
        return self._n_groups * GROUP

    @property
    def n_bytes(self) -> int:
        return sum(x.numel() * x.element_size() for x in (self._codes, self._steps, self._zeros))

    def extend(self, keys: Tensor) -> None:
        new = slice(self._n_groups, keys.shape[1] // GROUP)
        if new.start >= new.stop:
            return
        groups = torch.unflatten(keys[:, new.start * GROUP : new.stop * GROUP].float(), 1, (-1, GROUP)).transpose(2, 3)
        if new.stop > self._codes.shape[1]:
            self._grow(new.stop)
        zeros, largest = groups.aminmax(dim=-1)
        steps = ((largest - zeros) / 15).clamp(min=1e-12)
        codes = ((groups - zeros.unsqueeze(-1)) / steps.unsqueeze(-1)).round_().clamp_(0, 15).to(torch.uint8)
        self._codes[:, new], self._steps[:, new], self._zeros[:, new] = _packed(codes), steps, zeros
        self._n_groups = new.stop

    def crop(self, n_tokens: int) -> None:
        self._n_groups = min(self._n_groups, n_tokens // GROUP)

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        q = q.float() * scale
        if self._native is not None:
            return self._native.page_scores(q, self._codes, self._steps, self._zeros, self._n_groups)
        return _page_log_sums(self.token_scores(q))

    def token_scores(self, q: Tensor) -> Tensor:
        """Approximate q·k of every token, `(heads, n_tokens)`."""
        codes, steps, zeros = (x[:, : self._n_groups] for x in (self._codes, self._steps, self._zeros))
        levels = _unpacked(codes).float()
        by_head = torch.unflatten(q, 0, (len(codes), -1)).unsqueeze(2)  # (kv_heads, group, 1, head_dim)
        base = (by_head * zeros.unsqueeze(1)).sum(-1, keepdim=True)
        weighted = (by_head * steps.unsqueeze(1)).transpose(1, 2)  # (kv_heads, n_groups, group, head_dim)
        return ((weighted @ levels).transpose(1, 2) + base).flatten(2).flatten(0, 1)

    def _grow(self, n_groups: int) -> None:
        room = max(n_groups, 2 * self._codes.shape[1])
        self._codes, self._steps, self._zeros = (
            torch.cat((x, x.new_empty(x.shape[0], room - x.shape[1], *x.shape[2:])), dim=1)
            for x in (self._codes, self._steps, self._zeros)
        )


class PrincipalKeys:
    """The keys' leading principal components (as Loki, arXiv:2406.02542), found when the copy is first extended."""

    def __init__(
        self,
        kv_heads: int,
        head_dim: int,
        capacity: int,
        native: NativeBackend | None = None,
        *,
        n_components: int = 16,
    ) -> None:
        del native  # PyTorch's matrix product is as good
        self._n_tokens, self._rank = 0, min(n_components, head_dim)
        self._basis: Tensor | None = None
        self._parts = torch.empty(kv_heads, -(-capacity // GROUP) * GROUP, self._rank)

    @property
    def n_tokens(self) -> int:
        return self._n_tokens

    @property
    def n_bytes(self) -> int:
        return self._parts.numel() * self._parts.element_size()

    def extend(self, keys: Tensor) -> None:
        end = keys.shape[1] // GROUP * GROUP
        if end <= self._n_tokens:
            return
        if self._basis is None:
            known = keys[:, :end].float()
            centred = known - known.mean(1, keepdim=True)
            self._basis = torch.linalg.eigh(centred.transpose(1, 2) @ centred).eigenvectors[..., -self._rank :]
        if end > self._parts.shape[1]:
            room = max(end, 2 * self._parts.shape[1])
            more = self._parts.new_empty(self._parts.shape[0], room - self._parts.shape[1], self._rank)
            self._parts = torch.cat((self._parts, more), dim=1)
        self._parts[:, self._n_tokens : end] = keys[:, self._n_tokens : end].float() @ self._basis
        self._n_tokens = end

    def crop(self, n_tokens: int) -> None:
        self._n_tokens = min(self._n_tokens, n_tokens // GROUP * GROUP)

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        if self._basis is None:
            return q.new_empty(len(q), 0, dtype=torch.float32)
        by_head = torch.unflatten((q.float() * scale), 0, (len(self._parts), -1)) @ self._basis
        return _page_log_sums((by_head @ self._parts[:, : self._n_tokens].transpose(1, 2)).flatten(0, 1))


class PageBounds:
    """Smallest and largest key of each page, by channel: an upper bound (Quest, Tang et al. 2024, arXiv:2406.10774)."""

    def __init__(self, kv_heads: int, head_dim: int, capacity: int, native: NativeBackend | None = None) -> None:
        del capacity, native
        self._least = torch.empty(kv_heads, 0, head_dim)
        self._most = torch.empty(kv_heads, 0, head_dim)

    @property
    def n_tokens(self) -> int:
        return self._least.shape[1] * PAGE

    @property
    def n_bytes(self) -> int:
        return 2 * self._least.numel() * self._least.element_size()

    def extend(self, keys: Tensor) -> None:
        end = keys.shape[1] // GROUP * GROUP
        if end > self.n_tokens:
            least, most = torch.unflatten(keys[:, self.n_tokens : end].float(), 1, (-1, PAGE)).aminmax(dim=2)
            self._least, self._most = torch.cat((self._least, least), 1), torch.cat((self._most, most), 1)

    def crop(self, n_tokens: int) -> None:
        n_pages = n_tokens // GROUP * (GROUP // PAGE)
        self._least, self._most = self._least[:, :n_pages], self._most[:, :n_pages]

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        by_head = torch.unflatten((q.float() * scale), 0, (len(self._least), -1))
        upper = by_head.clamp(min=0) @ self._most.transpose(1, 2) + by_head.clamp(max=0) @ self._least.transpose(1, 2)
        return upper.flatten(0, 1)


KEY_COPIES: Mapping[str, Callable[[int, int, int, NativeBackend | None], KeyCopy]] = {
    "int4": Int4Keys,
    "principal": PrincipalKeys,
    "bounds": PageBounds,
}


def _packed(codes: Tensor) -> Tensor:
    """Numbers below 16 in half as many bytes, as the kernel wants them; `(…, head_dim, 64)` to `(…, head_dim, 32)`.

    A byte holds two neighbouring tokens, the later in its upper half; four channels lie side by side, then every fourth
    token, so that a vector of the kernel is 16 tokens of four channels and a page four neighbouring lanes.
    """
    *outer, dim, _ = codes.shape
    halves = codes.reshape(*outer, dim // 4, 4, GROUP // 4, 2, 2)  # quad, channel, lane, pair, half
    pairs = halves[..., 0] | halves[..., 1] << 4
    return pairs.movedim((-1, -2, -3), (-3, -2, -1)).reshape(*outer, dim, GROUP // 2)


def _unpacked(packed: Tensor) -> Tensor:
    """What `_packed` was given."""
    *outer, dim, _ = packed.shape
    pairs = packed.reshape(*outer, dim // 4, 2, GROUP // 4, 4).movedim((-3, -2, -1), (-1, -2, -3))
    return torch.stack((pairs & 15, pairs >> 4), dim=-1).reshape(*outer, dim, GROUP)


def _page_log_sums(scores: Tensor) -> Tensor:
    return torch.logsumexp(torch.unflatten(scores, -1, (-1, PAGE)), dim=-1)
