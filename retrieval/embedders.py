"""What turns texts into vectors; knows no document and no index."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from docqa.errors import UsageError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Encodes questions and passages into one space, where the inner product of two unit vectors is their likeness.

    Both methods give float32 of shape (n, dimension), each row of length 1. `fingerprint` names model and version:
    vectors of different fingerprints never mix.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...


class _Model(Protocol):
    """What we use of a `sentence_transformers.SentenceTransformer`, which is an extra and may not be installed."""

    prompts: Mapping[str, str]

    def get_embedding_dimension(self) -> int | None: ...

    def encode(self, sentences: list[str], **options: object) -> object: ...

    def state_dict(self) -> Mapping[str, Any]: ...


class SentenceTransformersEmbedder:
    """Any sentence-transformers model, by its folder, or by its name when it is already on this machine.

    Needs the extra `local`. With `offline` nothing is looked up or downloaded. Raises UsageError when the extra or the
    model is missing.
    """

    def __init__(self, model: str, *, offline: bool = True, batch_size: int = 32) -> None:
        self._model = _load(model, offline)
        self._batch_size = batch_size
        dimension = self._model.get_embedding_dimension()
        assert dimension is not None  # every model with a pooling layer has one
        self.dimension = int(dimension)
        self.fingerprint = f"sentence-transformers {model} {_weights_digest(self._model)}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's prompt for questions, where it has one."""
        return self._encode(texts, "query")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's prompt for passages, where it has one."""
        return self._encode(texts, "document")

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        has_prompt = bool(self._model.prompts.get(prompt))
        vectors = self._model.encode(
            list(texts),
            prompt_name=prompt if has_prompt else None,
            batch_size=self._batch_size,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return normalised(np.asarray(vectors, np.float32))


def normalised(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1 in float32; rows of zeros stay. Shape (n, dimension) kept."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _load(model: str, offline: bool) -> _Model:
    try:
        package = importlib.import_module("sentence_transformers")
    except ImportError as error:
        raise UsageError(
            "this embedder needs an extra: pip install 'docqa[local]', or leave the embedder out to search by words "
            "alone"
        ) from error
    try:
        loaded: _Model = package.SentenceTransformer(model, device="cpu", local_files_only=offline)
    except (OSError, ValueError) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"cannot load the embedder {model!r}: {cause}; give the folder of a sentence-transformers model"
        ) from error
    return loaded


def _weights_digest(model: _Model) -> str:
    """A short hash over a sample of the weights: a model replaced under the same name counts as another one."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().reshape(-1)
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(flat[:: max(1, flat.numel() // 4096)].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
