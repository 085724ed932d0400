"""A cross-encoder for natural language inference as a judge of claims; needs the extra `local`."""

from __future__ import annotations

import threading

from docqa.errors import UsageError


class NliModel:
    """A text-pair classifier with a label "entailment", such as tasksource/deberta-base-long-nli, in memory.

    `name` is a folder, or a name that is in the Hugging Face cache: nothing is downloaded. Raises UsageError when the
    model or the extra is missing, or when the classifier has no such label.
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
        self._label = self._entailment_label(name)
        self._lock = threading.Lock()

    def entails(self, premise: str, claim: str) -> bool:
        """Whether "entailment" is the most probable label; the pair is cut only at the model's own limit."""
        import torch

        encoded = self._tokenizer(premise, claim, return_tensors="pt", truncation="only_first")
        with self._lock, torch.inference_mode():
            logits = self._model(**encoded).logits[0]
        return int(logits.argmax()) == self._label

    def _entailment_label(self, name: str) -> int:
        labels = {str(label).lower(): int(index) for index, label in self._model.config.id2label.items()}
        if "entailment" not in labels:
            raise UsageError(
                f"{name}: has the labels {', '.join(sorted(labels))} and no entailment; choose an NLI model"
            )
        return labels["entailment"]
