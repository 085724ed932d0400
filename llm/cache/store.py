"""A bounded folder of keys and values, found again by the beginning of a text; the longest unused go first.

Several processes may share it: an entry appears by one rename, complete, and is deleted by one rename out of the way.
A process that is killed while it writes leaves a scratch folder, which the next one to open the store removes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docqa.errors import StoreError
from docqa.llm.cache.block_chain import n_shared
from docqa.llm.cache.files import DamagedEntry, read, read_manifest, write
from docqa.llm.cache.layers import Geometry, KVCache, MakeCopy

_SCRATCH = ".scratch-"
_ABANDONED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """An entry whose first `n_blocks` blocks are those of the text."""

    folder: Path
    n_blocks: int


class KVStore:
    """Keeps at most `max_bytes`. With `int8`, half to a quarter of the space is used and keys and values are rounded.

    Raises StoreError when the folder cannot be used at all; a damaged entry is dropped, and said to be so in the log.
    """

    def __init__(self, directory: Path, max_bytes: int = 8 << 30, *, int8: bool = False) -> None:
        self._directory, self._max_bytes, self.int8 = directory, max_bytes, int8
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # they hold what documents say
            self._remove_abandoned()
        except OSError as error:
            raise StoreError(f"{directory}: keys and values cannot be kept here: {error.strerror}") from error

    def find(self, chain: Sequence[str]) -> Found | None:
        """The entry that shares the most blocks with a text, if there is one that shares any."""
        best: Found | None = None
        for folder in self._entries():
            try:
                n_blocks = n_shared(read_manifest(folder).chain, chain)
            except DamagedEntry as error:
                self._drop(folder, error)
                continue
            if n_blocks > (0 if best is None else best.n_blocks):
                best = Found(folder, n_blocks)
        return best

    def load(self, found: Found, geometry: Geometry, make_copy: MakeCopy | None = None) -> KVCache | None:
        """The cache, or None when it turns out to be damaged or is gone."""
        try:
            cache = read(found.folder, geometry, make_copy)
        except DamagedEntry as error:
            self._drop(found.folder, error)
            return None
        with contextlib.suppress(OSError):
            os.utime(found.folder)
        return cache

    def save(self, cache: KVCache, chain: Sequence[str], block: int) -> None:
        """Keep the blocks of a cache, unless an entry has them already. What cannot be written is not kept."""
        if not chain or ((known := self.find(chain)) is not None and known.n_blocks == len(chain)):
            return
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self._directory))
        try:
            write(scratch, cache, chain, len(chain) * block, int8=self.int8)
            with contextlib.suppress(OSError):  # somebody else was faster
                os.replace(scratch, self._directory / chain[-1])
        except OSError as error:
            logging.getLogger("docqa").warning("keys and values could not be kept: %s", error)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._drop_shorter(chain)
        self._evict()

    def _entries(self) -> list[Path]:
        with os.scandir(self._directory) as found:
            return [Path(entry) for entry in found if entry.is_dir() and not entry.name.startswith(".")]

    def _drop_shorter(self, chain: Sequence[str]) -> None:
        """Delete entries that hold nothing but the beginning of this one."""
        for name in chain[:-1]:
            if (self._directory / name).exists():
                self._drop(self._directory / name)

    def _evict(self) -> None:
        sized = sorted((entry.stat().st_mtime, _n_bytes(entry), entry) for entry in self._entries())
        total = sum(n_bytes for _, n_bytes, _ in sized)
        for _, n_bytes, entry in sized:
            if total <= self._max_bytes:
                return
            self._drop(entry)
            total -= n_bytes

    def _drop(self, folder: Path, cause: DamagedEntry | None = None) -> None:
        if cause is not None:
            logging.getLogger("docqa").warning("a stored reading is of no use and is dropped: %s", cause)
        away = self._directory / f"{_SCRATCH}{folder.name[:16]}-{os.getpid()}-{time.monotonic_ns()}"
        with contextlib.suppress(OSError):
            os.replace(folder, away)
            shutil.rmtree(away, ignore_errors=True)

    def _remove_abandoned(self) -> None:
        for entry in os.scandir(self._directory):
            if entry.name.startswith(_SCRATCH) and time.time() - entry.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(entry.path, ignore_errors=True)


def _n_bytes(folder: Path) -> int:
    """What the folder takes on the disk; holes take nothing."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as files:
        return sum(getattr(s, "st_blocks", s.st_size // 512) * 512 for s in (file.stat() for file in files))
    return 0
