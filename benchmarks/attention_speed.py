"""Sparse against dense attention, one layer, without a model around it.

    python -m benchmarks.attention_speed prefill [--tokens 16384 32768] [--kv-heads 2] [--rounds 5] [--threads 1]
    python -m benchmarks.attention_speed decode [--tokens 32768 131072]
    python -m benchmarks.attention_speed gpu [--tokens 16384 32768] [--dtype bfloat16]

Heads of 64 numbers, seven for each KV head, random contents. The limit is the work of dense attention over that of
sparse attention (for decoding the bytes read). The ratios are of processor time with one thread, of wall time with
several: on a busy machine the former still hold. Selection is included. One KV head on one thread is the work of two
KV heads on two threads.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch.nn.functional import scaled_dot_product_attention

from benchmarks.interleaved import Seconds, measured
from docqa.llm.attention.backends import best_backend
from docqa.llm.attention.base import Attended, Backend, Operands
from docqa.llm.attention.native import native_backend
from docqa.llm.attention.paging import PageBudget, select_pages
from docqa.llm.attention.recall import n_causal_pairs, n_pairs
from docqa.llm.attention.scoring import Int4Keys, KeyCopy, PrincipalKeys
from docqa.llm.attention.selection import ESTIMATES, BlockBudget, select_blocks
from docqa.llm.attention.torch_backend import TorchBackend

GROUP, HEAD_DIM, BLOCK = 7, 64, 128
CHUNK = 2048
BLOCKS, PAGES = BlockBudget(n_blocks=16), PageBudget(n_tokens=1024)


def operands_of(n_tokens: int, n_queries: int, kv_heads: int) -> Operands:
    """Random queries at the end of random keys and values."""
    torch.manual_seed(0)
    q = torch.randn(GROUP * kv_heads, n_queries, HEAD_DIM)
    k, v = torch.randn(kv_heads, n_tokens, HEAD_DIM), torch.randn(kv_heads, n_tokens, HEAD_DIM)
    return Operands(q, k, v, n_tokens - n_queries, HEAD_DIM**-0.5)


def chunks(o: Operands, size: int = CHUNK) -> list[Operands]:
    """The prefill as it is done, in chunks."""
    starts = range(0, o.end, size)
    return [Operands(o.q[:, at : at + size], o.k, o.v, at, o.scale) for at in starts]


def prefill(backend: Backend, estimate: str, o: Operands, size: int = CHUNK) -> list[Attended]:
    """Select and attend, chunk by chunk."""
    found = []
    for part in chunks(o, size):
        lists = select_blocks(ESTIMATES[estimate](part, BLOCK), part, BLOCK, BLOCKS)
        found.append(backend.attend(part, lists))
    return found


def prefill_limit(o: Operands) -> float:
    """Pairs of dense attention over those of the lists."""
    parts = chunks(o)
    lists = (select_blocks(ESTIMATES["means"](part, BLOCK), part, BLOCK, BLOCKS) for part in parts)
    return n_causal_pairs(o) / sum(n_pairs(each, part) for each, part in zip(lists, parts, strict=True))


def decode(backend: Backend, copy: KeyCopy, o: Operands) -> Attended:
    """Score, select and attend for one token."""
    scores = copy.page_scores(o.q[:, 0], o.scale)
    return backend.attend(o, select_pages(scores, len(o.k), o.end, PAGES))


def four_steps(backend: Backend, copy: KeyCopy, o: Operands) -> None:
    """Choose once and attend four times."""
    lists = select_pages(copy.page_scores(o.q[:, 0], o.scale), len(o.k), o.end, PAGES)
    for _ in range(4):
        backend.attend(o, lists)


def as_transformers(o: Operands) -> torch.Tensor:
    """One decoding step as transformers' DynamicCache and SDPA do it: concatenate, and attend with enable_gqa."""
    k, v = (torch.cat((x[None, :, :-1], x[None, :, -1:]), dim=2) for x in (o.k, o.v))
    return scaled_dot_product_attention(o.q[None], k, v, enable_gqa=True)


def packed(o: Operands) -> torch.Tensor:
    """One decoding step with the heads of a group as rows of one head, over a cache that is there."""
    return scaled_dot_product_attention(o.q.reshape(1, len(o.k), GROUP, HEAD_DIM), o.k[None], o.v[None])


def show(title: str, seconds: dict[str, Seconds], baselines: tuple[str, ...], threads: int) -> None:
    """A line for each way, with how many times faster it is than each baseline."""
    print(title)
    for name, taken in seconds.items():
        own = taken.processor if threads == 1 else taken.wall
        bases = [seconds[base].processor if threads == 1 else seconds[base].wall for base in baselines]
        ratios = "  ".join(f"{base / own:6.2f}x {name}" for base, name in zip(bases, baselines, strict=True))
        print(f"  {name:32} {1000 * own:10.2f} ms  {ratios}", flush=True)


