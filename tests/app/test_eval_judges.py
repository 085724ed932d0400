"""Judges are known by name; a neural one is asked about pairs and downloads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.app.eval_judges import judge
from docqa.errors import UsageError


def test_an_unknown_judge_is_told_with_the_known() -> None:
    with pytest.raises(UsageError, match="embedded, lexical, nli"):
        judge("oracle")


def test_the_lexical_judge_needs_nothing() -> None:
    found = judge("lexical")
    assert found.name == "lexical"
    assert found.entails("It was built in 1932.", "Built in 1932")


def test_the_embedded_judge_is_the_shipped_reader() -> None:
    found = judge("embedded")
    assert found.name == "docqa-reader-1"
    premise = "The library opened in 1887 and was enlarged in 1912."
    assert found.entails(premise, "The library opened in 1887.")
    assert not found.entails(premise, "The library opened in 1888.")


def test_an_nli_judge_wants_a_model_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a model"):
        judge("nli")
    pytest.importorskip("transformers")
    with pytest.raises(UsageError, match="downloads none"):
        judge(f"nli:{tmp_path / 'absent'}")


def test_a_nli_judge_gives_the_most_probable_label(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "yes", "no", "cat"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        id2label={0: "neutral", 1: "entailment", 2: "contradiction"},
        label2id={"neutral": 0, "entailment": 1, "contradiction": 2},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    for bias, entailed in (([0.0, 9.0, 0.0], True), ([9.0, 0.0, 0.0], False)):
        with torch.no_grad():
            model.classifier.bias.copy_(torch.tensor(bias))
            model.classifier.weight.zero_()
        model.save_pretrained(tmp_path)
        assert judge(f"nli:{tmp_path}").entails("yes cat", "cat") is entailed
    model.config.id2label = {0: "good", 1: "bad", 2: "ugly"}
    model.save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="no entailment"):
        judge(f"nli:{tmp_path}")
