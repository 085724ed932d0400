"""Readings on disk: found by their beginning, bounded, and never of use when a byte is not as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from docqa.errors import StoreError
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.cache.block_chain import block_chain, fingerprint, n_shared
from docqa.llm.cache.files import SLACK
from docqa.llm.cache.layers import Geometry, KVCache
from docqa.llm.cache.store import Found, KVStore

from .kv_samples import BLOCK, GEOMETRY, cache_of, chain_of, equal

N = 4 * BLOCK


def loaded(store: KVStore, chain: tuple[str, ...], geometry: Geometry = GEOMETRY) -> KVCache | None:
    found = store.find(chain)
    return None if found is None else store.load(found, geometry)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_a_reading_comes_back_to_the_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    geometry = Geometry(3, 2, 16, dtype)
    cache = cache_of(N + 50, geometry)
    KVStore(tmp_path).save(cache, chain_of(N), BLOCK)
    again = loaded(KVStore(tmp_path), chain_of(N), geometry)
    assert again is not None
    assert again.length == N
    assert equal(cache, again, N)


def test_a_mapped_reading_can_be_continued_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    store, more = KVStore(tmp_path), torch.ones(2, SLACK + 5, 16)
    store.save(cache_of(N), chain_of(N), BLOCK)
    for n in (3, SLACK + 5):  # within the free room, and beyond
        cache = loaded(store, chain_of(N))
        assert cache is not None
        for layer in cache.layers:
            layer.append(more[:, :n], more[:, :n])
        assert equal(cache, cache_of(N), N)
        assert bool((cache.layers[2].values[:, N:] == 1).all())
    again = loaded(store, chain_of(N))
    assert again is not None
    assert equal(again, cache_of(N), N)


def test_the_beginning_of_another_text_is_found_to_the_block(tmp_path: Path) -> None:
    store = KVStore(tmp_path)
    store.save(cache_of(N), chain_of(N), BLOCK)
    (entry,) = (path for path in tmp_path.iterdir())
    assert store.find((*chain_of(N)[:3], "other")) == Found(entry, 3)
    assert store.find(chain_of(N)[:2]) == Found(entry, 2)
    assert store.find(chain_of(N, seed=1)) is None
    assert store.find(()) is None


def test_a_longer_reading_of_the_same_text_takes_the_place_of_the_shorter(tmp_path: Path) -> None:
    store = KVStore(tmp_path)
    for n in (N // 2, N, N // 2):
        store.save(cache_of(N), chain_of(N)[: n // BLOCK], BLOCK)
    assert [path.name for path in tmp_path.iterdir()] == [chain_of(N)[-1]]


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    store = KVStore(tmp_path)
    for seed in range(3):
        store.save(cache_of(N, seed=seed), chain_of(N, seed=seed), BLOCK)
        os.utime(tmp_path / chain_of(N, seed=seed)[-1], (seed, seed))
    assert loaded(store, chain_of(N, seed=0)) is not None  # used just now
    one = sum(file.stat().st_blocks * 512 for file in (tmp_path / chain_of(N)[-1]).iterdir())
    store = KVStore(tmp_path, max_bytes=2 * one)
    store.save(cache_of(N, seed=3), chain_of(N, seed=3), BLOCK)
    assert [store.find(chain_of(N, seed=seed)) is not None for seed in range(4)] == [True, False, False, True]


def test_more_than_the_store_holds_is_not_kept(tmp_path: Path) -> None:
    store = KVStore(tmp_path, max_bytes=100)
    store.save(cache_of(N), chain_of(N), BLOCK)
    assert list(tmp_path.iterdir()) == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: _flip(folder / "layer-001.kv"),
        lambda folder: os.truncate(folder / "layer-002.kv", 5000),
        lambda folder: (folder / "layer-000.kv").unlink(),
        lambda folder: (folder / "layer-000.kv").write_bytes(b""),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text('{"format": 9}'),
        lambda folder: (folder / "manifest.json").unlink(),
    ],
    ids=["bit", "cut", "gone", "empty", "manifest-cut", "manifest-other", "manifest-gone"],
)
@pytest.mark.parametrize("int8", [False, True], ids=["exact", "int8"])
def test_a_damaged_reading_is_dropped(
    tmp_path: Path, damage: object, int8: bool, caplog: pytest.LogCaptureFixture
) -> None:
    store = KVStore(tmp_path, int8=int8)
    store.save(cache_of(N), chain_of(N), BLOCK)
    damage(tmp_path / chain_of(N)[-1])  # type: ignore[operator]
    assert loaded(store, chain_of(N)) is None
    assert "is of no use and is dropped" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_reading_of_another_geometry_is_not_loaded(tmp_path: Path) -> None:
    store = KVStore(tmp_path)
    store.save(cache_of(N), chain_of(N), BLOCK)
    assert loaded(store, chain_of(N), Geometry(3, 1, 32, torch.float32)) is None


def test_one_byte_for_each_number_stays_close_and_takes_a_third(tmp_path: Path) -> None:
    geometry = Geometry(1, 2, 64, torch.float32)
    cache = cache_of(N + 7, geometry)
    cache.layers[0].keys[..., 0] += 50  # a channel that is large throughout, as in the keys of Qwen2
    exact, rounded = KVStore(tmp_path / "exact"), KVStore(tmp_path / "int8", int8=True)
    sizes = []
    for store in (exact, rounded):
        store.save(cache, chain_of(N), BLOCK)
        sizes.append(sum(f.stat().st_blocks for f in store._directory.rglob("*.kv")))
    again = loaded(rounded, chain_of(N), geometry)
    assert again is not None
    assert sizes[1] < sizes[0] / 3
    off = (again.layers[0].keys - cache.layers[0].keys[:, :N]).abs()
    assert off[..., 1:].max() < 0.05
    assert (again.layers[0].values - cache.layers[0].values[:, :N]).abs().max() < 0.05


def test_a_process_that_is_killed_while_it_saves_leaves_nothing_that_is_half(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("saving_child.py")), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        deadline = time.monotonic() + 60
        while not any(any(path.iterdir()) for path in tmp_path.glob(".scratch-*")):
            assert time.monotonic() < deadline
        child.send_signal(signal.SIGKILL)
        saved = [int(line) for line in child.stdout.read().split()]
    store = KVStore(tmp_path)
    for seed in [*saved, len(saved)]:
        cache = loaded(store, chain_of(8 * BLOCK, seed=seed))
        assert cache is None or equal(cache, cache_of(8 * BLOCK, seed=seed), 8 * BLOCK)
        assert cache is not None or seed not in saved
    for path in tmp_path.glob(".scratch-*"):
        os.utime(path, (0, 0))
    KVStore(tmp_path)
    assert list(tmp_path.glob(".scratch-*")) == []


def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be kept here"):
        KVStore(tmp_path / "file")


def test_texts_share_names_as_far_as_they_are_equal() -> None:
    text = list(range(1000))
    other = [*text[:300], 7, *text[301:]]
    first, second = block_chain("m", text, 128), block_chain("m", other, 128)
    assert len(first) == 7
    assert n_shared(first, second) == 2
    assert n_shared(first, block_chain("n", text, 128)) == 0


def test_whatever_keys_depend_on_changes_the_name() -> None:
    def name(**parts: object) -> str:
        return fingerprint({"model": "m", "dtype": "float32", "attention": "dense", "int8": False, **parts})

    policies = [Policy(), Policy(blocks=BlockBudget(n_blocks=20)), Policy(estimate="means"), Policy(min_recall=0.7)]
    policies.append(Policy(streaming=frozenset({(0, 1)})))
    names = {name(), name(model="n"), name(dtype="bfloat16"), name(int8=True)}
    names |= {name(attention=policy.prefill_key) for policy in policies}
    assert len(names) == 4 + len(policies)
