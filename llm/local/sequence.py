"""One text in the model: read in chunks, continued token by token, cut back to its beginning.

`PagedSequence` is ours; `StockSequence` runs what our attention is not made for, with transformers' own cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

from docqa.llm.attention.report import AttentionReport
from docqa.llm.attention.sparse import DecodingState, SparseAttention
from docqa.llm.cache.block_chain import n_shared
from docqa.llm.cache.layers import KVCache
from docqa.llm.generation import never
from docqa.llm.local.attention_function import Mode, NotOneText, Reading


class Abandoned(Exception):
    """Nobody waits for the prompt to be read any more; what has been read stays."""


class TextSequence(Protocol):
    """`read` takes in a prompt and `step` one more token; both give the logits of the next token, `(vocabulary,)`.

    Before each chunk of a prompt `read` looks whether it is cancelled, and then raises Abandoned.
    """

    @property
    def report(self) -> AttentionReport: ...

    def read(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> Tensor: ...

    def step(self, token: int) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """How a prompt is read. The last `n_dense` tokens at least, the question among them, attend to everything.

    Chunks and everything that can be used again end at whole blocks of `block` tokens.
    """

    block: int = 128
    chunk: int = 2048
    n_dense: int = 256

    def __post_init__(self) -> None:
        assert self.chunk % self.block == 0

    def n_kept(self, n_tokens: int) -> int:
        """How many of a prompt's tokens are read in a way that does not depend on what follows them."""
        return max(0, n_tokens - self.n_dense) // self.block * self.block


class PagedSequence:
    """A text in our cache. `sparse` False attends to everything; `n_kept` tokens can be used again."""

    def __init__(
        self, model: Any, cache: KVCache, attention: SparseAttention, plan: ReadingPlan, *, sparse: bool = True
    ) -> None:
        self._model, self.cache, self._attention, self.plan, self.sparse = model, cache, attention, plan, sparse
        self.tokens: list[int] = []
        self.n_kept = 0
        self._state = DecodingState()
        self._report = AttentionReport()

    @property
    def report(self) -> AttentionReport:
        """What attention has done since the last prompt was begun."""
        return self._report

    def take_over(self, tokens: Sequence[int]) -> None:
        """Say which tokens the cache holds already; all of them can be used again."""
        self.tokens, self.n_kept = list(tokens), len(tokens)
        self.cache.crop(len(tokens))

    def n_reusable(self, tokens: Sequence[int]) -> int:
        """How many of a prompt's first tokens need not be read again: as many as a cold reading would keep as well."""
        shared = min(n_shared(self.tokens[: self.n_kept], tokens), self.plan.n_kept(len(tokens)))
        return shared // self.plan.block * self.plan.block

    def read(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> Tensor:
        """Read a prompt from where it differs from what has been read."""
        start, kept = self.n_reusable(tokens), self.plan.n_kept(len(tokens))
        self.cache.crop(start)
        self.cache.reserve(len(tokens))
        self._state, self._report = DecodingState(), AttentionReport()
        self.tokens, self.n_kept = list(tokens[:start]), start
        edges = [*range(start, kept, self.plan.chunk), kept] if kept > start else [kept]
        for begin, end in pairwise(edges):
            _check(cancelled)
            self._run(tokens[begin:end], "prefill" if self.sparse else "dense")
            self.n_kept = end
        logits = None
        for begin in range(kept, len(tokens), self.plan.chunk):
            _check(cancelled)
            logits = self._run(tokens[begin : begin + self.plan.chunk], "dense")
        assert logits is not None, "an empty prompt"
        return logits

    def step(self, token: int) -> Tensor:
        """Go on by one token."""
        logits = self._run([token], "decode" if self.sparse else "dense")
        self._state.n_steps += 1
        return logits

    @torch.no_grad()
    def _run(self, tokens: Sequence[int], mode: Mode) -> Tensor:
        reading = Reading(self.cache, self._attention, mode, self._state)
        device = self.cache.layers[0].keys.device
        start = len(self.tokens)
        logits: Tensor = self._model(
            input_ids=torch.tensor([list(tokens)], device=device),
            position_ids=torch.arange(start, start + len(tokens), device=device)[None],
            use_cache=False,
            logits_to_keep=1,
            reading=reading,
        ).logits
        if self.cache.length != start + len(tokens):  # somebody has set another attention on the model
            raise NotOneText("transformers did not call our attention in every layer")
        self.tokens += tokens
        self._report += reading.report
        return logits[0, -1].float()


class StockSequence:
    """A text in transformers' own cache, with its own attention, read anew for every prompt."""

    def __init__(self, model: Any, config: Any, chunk: int = 2048) -> None:
        self._model, self._config, self._chunk = model, config, chunk
        self._cache: Any = None
        self.report = AttentionReport()

    def read(self, tokens: Sequence[int], cancelled: Callable[[], bool] = never) -> Tensor:
        """Read a prompt."""
        from transformers import DynamicCache

        self._cache = DynamicCache(config=self._config)
        logits = None
        for begin in range(0, len(tokens), self._chunk):
            _check(cancelled)
            logits = self._run(tokens[begin : begin + self._chunk])
        assert logits is not None, "an empty prompt"
        return logits

    def step(self, token: int) -> Tensor:
        """Go on by one token."""
        return self._run([token])

    @torch.no_grad()
    def _run(self, tokens: Sequence[int]) -> Tensor:
        ids = torch.tensor([list(tokens)], device=next(self._model.parameters()).device)
        logits: Tensor = self._model(input_ids=ids, use_cache=True, logits_to_keep=1, **self._named_cache()).logits
        return logits[0, -1].float()

    def _named_cache(self) -> dict[str, Any]:
        """transformers 5.2x calls it past_key_values, later ones cache."""
        import inspect

        parameters = inspect.signature(type(self._model).forward).parameters
        return {"cache" if "cache" in parameters else "past_key_values": self._cache}


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Abandoned
