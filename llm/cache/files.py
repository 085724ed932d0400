"""Keys and values in a folder: one file for each layer and a manifest, which is written last.

A file holds keys, then values, each as `(kv_heads, room, head_dim)`; room is a little more than there are tokens, so
that a question can be appended where the file is mapped. What is appended stays in memory: mappings are private.
As `int8` a file holds the numbers in one byte each, keys with a step for every channel over 128 tokens (they have
channels that are large throughout), values with a step for every token; that is not exact, and read as a whole.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from docqa.llm.cache.layers import Geometry, KVCache, LayerCache, MakeCopy

SLACK = 2048
"""Free room in tokens behind the stored ones."""

_MANIFEST = "manifest.json"
_FORMAT = 1
_KEY_BLOCK = 128


class DamagedEntry(Exception):
    """A folder that does not hold what its manifest says, or has none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder holds. `chain` names the blocks of tokens; `checksums` are CRC-32, one for each layer."""

    chain: tuple[str, ...]
    n_tokens: int
    n_layers: int
    kv_heads: int
    head_dim: int
    dtype: str
    int8: bool
    checksums: tuple[int, ...]
    format: int = _FORMAT


def write(folder: Path, cache: KVCache, chain: Sequence[str], n_tokens: int, *, int8: bool = False) -> None:
    """Write the first tokens of a cache into an existing folder, and wait until the disk has them."""
    checksums = []
    for number, layer in enumerate(cache.layers):
        keys, values = layer.keys[:, :n_tokens], layer.values[:, :n_tokens]
        parts = _quantised(keys, values) if int8 else (keys, values)
        checksums.append(_write_layer(folder / _layer_name(number), parts, 0 if int8 else SLACK))
    kv_heads, _, head_dim = cache.layers[0].keys.shape
    dtype = str(cache.layers[0].keys.dtype).removeprefix("torch.")
    manifest = Manifest(tuple(chain), n_tokens, len(cache.layers), kv_heads, head_dim, dtype, int8, tuple(checksums))
    _write_synced(folder / _MANIFEST, json.dumps(asdict(manifest)).encode())


def read_manifest(folder: Path) -> Manifest:
    """Raises DamagedEntry where there is none that can be read."""
    try:
        saved: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
        saved["chain"], saved["checksums"] = tuple(saved["chain"]), tuple(saved["checksums"])
        manifest = Manifest(**saved)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedEntry(f"{folder}: {error}") from error
    if manifest.format != _FORMAT:
        raise DamagedEntry(f"{folder}: another format")
    return manifest


def read(folder: Path, geometry: Geometry, make_copy: MakeCopy | None = None) -> KVCache:
    """The cache as it was written. Raises DamagedEntry when a byte is not as it was, or the geometry is another."""
    manifest = read_manifest(folder)
    dtype = str(geometry.dtype).removeprefix("torch.")
    found = (manifest.n_layers, manifest.kv_heads, manifest.head_dim, manifest.dtype)
    if found != (geometry.n_layers, geometry.kv_heads, geometry.head_dim, dtype):
        raise DamagedEntry(f"{folder}: of another model")
    layers = []
    for number, checksum in enumerate(manifest.checksums):
        load = _read_int8 if manifest.int8 else _mapped
        try:
            keys, values = load(folder / _layer_name(number), manifest, geometry, checksum)
        except (OSError, ValueError) as error:
            raise DamagedEntry(f"{folder}: {error}") from error
        keys, values = (x.to(geometry.device) for x in (keys, values))
        layers.append(LayerCache(keys, values, manifest.n_tokens, make_copy))
    return KVCache(layers)


def _layer_name(number: int) -> str:
    return f"layer-{number:03}.kv"


def _bytes_of(x: Tensor) -> memoryview:
    flat = x.detach().cpu().contiguous().view(torch.uint8).reshape(-1)
    return flat.numpy().data


def _write_layer(path: Path, parts: Sequence[Tensor], slack: int) -> int:
    """Write tensors one after the other, each head with free room behind it; the file has holes there."""
    checksum = 0
    with path.open("wb") as file:
        for part in parts:
            for head in part:
                data = _bytes_of(head)
                checksum = zlib.crc32(data, checksum)
                file.write(data)
                file.seek(slack * data.nbytes // len(head), os.SEEK_CUR)
        file.truncate(file.tell())
        file.flush()
        os.fsync(file.fileno())
    return checksum


def _mapped(path: Path, manifest: Manifest, geometry: Geometry, checksum: int) -> tuple[Tensor, Tensor]:
    room = manifest.n_tokens + SLACK
    shape = (2, geometry.kv_heads, room, geometry.head_dim)
    with path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    if len(mapping) != torch.Size(shape).numel() * geometry.dtype.itemsize:
        raise DamagedEntry(f"{path}: of another length")
    both = torch.frombuffer(mapping, dtype=geometry.dtype).reshape(shape)
    _check(path, [head[: manifest.n_tokens] for part in both for head in part], checksum)
    return both[0], both[1]


def _check(path: Path, pieces: Sequence[Tensor], checksum: int) -> None:
    found = 0
    for piece in pieces:
        found = zlib.crc32(_bytes_of(piece), found)
    if found != checksum:
        raise DamagedEntry(f"{path}: its checksum does not match")


def _quantised(keys: Tensor, values: Tensor) -> tuple[Tensor, ...]:
    n_blocks = -(-keys.shape[1] // _KEY_BLOCK)
    padded = torch.nn.functional.pad(keys.float(), (0, 0, 0, n_blocks * _KEY_BLOCK - keys.shape[1]))
    blocks = padded.reshape(len(keys), n_blocks, _KEY_BLOCK, -1)
    key_steps = blocks.abs().amax(2, keepdim=True).clamp(min=1e-12) / 127
    value_steps = values.float().abs().amax(2, keepdim=True).clamp(min=1e-12) / 127
    key_codes = (blocks / key_steps).round().to(torch.int8).flatten(1, 2)[:, : keys.shape[1]]
    return key_codes, (values.float() / value_steps).round().to(torch.int8), key_steps.flatten(1, 2), value_steps


def _read_int8(path: Path, manifest: Manifest, geometry: Geometry, checksum: int) -> tuple[Tensor, Tensor]:
    n, heads, dim = manifest.n_tokens, geometry.kv_heads, geometry.head_dim
    n_blocks = -(-n // _KEY_BLOCK)
    shapes = (((heads, n, dim), np.int8), ((heads, n, dim), np.int8))
    steps = (((heads, n_blocks, dim), np.float32), ((heads, n, 1), np.float32))
    data = path.read_bytes()
    if zlib.crc32(data) != checksum:
        raise DamagedEntry(f"{path}: its checksum does not match")
    parts, at = [], 0
    for shape, kind in (*shapes, *steps):
        count = int(np.prod(shape))
        parts.append(torch.from_numpy(np.frombuffer(data, kind, count, at).reshape(shape).copy()))
        at += count * np.dtype(kind).itemsize
    key_codes, value_codes, key_steps, value_steps = parts
    keys = key_codes.float() * key_steps.repeat_interleave(_KEY_BLOCK, dim=1)[:, :n]
    return keys.to(geometry.dtype), (value_codes.float() * value_steps).to(geometry.dtype)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
