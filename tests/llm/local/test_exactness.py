"""Our attention in transformers' layers gives what its own eager attention gives, however a text is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from docqa.llm.attention.backends import best_backend
from docqa.llm.attention.paging import PageBudget
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.attention.sparse import SparseAttention
from docqa.llm.attention.torch_backend import TorchBackend
from docqa.llm.cache.layers import Geometry, KVCache
from docqa.llm.local import attention_function
from docqa.llm.local.attention_function import NotOneText, Reading
from docqa.llm.local.sequence import PagedSequence, ReadingPlan, StockSequence

from .models import FAMILIES, config_of, random_model, tokens

N = 600
PLAN = ReadingPlan(block=64, chunk=256, n_dense=64)
EVERYTHING = Policy(block=64, blocks=BlockBudget(n_blocks=16), pages=PageBudget(n_tokens=1024))
LITTLE = Policy(
    block=64,
    blocks=BlockBudget(n_blocks=4),
    pages=PageBudget(n_tokens=128, n_local=64),
    min_recall=0.0,
    check_every=999,
)


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    attention_function.register()


def ours(config: Any, policy: Policy, *, sparse: bool, plan: ReadingPlan = PLAN, backend: Any = None) -> PagedSequence:
    from docqa.llm.attention.scoring import Int4Keys

    geometry = Geometry(config.num_hidden_layers, config.num_key_value_heads, config.head_dim, torch.float32)
    model = random_model(config, implementation=attention_function.NAME)
    attention = SparseAttention(policy, backend or best_backend())
    return PagedSequence(model, KVCache.empty(geometry, 64, Int4Keys), attention, plan, sparse=sparse)


def eager(config: Any, ids: list[int]) -> Tensor:
    with torch.no_grad():
        return random_model(config)(input_ids=torch.tensor([ids])).logits[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("backend", [TorchBackend(), best_backend()], ids=["torch", "best"])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "budget-for-everything"])
@pytest.mark.parametrize("family", FAMILIES)
def test_reading_and_writing_give_the_logits_of_eager_attention(family: str, sparse: bool, backend: Any) -> None:
    config, ids = config_of(family), tokens(N)
    meant = eager(config, ids)
    sequence = ours(config, EVERYTHING, sparse=sparse, backend=backend)
    assert (sequence.read(ids[:-3]) - meant[-4]).abs().max() < 1e-4
    for at in (-3, -2, -1):
        assert (sequence.step(ids[at]) - meant[at]).abs().max() < 1e-4
    assert sequence.report.density == 1.0


@pytest.mark.parametrize("rope", ["linear", "llama3", "yarn"])
def test_scaled_rotary_positions_are_kept(rope: str) -> None:
    parameters = {"rope_type": rope, "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 2048}
    if rope == "llama3":
        parameters |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    config, ids = config_of("llama", rope_parameters=parameters), tokens(200)
    assert (ours(config, EVERYTHING, sparse=False).read(ids) - eager(config, ids)[-1]).abs().max() < 1e-4


@pytest.mark.parametrize("policy", [EVERYTHING, LITTLE], ids=["everything", "little"])
@pytest.mark.parametrize("chunk", [64, 128, 1024])
def test_the_size_of_chunks_changes_nothing(policy: Policy, chunk: int) -> None:
    config, ids = config_of("qwen2"), tokens(N)
    meant = ours(config, policy, sparse=True).read(ids)
    assert (ours(config, policy, sparse=True, plan=replace(PLAN, chunk=chunk)).read(ids) - meant).abs().max() < 1e-4


def test_a_small_budget_reads_less_and_says_so() -> None:
    config, ids = config_of("qwen2"), tokens(1500)
    sequence = ours(config, LITTLE, sparse=True)
    found, meant = sequence.read(ids), eager(config, ids)[-1]
    assert 0.05 < sequence.report.density < 0.6
    assert 0.0 < sequence.report.recall < 1.0
    assert sequence.report.n_sampled > 0
    assert (found - meant).abs().max() > 1e-4


def test_a_threshold_on_recall_makes_a_small_budget_right() -> None:
    config, ids = config_of("qwen2"), tokens(1500)
    sequence = ours(config, replace(LITTLE, min_recall=1.1), sparse=True)
    assert (sequence.read(ids) - eager(config, ids)[-1]).abs().max() < 1e-4
    assert sequence.report.n_dense > 0
    assert (sequence.step(7) - eager(config, [*ids, 7])[-1]).abs().max() < 1e-4


def test_a_prompt_that_begins_like_the_last_one_is_read_from_where_it_differs() -> None:
    config, ids = config_of("qwen2"), tokens(N)
    sequence = ours(config, LITTLE, sparse=True)
    sequence.read(ids)
    for token in (9, 8, 7):
        sequence.step(token)
    other = [*ids[:500], *tokens(90, seed=5)]
    assert sequence.n_reusable(other) == 448
    assert sequence.n_reusable(tokens(N, seed=3)) == 0
    cold = ours(config, LITTLE, sparse=True)
    assert torch.equal(sequence.read(other), cold.read(other))
    assert torch.equal(sequence.step(11), cold.step(11))
    assert sequence.report.causal < cold.report.causal


def test_no_more_is_used_again_than_a_cold_reading_would_keep() -> None:
    config, ids = config_of("qwen2"), tokens(N)
    sequence = ours(config, LITTLE, sparse=True)
    sequence.read(ids)
    assert sequence.n_reusable(ids[:300]) == (300 - 64) // 64 * 64
    sequence.read(ids[:300])
    assert sequence.n_reusable(ids) == 192


def reading(config: Any) -> Reading:
    geometry = Geometry(config.num_hidden_layers, config.num_key_value_heads, config.head_dim, torch.float32)
    return Reading(KVCache.empty(geometry, 64), SparseAttention(EVERYTHING, best_backend()))


def test_padding_is_refused() -> None:
    config = config_of("qwen2")
    model, ids = random_model(config, implementation=attention_function.NAME), torch.tensor([tokens(8)])
    mask = torch.ones_like(ids)
    mask[0, :3] = 0
    with pytest.raises(NotOneText, match="padding"):
        model(input_ids=ids, attention_mask=mask, use_cache=False, reading=reading(config))


def test_a_mask_without_padding_changes_nothing() -> None:
    config, ids = config_of("qwen2"), tokens(40)
    model = random_model(config, implementation=attention_function.NAME)
    with torch.no_grad():
        found = model(
            input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, 40), use_cache=False, reading=reading(config)
        )
    assert (found.logits[0] - eager(config, ids)).abs().max() < 1e-4


def test_a_batch_is_refused() -> None:
    config = config_of("qwen2")
    model = random_model(config, implementation=attention_function.NAME)
    with pytest.raises(NotOneText, match="one text"):
        model(input_ids=torch.tensor([tokens(8), tokens(8)]), use_cache=False, reading=reading(config))


def test_packed_positions_are_refused() -> None:
    config = config_of("qwen2")
    model, ids = random_model(config, implementation=attention_function.NAME), torch.tensor([tokens(8)])
    gap = torch.tensor([[0, 1, 2, 3, 100, 101, 102, 103]])
    with pytest.raises(NotOneText, match="positions"):
        model(input_ids=ids, position_ids=gap, use_cache=False, reading=reading(config))


def test_attention_weights_are_refused() -> None:
    config = config_of("qwen2")
    model, ids = random_model(config, implementation=attention_function.NAME), torch.tensor([tokens(8)])
    with pytest.raises((NotOneText, ValueError)):
        model(input_ids=ids, output_attentions=True, use_cache=False, reading=reading(config))


def test_training_with_dropout_is_refused() -> None:
    config = config_of("qwen2", attention_dropout=0.1)
    model = random_model(config, implementation=attention_function.NAME).train()
    with pytest.raises(NotOneText, match="dropout"):
        model(input_ids=torch.tensor([tokens(8)]), use_cache=False, reading=reading(config))


def test_a_cache_of_transformers_is_refused() -> None:
    config = config_of("qwen2")
    model = random_model(config, implementation=attention_function.NAME)
    with pytest.raises(NotOneText, match="cache"):
        model(input_ids=torch.tensor([tokens(8)]), use_cache=True, reading=reading(config))


def test_without_a_reading_the_attention_refuses_to_run() -> None:
    model = random_model(config_of("qwen2"), implementation=attention_function.NAME)
    with pytest.raises(NotOneText, match="reading"):
        model(input_ids=torch.tensor([tokens(8)]), use_cache=False)


def test_a_model_on_which_another_attention_was_set_is_noticed() -> None:
    sequence = ours(config_of("qwen2"), EVERYTHING, sparse=False)
    sequence._model.set_attn_implementation("sdpa")
    with pytest.raises(NotOneText, match="did not call our attention"):
        sequence.read(tokens(100))


@pytest.mark.parametrize(
    "config",
    [
        config_of("mistral", sliding_window=64),
        config_of("llama", rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}),
    ],
    ids=["sliding-window", "dynamic-rope"],
)
def test_what_is_not_for_our_attention_gives_the_logits_of_transformers(config: Any) -> None:
    ids = tokens(300)
    sequence = StockSequence(random_model(config, implementation="sdpa"), config, chunk=100)
    meant = eager(config, ids)
    assert (sequence.read(ids[:-1]) - meant[-2]).abs().max() < 1e-4
    assert (sequence.step(ids[-1]) - meant[-1]).abs().max() < 1e-4
