"""The sentence-transformers adapter; a tiny random BERT stands for a real model where the extra is installed."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from docqa.errors import UsageError
from docqa.retrieval.embedders import SentenceTransformersEmbedder, normalised


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    transformers = pytest.importorskip("transformers")
    modules = importlib.import_module("sentence_transformers.models")
    folder = tmp_path_factory.mktemp("model")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    transformers.BertModel(config).save_pretrained(folder / "bert")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    bert = modules.Transformer(str(folder / "bert"))
    pooling = modules.Pooling(32, pooling_mode="mean")
    sentence_transformers.SentenceTransformer(modules=[bert, pooling], device="cpu").save(str(folder / "whole"))
    return folder / "whole"


@pytest.mark.filterwarnings("ignore")  # the libraries warn about each other
def test_a_local_model_gives_unit_vectors_that_depend_on_the_text(model_folder: Path) -> None:
    embedder = SentenceTransformersEmbedder(str(model_folder))
    vectors = embedder.encode_passages(["abc def", "xyz", "abc def"])
    assert vectors.shape == (3, embedder.dimension) == (3, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)
    assert float(vectors[0] @ vectors[1]) < 0.9999
    assert embedder.encode_queries([]).shape == (0, 32)


@pytest.mark.filterwarnings("ignore")
def test_the_fingerprint_changes_with_the_weights(model_folder: Path) -> None:
    one, two = (SentenceTransformersEmbedder(str(model_folder)) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        for tensor in two._model.state_dict().values():
            tensor.add_(1)
    changed = importlib.import_module("docqa.retrieval.embedders")._weights_digest(two._model)
    assert not two.fingerprint.endswith(changed)


def test_a_missing_extra_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(UsageError, match=r"docqa\[local\]"):
        SentenceTransformersEmbedder("any")


@pytest.mark.filterwarnings("ignore")
def test_a_missing_model_is_one_clear_line(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(UsageError, match="cannot load the embedder") as caught:
        SentenceTransformersEmbedder(str(tmp_path / "nowhere"))
    assert "\n" not in str(caught.value)


def test_rows_of_zeros_stay_zeros() -> None:
    np.testing.assert_array_equal(
        normalised(np.asarray([[0, 0], [3, 4]], np.float32)), np.asarray([[0, 0], [0.6, 0.8]], np.float32)
    )
