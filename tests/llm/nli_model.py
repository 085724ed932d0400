"""A text-pair classifier that a test makes itself: it has learned which word is whose opposite."""

from __future__ import annotations

from pathlib import Path

import pytest

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the sea is calm rough deep today . and".split()
MAX_POSITIONS = 64
LABELS = {0: "entailment", 1: "neutral", 2: "contradiction"}


def make_nli_model(folder: Path) -> Path:
    """A small BERT of random weights whose head is fitted: when "the sea is X" follows, and when it is contradicted.

    The head is the solution of a linear system with fewer equations than unknowns, so it is right on all of them.
    """
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=96, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=MAX_POSITIONS, initializer_range=0.3, id2label=LABELS,
        label2id={name: index for index, name in LABELS.items()},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config).eval()
    pairs, labels = _examples()
    encoded = tokenizer([p for p, _ in pairs], [c for _, c in pairs], return_tensors="pt", padding=True)
    with torch.no_grad():
        features = model.bert(**encoded).pooler_output
        wanted = 9.0 * torch.nn.functional.one_hot(torch.tensor(labels), 3).float()
        model.classifier.weight.copy_(torch.linalg.lstsq(features, wanted, driver="gelsd").solution.T)
        model.classifier.bias.zero_()
    model.save_pretrained(folder)
    return folder


def _examples() -> tuple[list[tuple[str, str]], list[int]]:
    opposite = {"calm": "rough", "rough": "calm", "deep": "-"}
    pairs, labels = [], []
    for said in opposite:
        for claimed in opposite:
            for tail in ("", " today", " today . the sea is today", " and the sea is"):
                pairs.append((f"the sea is {said}{tail}", f"the sea is {claimed}"))
                labels.append(0 if said == claimed else 2 if opposite[said] == claimed else 1)
    for claimed in opposite:
        for premise in ("", "today", "the sea is today and", "the the the the"):
            pairs.append((premise, f"the sea is {claimed}"))
            labels.append(1)
    return pairs, labels


def make_reranker(folder: Path) -> Path:
    """The same model with one output, which is high where the pair is entailed."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    make_nli_model(folder)
    three = transformers.BertForSequenceClassification.from_pretrained(folder)
    one = transformers.BertForSequenceClassification.from_pretrained(folder, num_labels=1, ignore_mismatched_sizes=True)
    with torch.no_grad():
        one.classifier.weight.copy_(three.classifier.weight[:1])
        one.classifier.bias.zero_()
    one.save_pretrained(folder)
    return folder
