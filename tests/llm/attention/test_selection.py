"""Which blocks a prefill reads."""

from __future__ import annotations

import pytest
import torch

from docqa.llm.attention.base import Operands
from docqa.llm.attention.masks import listed
from docqa.llm.attention.reference import masked_attention, seen_by
from docqa.llm.attention.selection import (
    ESTIMATES,
    BlockBudget,
    by_antidiagonals,
    by_means,
    select_blocks,
    streaming_lists,
)

from .operands import Shape, pointed_operands, random_operands

BUDGET = BlockBudget(n_blocks=5)


def part(o: Operands, start: int, end: int) -> Operands:
    return Operands(o.q[:, start - o.start : end - o.start], o.k, o.v, start, o.scale)


@pytest.mark.parametrize("estimate", ESTIMATES.values(), ids=ESTIMATES)
def test_shares_are_causal_and_sum_to_one(estimate: object) -> None:
    operands = random_operands(Shape(4, 2, 32, 200, start=128))
    shares = ESTIMATES["means"](operands, 64) if estimate is by_means else by_antidiagonals(operands, 64)
    assert shares.shape == (4, 4, 6)
    assert torch.allclose(shares.sum(-1), torch.ones(4, 4), atol=1e-5)
    later = torch.arange(6) > torch.arange(2, 6)[:, None]
    assert not shares[:, later].any()


def test_antidiagonal_scores_are_sums_along_antidiagonals() -> None:
    operands = random_operands(Shape(1, 1, 32, 32))
    products = (operands.q[0] @ operands.k[0, :32].T) * operands.scale
    sums = torch.zeros(8, 8)
    for i in range(8):
        for j in range(8):
            square = products[4 * i : 4 * i + 4, 4 * j : 4 * j + 4]
            sums[i, j] = square.flip(1).diagonal().sum() / 4
    rows = torch.softmax(sums.masked_fill(torch.ones(8, 8).triu(1).bool(), -torch.inf), -1)
    meant = rows.reshape(2, 4, 2, 4).sum((1, 3)) / 4
    assert torch.allclose(by_antidiagonals(operands, 16, stride=4)[0], meant, atol=1e-5)


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_blocks_with_the_needles_are_selected(name: str) -> None:
    operands = pointed_operands(4096, 256, [700, 701, 2000])
    lists = select_blocks(ESTIMATES[name](operands, 128), operands, 128, BUDGET)
    for kv_head in range(2):
        for block in range(2):
            assert {5, 15} <= set(lists.indices[kv_head, block, : lists.counts[kv_head, block]].tolist())


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_selection_does_not_depend_on_the_size_of_chunks(name: str) -> None:
    operands = random_operands(Shape(4, 2, 32, 1100))
    whole = select_blocks(ESTIMATES[name](operands, 64), operands, 64, BUDGET)
    for size in (64, 256, 640):
        for start in range(0, 1100, size):
            chunk = part(operands, start, min(1100, start + size))
            lists = select_blocks(ESTIMATES[name](chunk, 64), chunk, 64, BUDGET)
            rows = slice(start // 64, start // 64 + lists.counts.shape[1])
            assert torch.equal(lists.counts, whole.counts[:, rows])
            seen = seen_by(operands, whole)[:, start : min(1100, start + size)]
            assert torch.equal(listed(chunk, lists), seen)


def test_first_and_last_blocks_are_always_read_and_the_budget_holds() -> None:
    operands = random_operands(Shape(4, 2, 32, 1024))
    lists = select_blocks(by_means(operands, 64), operands, 64, BUDGET)
    for block in range(16):
        chosen = lists.indices[0, block, : lists.counts[0, block]].tolist()
        assert len(set(chosen)) == len(chosen) == min(5, block + 1)
        assert {0, block, max(0, block - 1)} <= set(chosen)
        assert max(chosen) == block


def test_top_p_takes_no_more_blocks_than_every_head_needs() -> None:
    operands = random_operands(Shape(4, 2, 32, 1024))
    shares = torch.full((4, 16, 16), 0.001).tril()
    shares[:, :, 3] = 0.9
    shares[1, :, 6] = 0.9  # the other head of the first group has its mass elsewhere as well
    shares = shares / shares.sum(-1, keepdim=True)
    lists = select_blocks(shares, operands, 64, BlockBudget(n_blocks=8, top_p=0.8, n_sink=1, n_local=1))
    assert lists.counts[:, 15].tolist() == [4, 3]
    assert set(lists.indices[0, 15, :4].tolist()) == {0, 15, 3, 6}
    assert set(lists.indices[1, 15, :3].tolist()) == {0, 15, 3}


def test_a_budget_for_every_block_is_dense_attention() -> None:
    operands = random_operands(Shape(4, 2, 32, 300))
    lists = select_blocks(by_means(operands, 64), operands, 64, BlockBudget(n_blocks=5))
    dense = masked_attention(operands, seen_by(operands, None))
    assert torch.equal(masked_attention(operands, seen_by(operands, lists)).out, dense.out)


def test_streaming_heads_read_first_and_last_blocks_alone() -> None:
    operands = random_operands(Shape(4, 2, 32, 1024))
    lists = select_blocks(by_means(operands, 64), operands, 64, BUDGET)
    cut = streaming_lists(lists, torch.tensor([True, False]), BUDGET, 0)
    assert set(cut.indices[0, 15, : cut.counts[0, 15]].tolist()) == {0, 14, 15}
    assert torch.equal(cut.counts[1], lists.counts[1])
