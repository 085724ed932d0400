"""How lexical and dense scores of passages and sentences become one score.

The fusion is linear, after division by the best lexical score of the question (`lin2` below). On SQuAD articles as long
documents it was better than reciprocal rank fusion at every cut-off, which lost even to BM25 alone at rank 1.

    passage  = cos(passage) + 0.5 bm25(passage)/max + cos(best sentence) + 0.5 bm25(best sentence)/max
    sentence = cos(sentence) + 0.5 bm25(sentence)/max + 0.5 cos(its passage) + 0.25 bm25(its passage)/max

Without an encoder the cosines are missing on both sides, and the weights are doubled so that a passage's best score is
2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LEXICAL_WEIGHT = 0.5


def relative(scores: Floats) -> Floats:
    """Scores as shares of the best one: 1 is the best, all 0 when nothing matches. Shape kept."""
    best = float(scores.max(initial=0.0))
    return scores / np.float32(best) if best > 0 else np.zeros_like(scores)


def best_of_each(sentence_scores: Floats, starts: NDArray[np.int64]) -> Floats:
    """The score of the best sentence of each passage. Shapes: (n_sentences,), (n_passages + 1,) -> (n_passages,)."""
    if len(starts) < 2:
        return np.zeros(0, np.float32)
    best: Floats = np.maximum.reduceat(sentence_scores, starts[:-1])
    return best


def lexical_passage_scores(passages: Floats, best_sentences: Floats) -> Floats:
    """Fuse BM25 of the passages with BM25 of the best sentence of each; from 0 to 2. Shapes: all (n_passages,)."""
    return relative(passages) + relative(best_sentences)


def lexical_sentence_scores(sentences: Floats, passages: Floats) -> Floats:
    """Fuse relative BM25 of sentences with that of the passage of each; from 0 to 1.5. Shapes: all (n_sentences,)."""
    return np.asarray(sentences + np.float32(0.5) * passages, np.float32)


def passage_scores(lexical: Floats, cosines: Floats, best_sentence_cosines: Floats | None = None) -> Floats:
    """Add the dense half to `lexical_passage_scores`; the best sentences' cosines where they are known (`lin2`)."""
    fused = cosines + np.float32(_LEXICAL_WEIGHT) * lexical
    return fused if best_sentence_cosines is None else fused + best_sentence_cosines


def sentence_scores(lexical: Floats, cosines: Floats, passage_cosines: Floats) -> Floats:
    """Add the dense half to `lexical_sentence_scores`. Shapes: (n_sentences,); `passage_cosines` may be of shape
    (1,)."""
    return np.asarray(cosines + np.float32(_LEXICAL_WEIGHT) * lexical + np.float32(0.5) * passage_cosines, np.float32)
