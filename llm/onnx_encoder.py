"""The shipped encoder: texts to vectors whose inner product says how near they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from docqa.llm.onnx_parts import CLS, SEP, Float32, Input, Parts, run_batched

MAX_TOKENS = 256
DIMENSIONS = 384


class OnnxEncoder:
    """Encodes questions and passages alike; vectors are float32 of length 1, shape (n_texts, 384)."""

    fingerprint = "docqa-encoder-2"
    dimension = DIMENSIONS

    def __init__(self, parts: Parts | None = None) -> None:
        self._parts = parts or Parts()

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        """The vectors of questions."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        """The vectors of passages or sentences; what goes beyond 256 tokens is not read."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Float32:
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        tokens = self._parts.tokens(texts)
        inputs = [Input((CLS, *t.ids[: MAX_TOKENS - 2], SEP), MAX_TOKENS) for t in tokens]
        for indices, (found,) in run_batched(self._parts, "encoder", inputs):
            vectors[indices] = found
        return vectors
