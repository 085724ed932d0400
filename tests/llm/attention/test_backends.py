"""Every backend gives what the reference gives, for prefill and decode, dense and listed, aligned or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from docqa.llm.attention import native
from docqa.llm.attention.backends import BACKENDS, best_backend
from docqa.llm.attention.base import BlockLists, Operands, merged
from docqa.llm.attention.masks import MASKS, lists_from, lists_where, named_mask
from docqa.llm.attention.native import NativeBackend, native_backend
from docqa.llm.attention.reference import ReferenceBackend, masked_attention, seen_by
from docqa.llm.attention.torch_backend import TorchBackend

from .operands import DEVICES, Shape, error, random_operands

SHAPES = {
    "qwen": Shape(14, 2, 64, 300),
    "chunk": Shape(8, 8, 32, 77, start=400),
    "decode": Shape(4, 1, 128, 1, start=511),
    "odd-head": Shape(6, 2, 80, 256, start=128),
    "bfloat16": Shape(4, 2, 64, 200, start=333, dtype=torch.bfloat16),
    "float64": Shape(4, 2, 64, 130, start=70, dtype=torch.float64),
}
SIZES = [None, (128, 128), (64, 32), (32, 64), (1, 16)]


def lists_of(operands: Operands, sizes: tuple[int, int] | None) -> BlockLists | None:
    return sizes and lists_from(named_mask("streaming", n_sink=20, n_local=60), operands, *sizes)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", [name for name in BACKENDS if name != "reference"])
@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")  # on a CPU, its plain twin
@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # PyTorch's own, when it compiles
def test_a_backend_gives_what_the_reference_gives(
    name: str, shape: Shape, sizes: tuple[int, int] | None, device: str
) -> None:
    operands = random_operands(shape, device)
    lists = lists_of(operands, sizes)
    found = BACKENDS[name]().attend(operands, lists)
    meant = ReferenceBackend().attend(operands, lists)
    assert found.out.dtype == shape.dtype
    assert error(found, meant) <= (0.02 if shape.dtype == torch.bfloat16 else 1e-5)


@pytest.mark.parametrize("shape", [SHAPES["qwen"], SHAPES["decode"]], ids=["prefill", "decode"])
def test_the_reference_gives_what_pytorch_gives(shape: Shape) -> None:
    o = random_operands(shape)
    seen = torch.arange(o.k.shape[1]) <= torch.arange(o.start, o.end)[:, None]
    meant = torch.nn.functional.scaled_dot_product_attention(
        o.q[None].double(), o.k[None].double(), o.v[None].double(), attn_mask=seen, enable_gqa=True
    )
    found = ReferenceBackend().attend(o)
    assert torch.allclose(found.out.double(), meant[0].transpose(0, 1), atol=1e-6)


@pytest.mark.parametrize("backend", [TorchBackend(), best_backend()], ids=lambda backend: backend.name)
def test_a_query_whose_list_holds_nothing_that_it_may_see_gives_zeros(backend: TorchBackend) -> None:
    operands = random_operands(Shape(2, 1, 32, 64, start=64))
    late = BlockLists(torch.tensor([[[3]]], dtype=torch.int32), torch.ones(1, 1, dtype=torch.int32), 128, 32)
    found = backend.attend(operands, late)
    assert error(found, ReferenceBackend().attend(operands, late)) < 1e-5
    assert torch.equal(found.out[:32], torch.zeros(32, 2, 32))
    assert torch.isinf(found.lse[:, :32]).all()


def test_keys_behind_the_last_query_are_not_looked_at() -> None:
    operands = random_operands(Shape(2, 1, 32, 50, start=100))
    meant = ReferenceBackend().attend(operands)
    operands.k[:, operands.end :] = torch.nan
    operands.v[:, operands.end :] = torch.nan
    for backend in (TorchBackend(), best_backend()):
        assert error(backend.attend(operands), meant) < 1e-5
        assert error(backend.attend(operands, lists_of(operands, (128, 128))), meant) > 0
        assert not backend.attend(operands, lists_of(operands, (128, 128))).out.isnan().any()


def test_attention_over_two_sets_of_keys_is_joined_exactly() -> None:
    operands = random_operands(Shape(4, 2, 32, 60, start=68))
    seen = seen_by(operands, None)
    early = torch.arange(seen.shape[-1]) < 37
    halves = [masked_attention(operands, seen & part) for part in (early, ~early)]
    assert error(merged(*halves), masked_attention(operands, seen)) < 1e-5


@pytest.mark.parametrize("n_threads", [1, 3])
def test_few_queries_are_shared_among_threads_without_changing_the_result(n_threads: int) -> None:
    operands = random_operands(Shape(7, 1, 64, 5, start=3000))
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        assert error(best_backend().attend(operands), ReferenceBackend().attend(operands)) < 1e-5
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", MASKS)
def test_the_lists_of_a_mask_let_through_no_less_than_the_mask(name: str) -> None:
    operands = random_operands(Shape(2, 2, 32, 200, start=100))
    query = torch.arange(100, 300)[:, None]
    meant = MASKS[name](query, torch.arange(operands.k.shape[1]))
    assert not (meant & ~seen_by(operands, lists_from(MASKS[name], operands, 64, 32))).any()
    assert torch.equal(meant, seen_by(operands, lists_from(MASKS[name], operands, 1, 1))[0])


def test_the_kernels_are_compiled_wherever_there_is_a_compiler(tmp_path: Path) -> None:
    if any(map(shutil.which, native._COMPILERS)):
        assert isinstance(native_backend(tmp_path), NativeBackend)
        assert [path.suffix for path in tmp_path.iterdir()] == [".so"]


def test_without_a_compiler_pytorch_is_used_and_the_reason_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert native_backend(tmp_path / "native") is None
    assert "there is no C++ compiler" in caplog.text


def test_kernels_that_compute_wrongly_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = native.SOURCE.read_text(encoding="utf-8")
    broken = tmp_path / "native.cpp"
    broken.write_text(
        source.replace("x - __builtin_convertvector(n, vf)", "x - x"), encoding="utf-8"
    )  # what -ffast-math once made of it
    assert broken.read_text(encoding="utf-8") != source
    monkeypatch.setattr(native, "SOURCE", broken)
    if any(map(shutil.which, native._COMPILERS)):
        assert native_backend(tmp_path / "native") is None
        assert "the C++ kernels are off by" in caplog.text


def test_lists_hold_the_chosen_blocks_in_order() -> None:
    chosen = torch.tensor([[[1, 0, 1, 1], [0, 0, 0, 1]]], dtype=torch.bool)
    lists = lists_where(chosen, 128, 128)
    assert lists.counts.tolist() == [[3, 1]]
    assert lists.indices[0, 0].tolist() == [0, 2, 3]
    assert lists.indices[0, 1, 0] == 3
