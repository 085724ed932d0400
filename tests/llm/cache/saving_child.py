"""Saves one large cache after the other until it is killed; run by test_store."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from docqa.llm.cache.store import KVStore
from tests.llm.cache.kv_samples import BLOCK, cache_of, chain_of

if __name__ == "__main__":
    store = KVStore(Path(sys.argv[1]))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    for seed in range(10_000):
        store.save(cache_of(8 * BLOCK, seed=seed), chain_of(8 * BLOCK, seed=seed), BLOCK)
        sys.stdout.write(f"{seed}\n")
        sys.stdout.flush()
