"""Any cross-encoder reranker of sentence-transformers as the reader of evidence; needs the extra `local`."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from docqa.answers import Support
from docqa.documents import Span
from docqa.errors import UsageError
from docqa.llm.reader import Candidate, LexicalReader


class CrossEncoderReader:
    """Ranks sentences by a reranker such as BAAI/bge-reranker-v2-m3; refuses and checks by words, as rerankers cannot.

    `name` is a folder, or a name that is in the Hugging Face cache: nothing is downloaded. Raises UsageError when the
    model or the extra is missing, or when it gives more than one number for a pair. Threads may share one.
    """

    def __init__(self, name: str) -> None:
        if not name:
            raise UsageError("a reranker needs a model: embedded:cross-encoder:BAAI/bge-reranker-v2-m3 or a folder")
        try:
            from sentence_transformers import CrossEncoder
            from torch.nn import Sigmoid
        except ImportError as error:
            raise UsageError("a reranker needs the extra local: pip install 'docqa[local]'") from error
        try:
            self._model = CrossEncoder(name, local_files_only=True, activation_fn=Sigmoid())
        except (OSError, ValueError) as error:
            raise UsageError(f"{name}: no cross-encoder is there, and docqa downloads none: {error}") from error
        if self._model.num_labels != 1:
            raise UsageError(
                f"{name}: gives {self._model.num_labels} numbers for a pair; choose a reranker, which has one"
            )
        self.name = f"cross-encoder:{name}"
        self._words = LexicalReader()
        self._lock = threading.Lock()

    def rank(self, question: str, candidates: Sequence[Candidate]) -> Sequence[float]:
        """The model's relevance of each sentence, from 0 to 1."""
        if not candidates:
            return []
        with self._lock:
            scores = self._model.predict([(question, c.text) for c in candidates], show_progress_bar=False)
        return [float(score) for score in scores]

    def answerable(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """As the words of the question tell."""
        return self._words.answerable(question, candidates, coverage)

    def certain(self, question: str, candidates: Sequence[Candidate], coverage: float) -> bool:
        """As the words of the question tell."""
        return self._words.certain(question, candidates, coverage)

    def find_spans(self, question: str, sentences: Sequence[str]) -> Sequence[Span | None]:
        """A reranker does not tell."""
        return [None] * len(sentences)

    def supports(self, claim: str, text: str) -> Support:
        """As shared words tell."""
        return self._words.supports(claim, text)
