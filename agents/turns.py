"""What the workers read, turn by turn: everything in the documents, in order, nothing left out.

Where the question names pages or sections, everything there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from docqa.agents.chunks import chunks
from docqa.agents.corpus import Corpus
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.sources import unranked
from docqa.documents import Document, Passage
from docqa.errors import UsageError
from docqa.retrieval.places import selected
from docqa.retrieval.retriever import Retrieval

_LEAST_ROOM = 256  # with less, most of what a model reads is prompt

Turns = Callable[[str, Sequence[Document]], Sequence[Retrieval]]
"""From a question and documents to what each worker reads, in the order of the documents."""


@dataclass(frozen=True, slots=True)
class WindowTurns:
    """Turns that fill the window of a language model."""

    corpus: Corpus
    reasoner: LLMReasoner

    def __call__(self, question: str, documents: Sequence[Document]) -> list[Retrieval]:
        """Chunks of at most `reasoner.room(question)` tokens. Raises UsageError when the window has no room at all."""
        room = self.reasoner.room(question)
        if room < _LEAST_ROOM:
            raise UsageError(
                f"the window of {self.reasoner.window_size} tokens has no room: beside the question {max(0, room)} are "
                f"left for a document, and {_LEAST_ROOM} are needed; ask a shorter question, raise chain_window or "
                "take a model with a longer context"
            )
        passages = passages_asked_for(self.corpus, documents, question)
        runs = chunks(passages, room, self.reasoner.llm.count_tokens, self.reasoner.names)
        return [unranked(run) for run in runs]


@dataclass(frozen=True, slots=True)
class ScoredTurns:
    """Turns of `n_passages` with the retriever's scores, for a reasoner that has no window and needs them."""

    corpus: Corpus
    n_passages: int = 40

    def __call__(self, question: str, documents: Sequence[Document]) -> list[Retrieval]:
        """Every passage is there, with the score 0 where no word of the question occurs."""
        passages = passages_asked_for(self.corpus, documents, question)
        retrieval = self.corpus.search(documents, question, max(1, len(passages)))
        scored = {hit.passage.id: hit for hit in retrieval.hits}
        rest = {hit.passage.id: hit for hit in unranked([p for p in passages if p.id not in scored]).hits}
        hits = [scored.get(passage.id) or rest[passage.id] for passage in passages]
        starts = range(0, max(1, len(hits)), self.n_passages)
        return [replace(retrieval, hits=tuple(hits[start : start + self.n_passages])) for start in starts]


def all_passages(corpus: Corpus, documents: Sequence[Document]) -> list[Passage]:
    """Every passage of the documents, in order."""
    return [passage for document in documents for passage in corpus.passages(document)]


def passages_asked_for(corpus: Corpus, documents: Sequence[Document], question: str) -> list[Passage]:
    """Every passage of the documents, in order, or only those where the question says to look."""
    passages = all_passages(corpus, documents)
    found = selected(question, documents, lambda: passages)
    return passages if found is None else [passages[i] for i in found.positions]
