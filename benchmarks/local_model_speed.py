"""A local model of the shape of Qwen2.5-0.5B with random weights: our way against transformers' own, end to end.

    python -m benchmarks.local_model_speed prefill [--tokens 16384 32768] [--layers 2] [--rounds 5]
    python -m benchmarks.local_model_speed decode  [--tokens 32768] [--steps 8]
    python -m benchmarks.local_model_speed second  [--tokens 16384]
    python -m benchmarks.local_model_speed memory  [--tokens 131072]

All layers are alike, so a few stand for the 24; the head over the vocabulary works on one token and is left small.
Weights and cache are float32, one thread by default; ratios as in attention_speed. Random weights attend flatly, so the
guard and the threshold on recall are off: what is measured is speed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.attention_speed import show
from benchmarks.interleaved import Seconds, measured
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.cache.store import KVStore
from docqa.llm.local import attention_function
from docqa.llm.local.loading import Loaded
from docqa.llm.local.readings import Attending, Readings
from docqa.llm.local.sequence import PagedSequence, StockSequence

POLICY = Policy(estimate="means", blocks=BlockBudget(n_blocks=16), min_recall=0.0)


def model_of(n_layers: int, implementation: str) -> Any:
    """Random weights, the same for both implementations."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    attention_function.register()
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=4096,
        hidden_size=896,
        intermediate_size=4864,
        num_hidden_layers=n_layers,
        num_attention_heads=14,
        num_key_value_heads=2,
        max_position_embeddings=131072,
    )
    make: Any = Qwen2ForCausalLM._from_config
    return make(config, attn_implementation=implementation).eval()


def readings_of(model: Any, *, sparse: bool = True, store: KVStore | None = None) -> Readings:
    """What LocalLLM reads with."""
    loaded = Loaded("random", model, None, model.config, None, "random weights of seed 0")
    return Readings(loaded, Attending(POLICY if sparse else None, guarded=False), store)


def tokens_of(n: int, seed: int = 0) -> list[int]:
    """A random text."""
    return torch.randint(0, 4096, (n,), generator=torch.Generator().manual_seed(seed)).tolist()


def read(readings: Readings, tokens: list[int], *, sparse: bool = True) -> PagedSequence:
    """Read a prompt."""
    sequence, _ = readings.begin(tokens, sparse, 64)
    assert isinstance(sequence, PagedSequence)
    sequence.read(tokens)
    return sequence


def read_by_transformers(model: Any, tokens: list[int]) -> None:
    """Read a prompt at once, with SDPA and a DynamicCache."""
    with torch.no_grad():
        model(input_ids=torch.tensor([tokens]), use_cache=True, logits_to_keep=1)


def run_prefill(n_tokens: int, options: argparse.Namespace) -> None:
    """Time to read a prompt."""
    stock, ours = model_of(options.layers, "sdpa"), model_of(options.layers, attention_function.NAME)
    tokens = tokens_of(n_tokens)
    ways: dict[str, Callable[[], object]] = {
        "transformers, SDPA": partial(read_by_transformers, stock, tokens),
        "ours, dense": lambda: read(readings_of(ours, sparse=False), tokens, sparse=False),
        "ours, sparse": lambda: read(readings_of(ours), tokens),
    }
    title = f"prefill {n_tokens} tokens, {options.layers} layers of Qwen2.5-0.5B"
    show(title, measured(ways, options.rounds), ("transformers, SDPA",), options.threads)


def run_decode(n_tokens: int, options: argparse.Namespace) -> None:
    """Time to write tokens behind a prompt, per token."""
    stock = StockSequence(model_of(options.layers, "sdpa"), model_of(options.layers, "sdpa").config)
    model = model_of(options.layers, attention_function.NAME)
    tokens = tokens_of(n_tokens)
    stock.read(tokens)
    sparse, dense = read(readings_of(model), tokens), read(readings_of(model, sparse=False), tokens, sparse=False)

    def write(sequence: Any) -> None:
        for token in range(options.steps):
            sequence.step(token)

    ways: dict[str, Callable[[], object]] = {
        "transformers, SDPA": partial(write, stock),
        "ours, exact": partial(write, dense),
        "ours, sparse": partial(write, sparse),
    }
    seconds = measured(ways, options.rounds, before=lambda: write(sparse))
    per_token = {n: Seconds(s.processor / options.steps, s.wall / options.steps) for n, s in seconds.items()}
    title = f"decode behind {n_tokens} tokens, {options.layers} layers of Qwen2.5-0.5B, per token"
    show(title, per_token, ("transformers, SDPA",), options.threads)


def run_second(n_tokens: int, options: argparse.Namespace) -> None:
    """Time to the first token of a second question on a stored document, in a new process's memory."""
    model, document = model_of(options.layers, attention_function.NAME), tokens_of(n_tokens - 100)
    first, second = [*document, *tokens_of(100, 1)], [*document, *tokens_of(100, 2)]
    with tempfile.TemporaryDirectory() as folder:
        store = KVStore(Path(folder))
        begun = time.process_time(), time.perf_counter()
        sequence = read(readings_of(model), first)
        cold = time.process_time() - begun[0], time.perf_counter() - begun[1]
        keeping = readings_of(model, store=store)
        keeping.keep(sequence, 0)
        unsaved = sequence.read(second)
        seconds = measured({"second": lambda: read(readings_of(model, store=store), second)}, options.rounds)
        again, _ = readings_of(model, store=store).begin(second, True, 64)
        equal = torch.equal(again.read(second), unsaved)
        gigabytes = sum(file.stat().st_blocks * 512 for file in Path(folder).rglob("*.kv")) / 1e9
    taken = seconds["second"]
    print(f"second question on {n_tokens} tokens, {options.layers} layers, {gigabytes:.2f} GB stored: ", end="")
    print(f"{taken.processor:.2f} s of {cold[0]:.2f} s cold = {taken.processor / cold[0]:.1%} (processor), ", end="")
    print(f"{taken.wall / cold[1]:.1%} (wall); logits equal to the bit: {equal}", flush=True)


def run_memory(n_tokens: int, options: argparse.Namespace) -> None:
    """Peak memory of a prefill against weights, keys and values, and one chunk of hidden states."""
    model = model_of(options.layers, attention_function.NAME)
    before = _resident_bytes()
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    readings = readings_of(model)
    geometry = readings._loaded.geometry
    read(readings, tokens_of(n_tokens))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    chunk = 2048 * 4 * (3 * 4864 + 6 * 896)  # what one layer holds of a chunk: gate, up and their product; six states
    expected = weights + n_tokens * geometry.bytes_per_token + chunk
    used = peak - before + weights
    print(f"memory of a prefill of {n_tokens} tokens, {options.layers} layers: peak {used / 1e9:.2f} GB over the bare ")
    print(
        f"  process; weights + keys and values + one chunk {expected / 1e9:.2f} GB: {used / expected:.2f}x", flush=True
    )


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


RUNS = {
    "prefill": (run_prefill, [16384, 32768]),
    "decode": (run_decode, [32768]),
    "second": (run_second, [16384]),
    "memory": (run_memory, [131072]),
}


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=RUNS)
    parser.add_argument("--tokens", type=int, nargs="+")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run, lengths = RUNS[options.what]
    for n_tokens in options.tokens or lengths:
        run(n_tokens, options)


if __name__ == "__main__":
    main()