def run_prefill(n_tokens: int, options: argparse.Namespace) -> None:
    """Dense SDPA against both backends and both estimates."""
    o = operands_of(n_tokens, n_tokens, options.kv_heads)
    native = native_backend()
    ways: dict[str, Callable[[], object]] = {
        "SDPA, dense": partial(
            scaled_dot_product_attention, o.q[None], o.k[None], o.v[None], is_causal=True, enable_gqa=True
        )
    }
    for name, backend in (("C++", native), ("PyTorch", TorchBackend())):
        if backend is not None:
            ways |= {f"{name}, {estimate}": partial(prefill, backend, estimate, o) for estimate in ESTIMATES}
    seconds = measured(ways, options.rounds)
    shape = f"{GROUP * options.kv_heads}/{options.kv_heads}/{HEAD_DIM}"
    title = f"prefill {n_tokens} tokens, {shape}, budget {BLOCKS.n_blocks * BLOCK}, limit {prefill_limit(o):.2f}x"
    show(title, seconds, ("SDPA, dense",), options.threads)


def run_gpu(n_tokens: int, options: argparse.Namespace) -> None:
    """The prefill on a GPU: PyTorch's dense attention against FlexAttention on the chosen blocks, interleaved."""
    made, dtype = operands_of(n_tokens, n_tokens, options.kv_heads), getattr(torch, options.dtype)
    q, k, v = (x.to("cuda", dtype) for x in (made.q, made.k, made.v))
    o, backend = Operands(q, k, v, 0, made.scale), best_backend("cuda")
    lists = select_blocks(ESTIMATES["means"](o, BLOCK), o, BLOCK, BLOCKS)
    ways: dict[str, Callable[[], object]] = {
        "SDPA, dense": partial(
            scaled_dot_product_attention, q[None], k[None], v[None], is_causal=True, enable_gqa=True
        ),
        "dense, with log-sum-exp": partial(backend.attend, o),
        "blocks chosen before": partial(backend.attend, o, lists),
    }
    for estimate in ESTIMATES:
        for size in (CHUNK, n_tokens):
            ways[f"{estimate}, chunks of {size}"] = partial(prefill, backend, estimate, o, size)
    for way in ways.values():  # compiles
        way()
    seconds = measured({name: partial(_finished, way) for name, way in ways.items()}, options.rounds)
    title = f"prefill {n_tokens} tokens on {torch.cuda.get_device_name()}, {options.dtype}"
    show(f"{title}, limit {prefill_limit(made):.2f}x", seconds, ("SDPA, dense",), threads=0)


def _finished(way: Callable[[], object]) -> None:
    """Do it and wait for the GPU."""
    way()
    torch.cuda.synchronize()


def run_decode(n_tokens: int, options: argparse.Namespace) -> None:
    """Exact and sparse decoding against transformers' way and against packed heads."""
    o = operands_of(n_tokens, 1, options.kv_heads)
    backend: Backend = native_backend() or TorchBackend()
    copies = {"4 bits": Int4Keys, "16 components": PrincipalKeys}
    ways: dict[str, Callable[[], object]] = {
        "transformers": partial(as_transformers, o),
        "packed SDPA": partial(packed, o),
        "exact": partial(backend.attend, o),
    }
    for name, make in copies.items():
        copy: KeyCopy = make(options.kv_heads, HEAD_DIM, n_tokens, native_backend())
        copy.extend(o.k)
        ways[name] = partial(decode, backend, copy, o)
        ways[f"{name}, chosen each 4th step"] = partial(four_steps, backend, copy, o)
    flush = torch.empty(16 << 20)
    seconds = measured(ways, options.rounds, before=lambda: flush.fill_(1.0))
    for name in (name for name in seconds if name.endswith("4th step")):
        seconds[name] = Seconds(seconds[name].processor / 4, seconds[name].wall / 4)
    exact = backend.attend(o).out.flatten()
    error = float((exact - packed(o).flatten()).abs().max())
    copied = n_tokens * (HEAD_DIM // 2 + HEAD_DIM * 8 // 64)
    limit = n_tokens * HEAD_DIM * 8 / (PAGES.n_tokens * HEAD_DIM * 8 + copied)
    title = f"decode after {n_tokens} tokens, budget {PAGES.n_tokens}, limit by bytes {limit:.1f}x"
    show(f"{title}, exact off by {error:.0e}", seconds, ("transformers", "packed SDPA"), options.threads)


def main() -> None:
    """Print one table for each length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("phase", choices=("prefill", "decode", "gpu"))
    parser.add_argument("--tokens", type=int, nargs="+")
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="bfloat16", help="on a GPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = {"prefill": run_prefill, "decode": run_decode, "gpu": run_gpu}[options.phase]
    lengths = (32768, 131072) if options.phase == "decode" else (16384, 32768)
    for n_tokens in options.tokens or lengths:
        run(n_tokens, options)


if __name__ == "__main__":
    main()
