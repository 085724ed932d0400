"""Loads and runs the shipped networks with onnxruntime; knows tokens and arrays, no question and no document.

All parts share one table of embeddings, int8 with a scale for each row, which is looked up here; the graphs begin
behind it. Their matrices are int8 with a scale for every 64 weights.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

WEIGHTS = Path(__file__).parent / "weights"
CLS, SEP = 101, 102
N_BATCH_TOKENS = 2048  # padded; small batches stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids with the first and one past the last character of each."""

    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """One input: token ids with the special ones, and the first position of the second text."""

    ids: tuple[int, ...]
    second_from: int


def default_threads() -> int:
    """Up to four, and no more than this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, allowed))


class Parts:
    """The shipped networks, each loaded when it is first used."""

    def __init__(self, folder: Path = WEIGHTS, n_threads: int | None = None) -> None:
        self._folder = folder
        self._n_threads = n_threads or default_threads()

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self._folder / "tokenizer.json"))

    @cached_property
    def _embeddings(self) -> Mapping[str, npt.NDArray[Any]]:
        with np.load(self._folder / "embeddings.npz", allow_pickle=False) as stored:
            table = dict(stored)
        table["positions"] = table["positions"].astype(np.float32)
        return table

    @cached_property
    def _sessions(self) -> dict[str, Any]:
        return {}

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without special ones."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [Tokens(tuple(e.ids), tuple(o[0] for o in e.offsets), tuple(o[1] for o in e.offsets)) for e in encodings]

    def embed(self, ids: Ids, segments: Ids) -> Float32:
        """What the trunk begins with: (batch, n_tokens) to (batch, n_tokens, 384)."""
        table = self._embeddings
        summed = table["words"][ids].astype(np.float32) * table["scales"][ids]
        summed += table["positions"][: ids.shape[1]] + table["segments"][segments]
        summed -= summed.mean(axis=-1, keepdims=True)
        variance = np.square(summed).mean(axis=-1, keepdims=True)
        normal: Float32 = summed / np.sqrt(variance + 1e-12) * table["norm_weight"] + table["norm_bias"]
        return normal.astype(np.float32)

    def run(self, part: str, inputs: Mapping[str, Float32]) -> list[Float32]:
        """The outputs of one part ("encoder", "evidence" or "support")."""
        outputs: list[Float32] = self._session(part).run(None, dict(inputs))
        return outputs

    def made(self, part: str) -> str:
        """The JSON record inside a part's file: base model, data, seed and steps."""
        record: str = self._session(part).get_modelmeta().custom_metadata_map["made"]
        return record

    def _session(self, part: str) -> Any:
        if part not in self._sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._n_threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leaves the processor to others
            self._sessions[part] = onnxruntime.InferenceSession(
                str(self._folder / f"{part}.onnx"), options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[part]


def batches(lengths: Sequence[int], n_tokens: int = N_BATCH_TOKENS) -> Iterator[list[int]]:
    """Indices of inputs in batches of like length whose padded size stays under `n_tokens`."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[index] * (len(batch) + 1) > n_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def padded(sequences: Sequence[Input]) -> tuple[Ids, Ids, Float32]:
    """Token ids, segments and presence of a batch, each (batch, n_tokens)."""
    longest = max(len(sequence.ids) for sequence in sequences)
    ids = np.zeros((len(sequences), longest), np.int64)
    segments = np.zeros_like(ids)
    present = np.zeros(ids.shape, np.float32)
    for row, sequence in enumerate(sequences):
        n = len(sequence.ids)
        ids[row, :n] = sequence.ids
        segments[row, sequence.second_from : n] = 1
        present[row, :n] = 1
    return ids, segments, present


def run_batched(
    parts: Parts,
    part: str,
    sequences: Sequence[Input],
    more: Callable[[Sequence[int], int], Mapping[str, Float32]] = lambda _indices, _n_tokens: {},
) -> Iterator[tuple[list[int], list[Float32]]]:
    """Run a part over all inputs; yields the indices of each batch with its outputs.

    `more` gives further inputs of a batch from its indices and its padded length.
    """
    for indices in batches([len(sequence.ids) for sequence in sequences]):
        ids, segments, present = padded([sequences[i] for i in indices])
        inputs = {"states": parts.embed(ids, segments), "present": present, **more(indices, ids.shape[1])}
        yield indices, parts.run(part, inputs)
