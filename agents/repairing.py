"""A statement that its citations do not bear out: is there another passage that does?

The statement itself is the query. At most `N_TRIED` passages are judged for it, best first, as a judge may be a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docqa.agents.corpus import Corpus
from docqa.agents.judging import Judging
from docqa.agents.reasoner import Evidence
from docqa.agents.sources import sentences_of
from docqa.documents import Document
from docqa.retrieval.retriever import Hit

N_TRIED = 3


@dataclass(frozen=True, slots=True)
class Repair:
    """Looks for proof in these documents."""

    documents: Sequence[Document]
    corpus: Corpus
    judging: Judging

    def proof(self, claim: str, held: Sequence[Evidence] = ()) -> tuple[Evidence, ...]:
        """Evidence that bears the whole claim out, alone or together with what it `held` already; empty for none."""
        known = list(dict.fromkeys(piece.passage for piece in held))
        hits = self.corpus.search(self.documents, claim, len(known) + N_TRIED).hits
        for hit in [hit for hit in hits if hit.passage not in known][:N_TRIED]:
            if self.judging.bears_out(claim, [hit.passage]):
                return (_best_sentence(hit),)
            if held and self.judging.bears_out(claim, [*known, hit.passage]):
                return (*held, _best_sentence(hit))
        return ()


def _best_sentence(hit: Hit) -> Evidence:
    """The sentence of a passage that has most to do with the query."""
    best = max(hit.sentences, key=lambda sentence: sentence.score, default=None)
    return sentences_of(hit.passage, hit.score)[0] if best is None else Evidence(hit.passage, best.span, best.score)
