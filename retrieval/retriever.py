"""From a question to the passages and sentences that bear on it, over one or several indexed documents.

The lexical half ranks everything; with an encoder, the best twenty passages of the lexical half (and of a full dense
index, where there is one) are encoded and ranked again, and the sentences of the best ten. Measured, that finds as much
as encoding every passage. Where the question names pages, only those are searched. Knows no file, no store and no
language model. With an encoder a passage without any word of the question must have a sentence that is like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from docqa.documents import Document, Passage, Span
from docqa.retrieval import fusion
from docqa.retrieval.absent import absent
from docqa.retrieval.bm25 import LexicalQuery, prepare
from docqa.retrieval.dense import DenseIndex, MemoryVectorCache, VectorCache, embedding_text, encode
from docqa.retrieval.embedders import Embedder
from docqa.retrieval.evidence import Evidence, measure
from docqa.retrieval.lexical import Floats, LexicalIndex, sentence_texts
from docqa.retrieval.places import selected, without_place
from docqa.retrieval.subjects import subject_of

_N_DENSE_CANDIDATES = 20
_N_SENTENCE_CANDIDATES = 10
_MIN_COSINE = 0.4  # of a sentence that has no word of the question: below, 97 % of foreign questions are refused


@dataclass(frozen=True, slots=True, eq=False)
class IndexedDocument:
    """A document with its passages and indexes. `passages[i]` is passage i of both indexes; it may be a lazy
    sequence."""

    document: Document
    passages: Sequence[Passage]
    lexical: LexicalIndex
    dense: DenseIndex | None = None


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence of a retrieved passage with its score, higher is better; `span` counts characters of the page."""

    span: Span
    score: float
    lexical: float
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage: `score` ranks it, `lexical` (0 to 2) and `cosine` are its parts. Sentences are best
    first."""

    passage: Passage
    score: float
    lexical: float
    cosine: float | None = None
    sentences: tuple[SentenceHit, ...] = ()


class Retriever(Protocol):
    """Finds the passages that bear on a question, best first, at most k of them."""

    def retrieve(self, question: str, k: int) -> tuple[Hit, ...]: ...


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits of a question, and how much of the question they cover.

    `within` says to which pages or sections the search was limited, such as "on page 4"; "" where there is no limit.
    """

    hits: tuple[Hit, ...]
    evidence: Evidence
    within: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The scores of all passages and sentences of all documents, one after the other; `numbers` are positions in
    them. `allowed` are the only ones that may be found, None when all may."""

    query: LexicalQuery
    sentence_starts: NDArray[np.int64]
    document_starts: NDArray[np.int64]
    passages: Floats
    sentences: Floats
    fused: Floats
    allowed: NDArray[np.int64] | None = None

    def locate(self, number: int) -> tuple[int, int]:
        """(document, passage of the document) of a pooled passage number."""
        document = int(np.searchsorted(self.document_starts, number, side="right")) - 1
        return document, number - int(self.document_starts[document])


@dataclass(slots=True)
class _Candidates:
    """Passages in question: pooled numbers, shape (n,), best first, with scores and cosines beside them.

    The cosine of a passage that was not encoded is NaN.
    """

    numbers: NDArray[np.int64]
    scores: Floats
    cosines: Floats | None = None
    sentence_cosines: dict[int, Floats] = field(default_factory=dict)


class HybridRetriever:
    """Lexical search over documents, joined with an encoder when one is given. Vectors are kept in `cache`."""

    def __init__(
        self, sources: Sequence[IndexedDocument], embedder: Embedder | None = None, cache: VectorCache | None = None
    ) -> None:
        self._sources = tuple(sources)
        self._embedder = embedder
        self._cache = cache if cache is not None else MemoryVectorCache()

    def retrieve(self, question: str, k: int) -> tuple[Hit, ...]:
        """The best passages of all documents together; none without any word of the question when there is no
        encoder."""
        return self.search(question, k).hits

    def search(self, question: str, k: int) -> Retrieval:
        """As `retrieve`, with what an honest refusal needs to know."""
        found = selected(question, [s.document for s in self._sources], self._passages)
        asked = without_place(question) if found else question
        pool = replace(_pool(self._sources, asked), allowed=np.asarray(found.positions, np.int64) if found else None)
        candidates = self._lexical_candidates(pool, max(k, _N_DENSE_CANDIDATES if self._embedder else k))
        if self._embedder is not None:
            query = self._embedder.encode_queries([asked])[0]
            candidates = self._dense_candidates(pool, candidates, query, self._embedder)
            candidates = self._with_sentences(pool, candidates, query, max(k, _N_SENTENCE_CANDIDATES))
            candidates = candidates if pool.allowed is not None else _bearing(pool, candidates)
        hits = tuple(self._hit(pool, candidates, rank) for rank in range(min(k, len(candidates.numbers))))
        places = [pool.locate(int(number)) for number in candidates.numbers[:k]]
        return Retrieval(hits, self._evidence(question, pool.query, places, hits), found.wording if found else "")

    def _evidence(
        self, question: str, query: LexicalQuery, places: Sequence[tuple[int, int]], hits: Sequence[Hit]
    ) -> Evidence:
        """How much of the question the hits cover; `places` are their (document, passage) numbers."""
        documents = [source.document for source in self._sources]
        found_in = {document for document, _ in places}
        subjects = {documents[i].id: name for i in found_in if (name := subject_of(question, documents[i]))}
        evidence = measure(query, places, [s.cosine for hit in hits for s in hit.sentences], subjects)
        return replace(evidence, absent=absent(question, [source.lexical for source in self._sources], documents))

    def _passage(self, pool: _Pool, number: int) -> Passage:
        document, passage = pool.locate(number)
        return self._sources[document].passages[passage]

    def _passages(self) -> list[Passage]:
        """Those of all documents, by pooled number."""
        return [passage for source in self._sources for passage in source.passages]

    def _lexical_candidates(self, pool: _Pool, n: int) -> _Candidates:
        if pool.allowed is not None:  # what stands there may answer without a word of the question
            numbers = pool.allowed[_best(pool.fused[pool.allowed], n)]
            return _Candidates(numbers, pool.fused[numbers])
        numbers = _best(pool.fused, n)
        if self._embedder is None or len(pool.fused) > n:  # else all are few enough to be encoded
            numbers = numbers[pool.fused[numbers] > 0]
        return _Candidates(numbers, pool.fused[numbers])

    def _dense_candidates(self, pool: _Pool, lexical: _Candidates, query: Floats, embedder: Embedder) -> _Candidates:
        dense = self._dense_numbers(pool, query, embedder.fingerprint) if pool.allowed is None else []
        numbers = np.union1d(lexical.numbers[:_N_DENSE_CANDIDATES], dense).astype(np.int64)
        rest = np.setdiff1d(lexical.numbers, numbers)
        rest = rest[np.argsort(-pool.fused[rest], kind="stable")]
        texts = [embedding_text(self._passage(pool, int(number))) for number in numbers]
        cosines = encode(embedder, texts, self._cache) @ query
        scores = fusion.passage_scores(pool.fused[numbers], cosines)
        order = np.argsort(-scores, kind="stable")
        return _Candidates(
            np.concatenate([numbers[order], rest]),
            np.concatenate([scores[order], pool.fused[rest]]),
            np.concatenate([cosines[order], np.full(len(rest), np.nan, np.float32)]),
        )

    def _dense_numbers(self, pool: _Pool, query: Floats, fingerprint: str) -> list[int]:
        """The best passages of the full dense indexes, as far as this encoder made them."""
        found: list[int] = []
        for start, source in zip(pool.document_starts, self._sources, strict=False):
            if source.dense is not None and source.dense.fingerprint == fingerprint and len(source.dense.vectors):
                found += (source.dense.search(query, _N_DENSE_CANDIDATES)[0] + int(start)).tolist()
        return found

    def _with_sentences(self, pool: _Pool, candidates: _Candidates, query: Floats, n: int) -> _Candidates:
        """Rank the n best again by their best sentence; the others stay behind them in their order."""
        assert self._embedder is not None
        assert candidates.cosines is not None
        n = min(n, int(np.count_nonzero(~np.isnan(candidates.cosines))))
        top = candidates.numbers[:n]
        texts = [sentence_texts(self._passage(pool, int(number))) for number in top]
        vectors = encode(self._embedder, [text for group in texts for text in group], self._cache)
        groups = np.split(vectors @ query, np.cumsum([len(group) for group in texts])[:-1]) if len(top) else []
        best = np.asarray([group.max() for group in groups], np.float32)
        scores = fusion.passage_scores(pool.fused[top], candidates.cosines[:n], best)
        order = np.argsort(-scores, kind="stable")
        rest = slice(n, None)
        return _Candidates(
            np.concatenate([top[order], candidates.numbers[rest]]),
            np.concatenate([scores[order], candidates.scores[rest]]),
            np.concatenate([candidates.cosines[:n][order], candidates.cosines[rest]]),
            {int(number): group for number, group in zip(top, groups, strict=True)},
        )

    def _hit(self, pool: _Pool, candidates: _Candidates, rank: int) -> Hit:
        number = int(candidates.numbers[rank])
        passage = self._passage(pool, number)
        known = candidates.cosines is not None and not np.isnan(candidates.cosines[rank])
        cosine = float(candidates.cosines[rank]) if known and candidates.cosines is not None else None
        sentences = _sentence_hits(pool, number, passage, cosine, candidates.sentence_cosines.get(number))
        return Hit(passage, float(candidates.scores[rank]), float(pool.fused[number]), cosine, sentences)


def _bearing(pool: _Pool, candidates: _Candidates) -> _Candidates:
    """Without the passages that hold no word of the question and no sentence like it: the nearest need not be near."""
    assert candidates.cosines is not None
    groups = candidates.sentence_cosines
    likest = [
        float(groups[int(number)].max()) if int(number) in groups else float(cosine)
        for number, cosine in zip(candidates.numbers, candidates.cosines, strict=True)
    ]
    kept = (pool.fused[candidates.numbers] > 0) | (np.asarray(likest) >= _MIN_COSINE)
    return replace(
        candidates,
        numbers=candidates.numbers[kept],
        scores=candidates.scores[kept],
        cosines=candidates.cosines[kept],
    )


def _pool(sources: Sequence[IndexedDocument], question: str) -> _Pool:
    query = prepare([source.lexical for source in sources], question)
    passages, sentences = _joined(query.scores("passages")), _joined(query.scores("sentences"))
    n_sentences = np.cumsum([0, *(source.lexical.sentences.n_units for source in sources)])
    starts = [source.lexical.sentence_starts[:-1] + n for source, n in zip(sources, n_sentences, strict=False)]
    sentence_starts = np.concatenate([*starts, n_sentences[-1:]]).astype(np.int64)
    fused = fusion.lexical_passage_scores(passages, fusion.best_of_each(sentences, sentence_starts))
    document_starts = np.cumsum([0, *(source.lexical.passages.n_units for source in sources)])
    return _Pool(query, sentence_starts, document_starts, fusion.relative(passages), fusion.relative(sentences), fused)


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _best(scores: Floats, n: int) -> NDArray[np.int64]:
    """Numbers of the n highest scores, best first; of equals the first in the document."""
    if n < len(scores):
        threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
        numbers = np.flatnonzero(scores >= threshold)
    else:
        numbers = np.arange(len(scores))
    return numbers[np.argsort(-scores[numbers], kind="stable")][:n]


def _sentence_hits(
    pool: _Pool, number: int, passage: Passage, cosine: float | None, cosines: Floats | None
) -> tuple[SentenceHit, ...]:
    first, last = int(pool.sentence_starts[number]), int(pool.sentence_starts[number + 1])
    lexical = fusion.lexical_sentence_scores(pool.sentences[first:last], pool.passages[number : number + 1])
    scores = lexical
    if cosines is not None and cosine is not None:
        scores = fusion.sentence_scores(lexical, cosines, np.asarray([cosine], np.float32))
    spans = passage.sentences or (Span(passage.start_char, passage.end_char),)
    hits = [
        SentenceHit(span, float(scores[j]), float(lexical[j]), None if cosines is None else float(cosines[j]))
        for j, span in enumerate(spans)
    ]
    return tuple(sorted(hits, key=lambda hit: -hit.score))
