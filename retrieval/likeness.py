"""How alike long stretches of text are to each other and to a question: one unit vector for each.

By words where there is no encoder (TF-IDF, Salton and Buckley 1988), else by the mean of the vectors of the passages.
The inner product of two rows is their likeness. Knows no document, and no use that is made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from docqa.documents import Passage
from docqa.retrieval.dense import MemoryVectorCache, VectorCache, embedding_text, encode
from docqa.retrieval.embedders import Embedder, normalised
from docqa.retrieval.languages import Analyser, is_stopword
from docqa.text import word_strings

Chunk = Sequence[Passage]


class Likeness(Protocol):
    """Makes the rows: the question's first, then one for each chunk; float32, (1 + n_chunks, dimension), length 1 or
    0."""

    def __call__(self, question: str, chunks: Sequence[Chunk]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class LexicalLikeness:
    """By the words of one language: (1 + ln tf) ln(1 + n / df), function words left out."""

    language: str = "en"

    def __call__(self, question: str, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """Rows over the terms of the chunks; a word that stands in no chunk says nothing."""
        analyser = Analyser(self.language)
        texts = [question, *("\n".join(passage.text for passage in chunk) for chunk in chunks)]
        counts = [self._counts(text, analyser) for text in texts]
        frequency = Counter(term for chunk in counts[1:] for term in chunk)
        columns = {term: column for column, term in enumerate(frequency)}
        rarity = np.log1p(len(chunks) / np.fromiter(frequency.values(), np.float32, len(frequency)))
        rows = np.zeros((len(counts), len(columns)), np.float32)
        for row, terms in zip(rows, counts, strict=True):
            known = {term: n for term, n in terms.items() if term in columns}
            row[[columns[term] for term in known]] = 1 + np.log(np.fromiter(known.values(), np.float32, len(known)))
        return normalised(rows * rarity)

    def _counts(self, text: str, analyser: Analyser) -> Counter[str]:
        words = (word for word in word_strings(text) if not is_stopword(word, self.language))
        return Counter(term for word in words for term in analyser.terms_of(word))


@dataclass(frozen=True, slots=True)
class EncodedLikeness:
    """By an encoder; vectors of passages are taken from the cache, where a search may have left them."""

    embedder: Embedder
    cache: VectorCache = field(default_factory=MemoryVectorCache)

    def __call__(self, question: str, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """The question's vector, and for each chunk the mean of its passages'."""
        asked = self.embedder.encode_queries([question])
        means = [encode(self.embedder, [embedding_text(p) for p in chunk], self.cache).mean(axis=0) for chunk in chunks]
        return normalised(np.stack([*asked, *means]))
