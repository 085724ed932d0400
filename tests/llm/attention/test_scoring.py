"""The small copies of the keys, and the pages that they choose."""

from __future__ import annotations

import os

import pytest
import torch
from torch import Tensor

from docqa.llm.attention.native import native_backend
from docqa.llm.attention.paging import PageBudget, select_pages, without_retrieval
from docqa.llm.attention.scoring import KEY_COPIES, PAGE, Int4Keys, KeyCopy

from .operands import pointed_operands


def keys(n: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    bias = 30 * torch.randn(2, 1, 64, generator=generator)  # as the keys of Qwen2 have it
    return torch.randn(2, n, 64, generator=generator) + bias


def exact_page_scores(q: Tensor, k: Tensor, scale: float) -> Tensor:
    products = (q.reshape(2, -1, 64) @ k.transpose(1, 2)).flatten(0, 1) * scale
    return torch.logsumexp(products.reshape(len(q), -1, PAGE), dim=-1)


def query(n_heads: int = 6) -> Tensor:
    return torch.randn(n_heads, 64, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("n_heads", [2, 6, 8, 14])
def test_the_kernel_scores_pages_as_pytorch_does(n_heads: int) -> None:
    k, native = keys(1000), native_backend()
    if native is None:
        assert not os.environ.get("CI"), "the C++ kernels were not built"
        pytest.skip("there is no C++ compiler on this machine")
    found, meant = Int4Keys(2, 64, 1000, native), Int4Keys(2, 64, 1000)
    for copy in (found, meant):
        copy.extend(k)
    q = query(n_heads)
    off = (found.page_scores(q, 0.125) - meant.page_scores(q, 0.125)).abs()
    assert off.max() < 0.1  # queries are rounded to eight bits where the processor multiplies those
    assert off.mean() < 0.02


def test_four_bits_stay_close_to_the_exact_scores_also_with_large_biases() -> None:
    k, q = keys(640), query()
    copy = Int4Keys(2, 64, 640)
    copy.extend(k)
    products = (q.reshape(2, -1, 64) @ k.transpose(1, 2)).flatten(0, 1)
    off = copy.token_scores(q) - products
    assert off.abs().mean() < 0.15 * (products - products.mean(-1, keepdim=True)).abs().mean()


def test_four_bits_take_a_fifth_of_the_memory_of_the_keys() -> None:
    assert Int4Keys(2, 64, 6400).n_bytes / (2 * 64 * 6400 * 4) < 0.2


@pytest.mark.parametrize("name", KEY_COPIES)
def test_a_copy_that_grew_step_by_step_is_the_copy_made_at_once(name: str) -> None:
    k, q = keys(900), query()
    at_once, grown = (KEY_COPIES[name](2, 64, room, None) for room in (900, 64))
    if name == "principal":  # their axes are those of the keys that came first
        at_once.extend(k[:, :300])
    at_once.extend(k)
    for end in (300, 301, 400, 900):
        grown.extend(k[:, :end])
    assert grown.n_tokens == at_once.n_tokens == 896
    assert torch.allclose(grown.page_scores(q, 0.1), at_once.page_scores(q, 0.1), atol=1e-4)


@pytest.mark.parametrize("name", KEY_COPIES)
def test_a_copy_that_was_cropped_takes_in_other_keys(name: str) -> None:
    first, second, q = keys(512), keys(512, seed=1), query()
    copy = KEY_COPIES[name](2, 64, 512, None)
    copy.extend(first)
    before = copy.page_scores(q, 0.1)
    copy.crop(200)
    assert copy.n_tokens == 192
    copy.extend(torch.cat((first[:, :200], second[:, 200:]), 1))
    after = copy.page_scores(q, 0.1)
    assert torch.equal(before[:, :12], after[:, :12])
    assert not torch.allclose(before[:, 16:], after[:, 16:])


def reads(copy: KeyCopy, needles: list[int], budget: PageBudget) -> bool:
    operands = pointed_operands(4096, 1, needles)
    copy.extend(operands.k)
    lists = select_pages(copy.page_scores(operands.q[:, 0], operands.scale), 2, 4096, budget)
    read = [set(lists.indices[head, 0, : lists.counts[head, 0]].tolist()) for head in range(2)]
    return all({needle // PAGE for needle in needles} <= pages for pages in read)


@pytest.mark.parametrize("name", ["int4", "principal"])
def test_the_pages_with_the_needles_are_read(name: str) -> None:
    assert reads(KEY_COPIES[name](2, 64, 4096, None), [100, 1234, 3000], PageBudget(n_tokens=256))


def test_first_last_and_unscored_pages_are_always_read() -> None:
    scores = torch.zeros(4, 60)  # of 64 pages; the last four have none yet
    scores[:, 30] = 9.0
    lists = select_pages(scores, 2, 1020, PageBudget(n_tokens=256, n_sink=32, n_local=64))
    assert lists.counts.tolist() == [[16], [16]]
    chosen = lists.indices[0, 0].tolist()
    assert {0, 1, 30, 59, 60, 61, 62, 63} <= set(chosen)
    assert len(set(chosen)) == 16


def test_top_p_reads_fewer_pages_where_few_hold_the_mass() -> None:
    scores = torch.zeros(4, 60)
    scores[:2, 30] = 20.0
    lists = select_pages(scores, 2, 960, PageBudget(n_tokens=512, top_p=0.9, n_sink=16, n_local=64))
    assert lists.counts[0].item() == 4 + 2
    assert lists.counts[1].item() == 32


def test_a_streaming_head_reads_first_and_last_pages_alone() -> None:
    budget = PageBudget(n_tokens=256, n_sink=32, n_local=64)
    scores = torch.zeros(4, 64)
    lists = without_retrieval(select_pages(scores, 2, 1024, budget), torch.tensor([False, True]), 1024, budget, 64)
    assert lists.counts.tolist() == [[16], [6]]
    assert set(lists.indices[1, 0, :6].tolist()) == {0, 1, 60, 61, 62, 63}
