"""What a model has read and need not read again: the last text in memory, and those in the store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from docqa.llm.attention.backends import best_backend
from docqa.llm.attention.native import native_backend
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.scoring import KEY_COPIES, KeyCopy
from docqa.llm.attention.sparse import SparseAttention
from docqa.llm.cache.block_chain import block_chain, fingerprint
from docqa.llm.cache.layers import KVCache
from docqa.llm.cache.store import KVStore
from docqa.llm.local.loading import Loaded
from docqa.llm.local.sequence import PagedSequence, ReadingPlan, StockSequence

_LEAST_STORED_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Attending:
    """How a local model reads. Without a `policy` it reads densely; without `guarded` sparse attention is trusted."""

    policy: Policy | None = field(default_factory=Policy)
    plan: ReadingPlan = field(default_factory=ReadingPlan)
    guarded: bool = True

    @staticmethod
    def suited_to(device: str) -> Attending:
        """The defaults for "cpu", "cuda", …: on a GPU larger chunks, as beginning one costs more than its room."""
        return Attending(plan=ReadingPlan(chunk=16_384)) if device == "cuda" else Attending()


class Readings:
    """Gives every prompt a sequence that has as much of it as was read before, in the same way.

    A sequence belongs to one caller from `begin` to `keep`; several callers at once each have their own.
    """

    def __init__(self, loaded: Loaded, attending: Attending, store: KVStore | None) -> None:
        assert attending.policy is None or attending.policy.block == attending.plan.block, "blocks of two sizes"
        self._loaded, self._attending, self._store = loaded, attending, store
        self._swap = threading.Lock()
        self._last: PagedSequence | None = None

    def begin(self, tokens: Sequence[int], sparse: bool, n_output: int) -> tuple[PagedSequence | StockSequence, int]:
        """What to read the prompt into, and how many of its tokens are there already."""
        if self._loaded.reason:
            return StockSequence(self._loaded.model, self._loaded.config, self._attending.plan.chunk), 0
        with self._swap:
            last, self._last = self._last, None
        n_here = last.n_reusable(tokens) if last is not None and last.sparse == sparse else 0
        sequence = self._stored(tokens, sparse, n_here) or (last if n_here else None)
        if sequence is None:
            del last  # its memory is needed
            cache = KVCache.empty(self._loaded.geometry, len(tokens) + n_output, self._copy_of)
            sequence = self._sequence(cache, sparse)
        return sequence, sequence.n_reusable(tokens)

    def keep(self, sequence: PagedSequence | StockSequence, n_cached: int) -> None:
        """Have the reading ready for the next question, in memory and, if it is long and new, in the store."""
        if not isinstance(sequence, PagedSequence):
            return
        n_kept = sequence.n_kept
        if self._store is not None and n_kept >= _LEAST_STORED_TOKENS and n_kept > n_cached:
            chain = self._chain(sequence.tokens[:n_kept], sequence.sparse)
            self._store.save(sequence.cache, chain, self._attending.plan.block)
        with self._swap:
            self._last = sequence

    def _stored(self, tokens: Sequence[int], sparse: bool, n_here: int) -> PagedSequence | None:
        """A reading from the store, when it has more of the prompt than is in memory."""
        block = self._attending.plan.block
        if self._store is None:
            return None
        found = self._store.find(self._chain(tokens[: self._attending.plan.n_kept(len(tokens))], sparse))
        if found is None or found.n_blocks * block <= n_here:
            return None
        cache = self._store.load(found, self._loaded.geometry, self._copy_of)
        if cache is None:
            return None
        sequence = self._sequence(cache, sparse)
        sequence.take_over(tokens[: found.n_blocks * block])
        return sequence

    def _sequence(self, cache: KVCache, sparse: bool) -> PagedSequence:
        return PagedSequence(self._loaded.model, cache, self._attention, self._attending.plan, sparse=sparse)

    def _chain(self, tokens: Sequence[int], sparse: bool) -> tuple[str, ...]:
        """The names of a prompt's blocks, under everything else that its keys and values depend on."""
        policy, store = self._attending.policy, self._store
        start = fingerprint(
            {
                "model": self._loaded.digest,
                "dtype": str(self._loaded.geometry.dtype),
                "attention": policy.prefill_key if sparse and policy else "dense",
                "int8": store is not None and store.int8,
            }
        )
        return block_chain(start, tokens, self._attending.plan.block)

    @cached_property
    def _attention(self) -> SparseAttention:
        device = self._loaded.geometry.device
        return SparseAttention(self._attending.policy or Policy(), best_backend(device.partition(":")[0]))

    def _copy_of(self, kv_heads: int, head_dim: int, room: int) -> KeyCopy:
        native = native_backend() if self._loaded.geometry.device == "cpu" else None
        return KEY_COPIES[self._attention.policy.key_copy](kv_heads, head_dim, room, native)
