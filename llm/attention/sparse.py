"""Sparse attention as a whole: choose, attend, sample the recall, and attend to everything where it was too low."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from docqa.llm.attention.base import Attended, Backend, BlockLists, Operands, query_blocks
from docqa.llm.attention.paging import select_pages, without_retrieval
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.recall import n_causal_pairs, n_pairs, sampled_recall
from docqa.llm.attention.report import AttentionReport
from docqa.llm.attention.scoring import KeyCopy
from docqa.llm.attention.selection import ESTIMATES, select_blocks, streaming_lists


@dataclass(slots=True)
class DecodingState:
    """What decoding remembers from step to step, by layer; one for each sequence that is being written."""

    n_steps: int = 0
    scores: dict[int, Tensor] = field(default_factory=dict)
    dense_layers: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class SparseAttention:
    """A policy on a backend. Every method also reports what it did."""

    policy: Policy
    backend: Backend

    def dense(self, operands: Operands) -> tuple[Attended, AttentionReport]:
        """Attention to all keys."""
        n = n_causal_pairs(operands)
        return self.backend.attend(operands), AttentionReport(n, n)

    def prefill(self, operands: Operands, layer: int) -> tuple[Attended, AttentionReport]:
        """Attention of many queries, of which the first stands at the beginning of a block."""
        policy = self.policy
        if operands.end <= policy.blocks.n_blocks * policy.block and not policy.streaming:
            return self.dense(operands)
        lists = self._prefill_lists(operands, layer)
        attended = self.backend.attend(operands, lists)
        recall = sampled_recall(operands, attended, policy.block)
        causal = n_causal_pairs(operands)
        poor = (recall < policy.min_recall).nonzero().tolist()
        attended = self._again(operands, attended, poor) if poor else attended
        n_attended = n_pairs(lists, operands) + self._n_again(operands, poor)
        return attended, AttentionReport(
            min(n_attended, causal), causal, float(recall.min()), recall.numel(), len(poor)
        )

    def decode(
        self, operands: Operands, copy: Callable[[], KeyCopy], layer: int, state: DecodingState
    ) -> tuple[Attended, AttentionReport]:
        """Attention of one query, the last. `copy` gives the copy of the keys, up to date, where it is needed."""
        if layer in state.dense_layers or operands.end <= self.policy.pages.n_tokens:
            return self.dense(operands)
        lists = self._decode_lists(operands, copy, layer, state)
        attended = self.backend.attend(operands, lists)
        causal = n_causal_pairs(operands)
        n_attended = min(n_pairs(lists, operands), causal)
        if state.n_steps % self.policy.check_every:
            return attended, AttentionReport(n_attended, causal)
        full = self.backend.attend(operands)
        share = torch.unflatten(torch.exp(attended.lse - full.lse).clamp(max=1.0), 0, (operands.k.shape[0], -1)).mean(
            (1, 2)
        )
        recall = float(share.min())
        if recall >= self.policy.min_recall:
            return attended, AttentionReport(n_attended, causal, recall, 1)
        state.dense_layers.add(layer)
        return full, AttentionReport(causal, causal, recall, 1, 1)

    def _prefill_lists(self, operands: Operands, layer: int) -> BlockLists:
        policy = self.policy
        shares = ESTIMATES[policy.estimate](operands, policy.block)
        lists = select_blocks(shares, operands, policy.block, policy.blocks)
        streaming = self._streaming(layer, operands)
        return lists if streaming is None else streaming_lists(lists, streaming, policy.blocks, operands.start)

    def _decode_lists(
        self, operands: Operands, copy: Callable[[], KeyCopy], layer: int, state: DecodingState
    ) -> BlockLists:
        policy = self.policy
        scoring = policy.scoring_layers
        anchor = layer if scoring is None else max(n for n in scoring if n <= layer)
        if anchor not in state.scores or (anchor == layer and state.n_steps % policy.reselect_every == 0):
            state.scores[anchor] = copy().page_scores(operands.q[:, 0], operands.scale)
        scores = state.scores[anchor]
        kv_heads = operands.k.shape[0]
        lists = select_pages(scores, kv_heads, operands.end, policy.pages)
        streaming = self._streaming(layer, operands)
        if streaming is None:
            return lists
        return without_retrieval(lists, streaming, operands.end, policy.pages, scores.shape[1])

    def _streaming(self, layer: int, operands: Operands) -> Tensor | None:
        kv_heads = operands.k.shape[0]
        which = [(layer, kv_head) in self.policy.streaming for kv_head in range(kv_heads)]
        return torch.tensor(which, device=operands.q.device) if any(which) else None

    def _again(self, o: Operands, attended: Attended, poor: list[list[int]]) -> Attended:
        """The result with attention to all keys for the given (KV head, query block) pairs."""
        out, lse = attended.out.clone(), attended.lse.clone()
        for kv_head, part in self._poor_parts(o, poor):
            group = slice(kv_head * o.group, (kv_head + 1) * o.group)
            rows = slice(part.start - o.start, part.start - o.start + part.q.shape[1])
            full = self.backend.attend(part)
            out[rows, group], lse[group, rows] = full.out, full.lse
        return Attended(out, lse)

    def _poor_parts(self, o: Operands, poor: list[list[int]]) -> list[tuple[int, Operands]]:
        blocks = query_blocks(o.start, o.end, self.policy.block)
        parts = []
        for kv_head, block in poor:
            start, end = blocks[block]
            group = slice(kv_head * o.group, (kv_head + 1) * o.group)
            q = o.q[group, start - o.start : end - o.start]
            k, v = (x[kv_head : kv_head + 1, :end] for x in (o.k, o.v))
            parts.append((kv_head, Operands(q, k, v, start, o.scale)))
        return parts

    def _n_again(self, o: Operands, poor: list[list[int]]) -> int:
        return sum(n_causal_pairs(part) for _, part in self._poor_parts(o, poor))
