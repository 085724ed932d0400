"""How long documents are for one model: in its own tokens, laid out as the strategy that reads everything shows them.

Vocabularies differ by a factor of three on the same text, so a count with another one cannot say whether a text fits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from docqa.agents.corpus import Corpus
from docqa.agents.sources import lay_out, sentences_in, unranked
from docqa.documents import Document, Passage
from docqa.llm.base import LLM

_N_RUNS, _RUN = 8, 4  # runs of neighbours, as a heading line is shared by them
_MARGIN = 1.15  # a sample may miss the densest pages
_NEAR = (0.4, 1.25)  # shares of the window; the router's limit for what a model reads well, one half, lies between


@dataclass(frozen=True, slots=True)
class ModelTokens:
    """Counts documents in tokens of `llm`: from a sample, and to the token where that leaves open whether they fit."""

    llm: LLM
    corpus: Corpus

    def __call__(self, documents: Sequence[Document]) -> int:
        """Exact for short documents and near the window; elsewhere an estimate on the high side."""
        kept = [self.corpus.passages(document) for document in documents]
        places = [(passages, n) for passages in kept for n in range(len(passages))]
        starts = range(0, len(places), max(_RUN, math.ceil(len(places) / _N_RUNS)))
        sample = [place for start in starts for place in places[start : start + _RUN]]
        n_tokens = self._count([passages[n] for passages, n in sample])
        if len(sample) == len(places):
            return n_tokens
        estimate = math.ceil(_MARGIN * n_tokens * len(places) / len(sample))
        least, most = (share * self.llm.context_length for share in _NEAR)
        return self._count([passages[n] for passages, n in places]) if least <= estimate <= most else estimate

    def _count(self, passages: Sequence[Passage]) -> int:
        return self.llm.count_tokens(lay_out(sentences_in(unranked(passages))).text)
