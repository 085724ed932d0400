"""BM25 of a question over the passages and over the sentences of several documents at once.

The number of units, the document frequencies and the mean length are pooled over the documents in question.

    idf(t) = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))
    score(q, u) = sum over t of weight(t) * idf(t) * tf / (tf + k1 * (1 - b + b * length(u) / mean length))

This is Lucene's form of Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from docqa.retrieval.languages import Analyser, asking_characters, is_stopword, question_language
from docqa.retrieval.lexical import Floats, LexicalIndex, Unit
from docqa.text import word_strings

_STOPWORD_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class BM25:
    """How fast repetition saturates (`k1`) and how much length counts (`b`). Sentences hardly repeat a word."""

    k1: float
    b: float


PARAMETERS: Mapping[Unit, BM25] = {"passages": BM25(k1=1.5, b=0.75), "sentences": BM25(k1=0.9, b=0.5)}


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A term of a question. `ids` has its number in each index, -1 where it does not occur; `n_units` in all of them.

    `weight` is small for a function word, unless the question has nothing else.
    """

    word: str
    is_stopword: bool
    weight: float
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A question prepared for one set of indexes, with their pooled statistics. Build it with `prepare`."""

    indexes: tuple[LexicalIndex, ...]
    terms: tuple[QueryTerm, ...]

    def idf(self, unit: Unit) -> tuple[float, ...]:
        """The inverse document frequency of each term among the units of all indexes."""
        n_units = sum(index.of(unit).n_units for index in self.indexes)
        return tuple(_idf(n_units, self.frequency(term, unit)) for term in self.terms)

    def frequency(self, term: QueryTerm, unit: Unit) -> int:
        """How many units of all indexes hold a term."""
        return sum(index.of(unit).frequency(i) for index, i in zip(self.indexes, term.ids, strict=True))

    def scores(self, unit: Unit) -> list[Floats]:
        """BM25 of every unit: one array (n_units,) for each index."""
        idf = self.idf(unit)
        mean_length = self._mean_length(unit)
        k1, b = PARAMETERS[unit].k1, PARAMETERS[unit].b
        scores = []
        for k, index in enumerate(self.indexes):
            postings = index.of(unit)
            total = np.zeros(postings.n_units, np.float32)
            for term, rarity in zip(self.terms, idf, strict=True):
                if term.ids[k] >= 0:
                    units, counts = postings.of(term.ids[k])
                    norm = k1 * (1 - b + b * postings.lengths[units] / mean_length)
                    total[units] += np.float32(term.weight * rarity) * counts / (counts + norm)
            scores.append(total)
        return scores

    def _mean_length(self, unit: Unit) -> float:
        n_units = sum(index.of(unit).n_units for index in self.indexes)
        n_terms = sum(float(index.of(unit).lengths.sum()) for index in self.indexes)
        return max(1.0, n_terms / n_units) if n_units else 1.0


def prepare(indexes: Sequence[LexicalIndex], question: str) -> LexicalQuery:
    """Analyse a question in the language of each index, its function words in its own.

    Words with the same terms count once.
    """
    analysers = {index.language: Analyser(index.language) for index in indexes}
    asked_in = question_language(question, analysers)
    found: dict[tuple[object, ...], QueryTerm] = {}
    for word in word_strings(question):
        spellings = {language: _query_terms(analyser, word) for language, analyser in analysers.items()}
        is_function_word, asking = is_stopword(word, asked_in), asking_characters(word)
        for j in range(max(map(len, spellings.values()), default=0)):
            ids = tuple(_id(index, spellings[index.language], j) for index in indexes)
            says_nothing = is_function_word or not asking.isdisjoint((j, j + 1))  # term j is the pair at j
            key = ids if max(ids) >= 0 else (word.casefold(), j)
            found.setdefault(key, QueryTerm(word, says_nothing, _STOPWORD_WEIGHT if says_nothing else 1.0, ids))
    terms = tuple(found.values())
    if not any(not term.is_stopword and max(term.ids) >= 0 for term in terms):  # "who is it": function words or nothing
        terms = tuple(QueryTerm(term.word, term.is_stopword, 1.0, term.ids) for term in terms)
    return LexicalQuery(tuple(indexes), terms)


def _query_terms(analyser: Analyser, word: str) -> tuple[str, ...]:
    """As in the index, but without the single characters of an unspaced script: its pairs say more."""
    terms = analyser.terms_of(word)
    n_characters = (len(terms) + 1) // 2
    is_unspaced = len(terms) == 2 * len(word) - 1 and len(word) > 1 and not word.isascii() and terms[-1] == word[-1]
    return terms[: n_characters - 1] if is_unspaced else terms


def _id(index: LexicalIndex, terms: Sequence[str], j: int) -> int:
    return index.vocabulary.get(terms[j], -1) if j < len(terms) else -1


def _idf(n_units: int, frequency: int) -> float:
    return float(np.log1p((n_units - frequency + 0.5) / (frequency + 0.5)))
