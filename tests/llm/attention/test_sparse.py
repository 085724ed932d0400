"""Sparse attention as a whole is never silently wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from docqa.llm.attention import selection
from docqa.llm.attention.backends import best_backend
from docqa.llm.attention.base import Attended, BlockLists, Operands
from docqa.llm.attention.paging import PageBudget
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.recall import sampled_recall
from docqa.llm.attention.reference import ReferenceBackend
from docqa.llm.attention.report import AttentionReport
from docqa.llm.attention.scoring import Int4Keys, KeyCopy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.attention.sparse import DecodingState, SparseAttention

from .operands import Shape, error, pointed_operands, random_operands

SMALL = Policy(block=64, blocks=BlockBudget(n_blocks=5), pages=PageBudget(n_tokens=256))


def worst(operands: Operands, block: int) -> Tensor:
    """An estimate that prefers what matters least."""
    return 1 - selection.by_antidiagonals(operands, block)


class BlindCopy(Int4Keys):
    """A copy that prefers the pages that matter least."""

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        return -super().page_scores(q, scale)


def sparse(**changes: object) -> SparseAttention:
    return SparseAttention(replace(SMALL, **changes), best_backend())  # type: ignore[arg-type]


def decode(
    attention: SparseAttention, o: Operands, copy: KeyCopy | None = None, state: DecodingState | None = None
) -> tuple[Attended, AttentionReport]:
    copy = copy or Int4Keys(o.k.shape[0], 64, o.end)
    copy.extend(o.k[:, : o.end])
    made = copy
    return attention.decode(o, lambda: made, 0, state or DecodingState())


def test_a_prefill_within_the_budget_is_dense() -> None:
    operands = random_operands(Shape(4, 2, 64, 320))
    found, report = sparse().prefill(operands, 0)
    assert error(found, ReferenceBackend().attend(operands)) < 1e-5
    assert report == AttentionReport(4 * 320 * 321 // 2, 4 * 320 * 321 // 2)
    assert report.density == 1.0


def test_what_matters_is_read_and_the_rest_is_not() -> None:
    operands = pointed_operands(4096, 1024, [700, 2000])
    found, report = sparse().prefill(operands, 0)
    assert error(found, ReferenceBackend().attend(operands)) < 0.01
    assert report.recall > 0.99
    assert report.density < 0.12
    assert report.n_dense == 0
    assert report.n_sampled == 2 * 16


def test_a_bad_estimate_is_caught_and_everything_is_read_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(selection.ESTIMATES, "worst", worst)
    operands = pointed_operands(4096, 1024, [700, 2000])
    found, report = sparse(estimate="worst").prefill(operands, 0)
    assert report.n_dense == 2 * 16
    assert report.recall < 0.1
    assert error(found, ReferenceBackend().attend(operands)) < 1e-4
    unguarded, report = sparse(estimate="worst", min_recall=0.0).prefill(operands, 0)
    assert report.n_dense == 0
    assert error(unguarded, ReferenceBackend().attend(operands)) > 0.1


def test_decoding_reads_what_matters() -> None:
    operands = pointed_operands(4096, 1, [100, 1234, 3000])
    state = DecodingState(n_steps=1)
    found, report = decode(sparse(), operands, state=state)
    assert error(found, ReferenceBackend().attend(operands)) < 0.01
    assert report.density <= 256 / 4096
    assert report.n_sampled == 0


def test_bad_page_scores_are_caught_at_the_first_step_and_the_layer_stays_dense() -> None:
    operands = pointed_operands(4096, 1, [100, 1234])
    copy, state, attention = BlindCopy(2, 64, 4096), DecodingState(), sparse()
    found, report = decode(attention, operands, copy, state)
    meant = ReferenceBackend().attend(operands)
    assert (report.n_dense, report.n_sampled, report.density) == (1, 1, 1.0)
    assert error(found, meant) < 1e-5
    state.n_steps = 1
    assert error(decode(attention, operands, copy, state)[0], meant) < 1e-5
    unguarded, _ = decode(attention, operands, copy, DecodingState(n_steps=1))
    assert error(unguarded, meant) > 0.1


def test_a_choice_is_kept_for_some_steps_and_shared_by_the_layers_above() -> None:
    operands = pointed_operands(4096, 1, [1234])
    good, bad, state = Int4Keys(2, 64, 4096), BlindCopy(2, 64, 4096), DecodingState(n_steps=1)
    for copy in (good, bad):
        copy.extend(operands.k)
    attention = sparse(reselect_every=4, scoring_layers=frozenset({0, 2}))
    meant = ReferenceBackend().attend(operands)
    assert error(attention.decode(operands, lambda: good, 0, state)[0], meant) < 0.01
    assert error(attention.decode(operands, lambda: bad, 1, state)[0], meant) < 0.01  # the choice of layer 0
    assert error(attention.decode(operands, lambda: bad, 2, state)[0], meant) > 0.1
    state.n_steps = 3
    assert error(attention.decode(operands, lambda: bad, 0, state)[0], meant) < 0.01  # still that of step 1
    state.n_steps = 4
    attention = SparseAttention(replace(attention.policy, check_every=5), attention.backend)
    assert error(attention.decode(operands, lambda: bad, 0, state)[0], meant) > 0.1


def test_streaming_heads_do_not_retrieve() -> None:
    attention = sparse(streaming=frozenset({(0, 1)}), min_recall=0.0)
    operands = pointed_operands(4096, 64, [1234])
    found, _ = attention.prefill(operands, 0)
    meant = ReferenceBackend().attend(operands)
    assert (found.out - meant.out)[:, :2].abs().max() < 0.01
    assert (found.out - meant.out)[:, 2:].abs().max() > 0.1
    one = pointed_operands(4096, 1, [1234])
    found, _ = decode(attention, one, state=DecodingState(n_steps=1))
    meant = ReferenceBackend().attend(one)
    assert (found.out - meant.out)[:, :2].abs().max() < 0.01
    assert (found.out - meant.out)[:, 2:].abs().max() > 0.1


def test_sampled_recall_is_the_share_of_mass_that_was_read() -> None:
    operands = random_operands(Shape(4, 2, 64, 256, start=256))
    half = BlockLists(torch.tensor([[[0, 2], [1, 3]]] * 2, dtype=torch.int32), torch.full((2, 2), 2), 128, 128)
    half = replace(half, counts=half.counts.int())
    backend = ReferenceBackend()
    assert torch.allclose(sampled_recall(operands, backend.attend(operands), 128), torch.ones(2, 2), atol=1e-5)
    recall = sampled_recall(operands, backend.attend(operands, half), 128)
    assert ((recall > 0.2) & (recall < 0.9)).all()


def test_reports_add_up() -> None:
    both = AttentionReport(10, 100, 0.9, 3, 0) + AttentionReport(50, 100, 0.7, 2, 1)
    assert both == AttentionReport(60, 200, 0.7, 5, 1)
    assert both.density == 0.3
    assert AttentionReport().density == 1.0
