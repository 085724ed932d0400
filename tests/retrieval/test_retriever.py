"""Retrieval over documents: lexical alone, and with a real, if humble, encoder of hashed words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from docqa.documents import Document, Page
from docqa.retrieval.dense import DenseIndex, MemoryVectorCache, embedding_text, encode, vector_key
from docqa.retrieval.embedders import Vectors, normalised
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument

SYNONYMS = {"automobile": "car", "vehicle": "car", "physician": "doctor"}


class HashedWords:
    """Each word (and all of its synonyms) is a fixed random direction; a text is the sum of its words."""

    dimension = 256

    def __init__(self, fingerprint: str = "hashed words 1") -> None:
        self.fingerprint = fingerprint
        self.n_encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.n_encoded += len(texts)
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return normalised(
            np.stack([sum((_direction(w) for w in text.lower().split()), np.zeros(256)) for text in texts])
        )


def _direction(word: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    word = word.strip(".,?!")
    seed = int.from_bytes(hashlib.sha256(SYNONYMS.get(word, word).encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(256)


def indexed(name: str, *paragraphs: str, language: str = "en") -> IndexedDocument:
    filler = " Nobody knows more about it than that, and whoever says otherwise is wrong." * 6
    document = Document(
        name, name, (Page(0, "\n\n".join(p + filler for p in paragraphs), number=1),), language=language
    )
    passages = list(split(document.id, document.pages))
    assert len(passages) == len(paragraphs)
    return IndexedDocument(document, passages, LexicalIndex.build(passages, language))


TOWN = indexed(
    "town",
    "The bridge was built in 1890. It is made of iron.",
    "The mayor bought an automobile. It was red.",
    "The harbour froze in winter. The salt was gone.",
)
CITY = indexed("city", "The bridge of the city is new. It was opened by the queen.", "Taxes were raised twice.")


def test_the_best_passage_comes_first_with_its_sentences_best_first() -> None:
    hits = HybridRetriever([TOWN]).retrieve("When was the bridge built?", k=3)
    assert hits[0].passage.number == 0
    start, end = hits[0].sentences[0].span
    assert TOWN.document.pages[0].text[start:end] == "The bridge was built in 1890."
    assert [s.score for s in hits[0].sentences] == sorted((s.score for s in hits[0].sentences), reverse=True)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].lexical == hits[0].score == 2.0  # the best passage and the best sentence at once
    assert hits[0].cosine is None


def test_passages_of_several_documents_are_ranked_together() -> None:
    hits = HybridRetriever([TOWN, CITY]).retrieve("Who opened the bridge? The queen?", k=2)
    assert [(hit.passage.document_id, hit.passage.number) for hit in hits] == [("city", 0), ("town", 0)]


def test_no_more_than_k_passages_and_none_without_a_word_in_common() -> None:
    assert len(HybridRetriever([TOWN]).retrieve("the bridge", k=1)) == 1
    assert HybridRetriever([TOWN]).retrieve("Ulaanbaatar?", k=5) == ()
    assert HybridRetriever([]).retrieve("bridge", k=5) == ()


LONG = indexed(
    "long", *(f"Matter {i} of the council was put off." for i in range(60)), "The mayor bought an automobile."
)


def test_all_passages_of_a_small_document_are_encoded_so_that_no_word_need_be_in_common() -> None:
    assert HybridRetriever([TOWN], HashedWords()).retrieve("vehicle", k=1)[0].passage.number == 1


def test_a_full_dense_index_finds_what_has_no_word_in_common_in_a_long_document() -> None:
    embedder, cache = HashedWords(), MemoryVectorCache()
    source = replace(LONG, dense=DenseIndex.build(LONG.passages, embedder, cache))
    assert HybridRetriever([LONG], embedder, cache).retrieve("vehicle", k=1) == ()
    assert HybridRetriever([source], embedder, cache).retrieve("vehicle", k=1)[0].passage.number == 60


def test_a_dense_index_of_another_encoder_is_not_used() -> None:
    source = replace(LONG, dense=DenseIndex.build(LONG.passages, HashedWords("another"), MemoryVectorCache()))
    assert HybridRetriever([source], HashedWords()).retrieve("vehicle", k=1) == ()


def test_only_the_fifty_best_passages_of_the_lexical_half_are_encoded() -> None:
    embedder = HashedWords()
    hits = HybridRetriever([LONG], embedder).retrieve("council", k=3)
    n_sentences = sum(len(p.sentences) for p in LONG.passages[:10])
    assert embedder.n_encoded <= 50 + n_sentences
    assert len(hits) == 3


def test_the_fused_score_is_the_published_sum() -> None:
    embedder = HashedWords()
    (hit, *_) = HybridRetriever([TOWN], embedder).retrieve("harbour froze in winter", k=1)
    query = embedder.encode_queries(["harbour froze in winter"])[0]
    assert hit.cosine is not None
    best_sentence = max(s.cosine for s in hit.sentences if s.cosine is not None)
    assert hit.cosine == pytest.approx(float(embedder.encode_passages([hit.passage.text])[0] @ query), abs=1e-6)
    assert hit.score == pytest.approx(hit.cosine + 0.5 * hit.lexical + best_sentence, abs=1e-5)
    for sentence in hit.sentences:
        assert sentence.cosine is not None
        assert sentence.score == pytest.approx(sentence.cosine + 0.5 * sentence.lexical + 0.5 * hit.cosine, abs=1e-5)


def test_nothing_is_encoded_twice_and_only_candidates_are_encoded() -> None:
    embedder, cache = HashedWords(), MemoryVectorCache()
    retriever = HybridRetriever([TOWN, CITY], embedder, cache)
    retriever.retrieve("the harbour in winter", k=2)
    n_first = embedder.n_encoded
    assert n_first > 0
    retriever.retrieve("the harbour in winter", k=2)
    assert embedder.n_encoded == n_first
    assert vector_key(embedder.fingerprint, embedding_text(TOWN.passages[2])) in cache.get(
        [vector_key(embedder.fingerprint, embedding_text(TOWN.passages[2]))]
    )


def test_vectors_come_in_the_order_of_the_texts_with_repeated_ones_encoded_once() -> None:
    embedder = HashedWords()
    vectors = encode(embedder, ["a", "b", "a"], MemoryVectorCache())
    assert embedder.n_encoded == 2
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_allclose(vectors[1], HashedWords().encode_passages(["b"])[0])


def test_dense_search_is_exact_and_survives_saving(tmp_path_factory: pytest.TempPathFactory) -> None:
    rng = np.random.default_rng(0)
    index = DenseIndex("f", normalised(rng.standard_normal((200, 32)).astype(np.float32)))
    folder = tmp_path_factory.mktemp("dense")
    index.save(folder)
    loaded = DenseIndex.load(folder)
    query = normalised(rng.standard_normal((1, 32)).astype(np.float32))[0]
    expected = np.argsort(-(index.vectors @ query), kind="stable")[:10]
    for dense in (index, loaded):
        numbers, cosines = dense.search(query, 10)
        np.testing.assert_array_equal(numbers, expected)
        np.testing.assert_allclose(cosines, (index.vectors @ query)[expected], atol=1e-3)
    assert loaded.fingerprint == "f"


def test_evidence_covers_a_question_about_the_document_and_not_one_about_something_else() -> None:
    retriever = HybridRetriever([TOWN])
    inside = retriever.search("When was the bridge built?", k=3).evidence
    assert (inside.coverage, inside.sentence_coverage, inside.missing, inside.uncovered) == (1.0, 1.0, (), ())
    outside = retriever.search("What is the capital of Mongolia near the bridge?", k=3).evidence
    assert outside.missing == ("capital", "Mongolia", "near")
    assert 0 < outside.coverage < 0.5
    apart = retriever.search("bridge harbour", k=3).evidence
    assert apart.document_coverage == 1.0 > apart.coverage
    assert apart.uncovered in (("bridge",), ("harbour",))


def test_evidence_of_nothing_is_zero() -> None:
    evidence = HybridRetriever([TOWN]).search("Ulaanbaatar", k=3).evidence
    assert (evidence.coverage, evidence.sentence_coverage, evidence.document_coverage) == (0.0, 0.0, 0.0)
    assert evidence.missing == ("Ulaanbaatar",)
    assert HybridRetriever([TOWN]).search("?", k=3).evidence.n_words == 0


def test_evidence_knows_the_best_cosine_when_there_is_an_encoder() -> None:
    result = HybridRetriever([TOWN], HashedWords()).search("The bridge was built in 1890.", k=3)
    assert result.evidence.best_cosine == pytest.approx(1.0, abs=1e-5)
