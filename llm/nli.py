"""A cross-encoder for natural language inference as a judge of claims; needs the extra `local`."""

from __future__ import annotations

import threading
from typing import Any

from docqa.answers import Support, SupportLabel
from docqa.errors import UsageError

_LONGEST_KNOWN = 1_000_000  # tokenizers that know no limit name an astronomical one
_MIN_PARTLY = 0.25


class NliModel:
    """A text-pair classifier with a label "entailment", such as tasksource/deberta-base-long-nli, in memory.

    `name` is a folder, or a name that is in the Hugging Face cache: nothing is downloaded. Raises UsageError when the
    model or the extra is missing, or when the classifier has no such label. Threads may share one.
    """

    def __init__(self, name: str) -> None:
        try:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise UsageError("an NLI judge needs the extra local: pip install 'docqa[local]'") from error
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)
            self._model = AutoModelForSequenceClassification.from_pretrained(name, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise UsageError(f"{name}: no NLI model is there, and docqa downloads none: {error}") from error
        self.name = f"nli:{name}"
        self._labels = {str(label).lower(): int(index) for index, label in self._model.config.id2label.items()}
        if "entailment" not in self._labels:
            known = ", ".join(sorted(self._labels))
            raise UsageError(f"{name}: has the labels {known} and no entailment; choose an NLI model")
        self._max_tokens = _max_tokens(self._tokenizer, self._model.config)
        self._lock = threading.Lock()

    def entails(self, premise: str, claim: str) -> bool:
        """Whether "entailment" is the most probable label, as L-CiteEval asks."""
        return self.supports(claim, premise).label == "supports"

    def supports(self, claim: str, text: str) -> Support:
        """The most probable label; of a text that is longer than the model takes, that of the part that entails most.

        What is neither entailed nor contradicted is `partly` borne out from a probability of a quarter on.
        """
        rows = self._probabilities(text, claim)
        best = max(rows, key=lambda row: row[self._labels["entailment"]])
        entailed = best[self._labels["entailment"]]
        label: SupportLabel = "partly" if entailed >= _MIN_PARTLY else "unrelated"
        if max(best) == entailed:
            label = "supports"
        elif best.index(max(best)) == self._labels.get("contradiction"):
            label = "contradicts"
        return Support(label, entailed, self.name)

    def _probabilities(self, premise: str, claim: str) -> list[list[float]]:
        """Shape (n_parts, n_labels): one row, or one for each part of a premise that does not fit."""
        import torch

        windows: dict[str, Any] = {}
        if self._max_tokens is not None:
            n_premise = self._max_tokens - len(self._tokenizer("", claim)["input_ids"])
            windows = {
                "truncation": "only_first" if n_premise > 1 else True,
                "max_length": self._max_tokens,
                "stride": max(0, n_premise // 4),
                "return_overflowing_tokens": n_premise > 1,
            }
        encoded = self._tokenizer([premise], [claim], return_tensors="pt", padding=True, **windows)
        taken = {key: value for key, value in encoded.items() if key in self._tokenizer.model_input_names}
        with self._lock, torch.inference_mode():
            rows: list[list[float]] = self._model(**taken).logits.float().softmax(-1).tolist()
        return rows


def _max_tokens(tokenizer: Any, config: Any) -> int | None:
    """How many tokens a pair may have; None where positions are relative, so that any length will do."""
    if tokenizer.model_max_length < _LONGEST_KNOWN:
        return int(tokenizer.model_max_length)
    if getattr(config, "relative_attention", False) or not getattr(config, "max_position_embeddings", 0):
        return None
    return int(config.max_position_embeddings) - 2  # RoBERTa counts its positions from 2
