"""BM25 over passages and sentences, checked against bm25s."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import bm25s
import numpy as np
import pytest

from docqa.documents import Passage, Span
from docqa.retrieval.bm25 import PARAMETERS, prepare
from docqa.retrieval.languages import Analyser
from docqa.retrieval.lexical import LexicalIndex, Unit, sentence_texts
from docqa.text import sentences

WORDS = [
    "river",
    "bridge",
    "tax",
    "harbour",
    "council",
    "winter",
    "engine",
    "treaty",
    "salt",
    "archive",
    "lantern",
    "orchard",
]


def passage(number: int, text: str, headings: tuple[str, ...] = (), header: str = "", start: int = 7) -> Passage:
    spans = tuple(Span(a, b) for a, b in sentences(text, start))
    return Passage("d", number, 0, start, start + len(text), text, spans, headings, header)


def random_passages(n: int, seed: int, vocabulary: Sequence[str] = WORDS) -> list[Passage]:
    rng = random.Random(seed)
    texts = (
        ". ".join(" ".join(rng.choices(vocabulary, k=rng.randint(2, 12))) for _ in range(rng.randint(1, 5))) + "."
        for _ in range(n)
    )
    return [passage(i, text) for i, text in enumerate(texts)]


def index_of(*texts: str, language: str = "en") -> LexicalIndex:
    return LexicalIndex.build([passage(i, text) for i, text in enumerate(texts)], language)


def passage_scores(index: LexicalIndex, question: str) -> list[float]:
    scores: list[float] = prepare([index], question).scores("passages")[0].tolist()
    return scores


@pytest.mark.parametrize("unit", ["passages", "sentences"])
@pytest.mark.parametrize("question", ["river tax", "lantern orchard salt engine", "winter", "river nothing"])
def test_scores_equal_those_of_bm25s(unit: Unit, question: str) -> None:
    passages = random_passages(40, seed=3)
    texts = [p.text for p in passages] if unit == "passages" else [t for p in passages for t in sentence_texts(p)]
    analyser = Analyser("en")
    oracle = bm25s.BM25(method="lucene", k1=PARAMETERS[unit].k1, b=PARAMETERS[unit].b)
    oracle.index([analyser.terms(text) for text in texts], show_progress=False)
    expected = oracle.get_scores([t for t in analyser.terms(question) if t in oracle.vocab_dict])
    ours = prepare([LexicalIndex.build(passages, "en")], question).scores(unit)[0]
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("unit", ["passages", "sentences"])
def test_scores_over_two_documents_equal_those_over_one_that_holds_both(unit: Unit) -> None:
    first, second = (
        random_passages(15, seed=1),
        random_passages(25, seed=2, vocabulary=[*WORDS[:6], "mountain", "glacier"]),
    )
    parts = prepare([LexicalIndex.build(first, "en"), LexicalIndex.build(second, "en")], "river glacier tax").scores(
        unit
    )
    whole = prepare([LexicalIndex.build([*first, *second], "en")], "river glacier tax").scores(unit)
    np.testing.assert_allclose(np.concatenate(parts), whole[0], rtol=1e-5)


def test_a_saved_index_scores_as_before(tmp_path: Path) -> None:
    index = LexicalIndex.build(random_passages(30, seed=5), "en")
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path)
    for unit in PARAMETERS:
        np.testing.assert_array_equal(
            prepare([loaded], "river salt").scores(unit)[0], prepare([index], "river salt").scores(unit)[0]
        )


@pytest.mark.parametrize("passages", [[], [passage(0, "...")]])
def test_an_index_without_words_is_saved_and_finds_nothing(tmp_path: Path, passages: list[Passage]) -> None:
    LexicalIndex.build(passages, "").save(tmp_path)
    scores = prepare([LexicalIndex.load(tmp_path)], "river").scores("passages")
    assert [s.tolist() for s in scores] == [[0.0] * len(passages)]


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    index_of("river").save(tmp_path)
    stamp = tmp_path / "lexical.json"
    stamp.write_text(stamp.read_text().replace('"version": "', '"version": "0.'))
    with pytest.raises(ValueError, match="version"):
        LexicalIndex.load(tmp_path)


def test_function_words_hardly_count_unless_there_is_nothing_else() -> None:
    index = index_of("the who and the what of it is the how", "the bridge over a river", "nothing at all")
    assert np.argmax(passage_scores(index, "what is the bridge?")) == 1
    assert np.argmax(passage_scores(index, "who is it?")) == 0


@pytest.mark.parametrize("languages", [("id",), ("en", "de"), ("de",)])
def test_function_words_are_those_of_the_question_whatever_the_documents_speak(languages: tuple[str, ...]) -> None:
    indexes = [index_of("Norway\t2001", language=language) for language in languages]
    asked = prepare(indexes, "What was the revenue of Norway?")
    assert [term.word for term in asked.terms if not term.is_stopword] == ["revenue", "Norway"]


@pytest.mark.parametrize(
    ("question", "language", "subject"),
    [
        ("图书馆什么时候开放？", "zh", ["图书", "书馆", "开放"]),
        ("建筑师是谁？", "zh", ["建筑", "筑师"]),
        ("図書館はいつ開館しましたか", "ja", ["図書", "書館", "開館", "館し"]),
        ("建物の費用はいくらですか", "ja", ["建物", "費用"]),
    ],
)
def test_what_only_asks_in_an_unspaced_script_is_no_subject(question: str, language: str, subject: list[str]) -> None:
    vocabulary = LexicalIndex.build([passage(0, question)], language)
    asked = prepare([vocabulary], question)
    names = {number: term for term, number in vocabulary.vocabulary.items()}
    assert [names[term.ids[0]] for term in asked.terms if not term.is_stopword] == subject


def test_a_question_of_nothing_but_asking_still_finds_something() -> None:
    assert passage_scores(index_of("谁", "北京", language="zh"), "谁？")[0] > 0


@pytest.mark.parametrize("question", ["", "?!", "zzz", "the", "\U0001f600"])
def test_a_question_without_a_known_word_finds_nothing(question: str) -> None:
    assert passage_scores(index_of("salt", "tax"), question) == [0.0, 0.0]


def test_words_with_the_same_stem_count_once() -> None:
    index = index_of("bridges over rivers", "tax")
    assert passage_scores(index, "bridge bridges Bridge's") == passage_scores(index, "bridge")


def test_the_heading_is_searched_with_the_passage_and_weighs_less_than_its_text() -> None:
    passages = [passage(0, "It rose."), passage(1, "It rose.", headings=("Revenue",)), passage(2, "Revenue rose.")]
    none, heading, text = passage_scores(LexicalIndex.build(passages, "en"), "revenue")
    assert none == 0 < heading < text


def test_a_row_is_found_by_the_header_of_its_table() -> None:
    rows = [passage(0, "Oslo\t5", header="City\tRainfall"), passage(1, "Rome\t7")]
    scores = prepare([LexicalIndex.build(rows, "en")], "rainfall").scores("sentences")[0]
    assert scores[0] > 0 == scores[1]


def test_each_document_is_searched_in_its_own_language() -> None:
    german, french = index_of("Die Häuser am Hafen", language="de"), index_of("Les maisons du port", language="fr")
    scores = prepare([german, french], "Haus maison").scores("passages")
    assert all(s[0] > 0 for s in scores)


def test_chinese_is_searched_by_pairs_of_characters() -> None:
    index = index_of("我们去北京的公园。", "南京的春天很美。", "他是中国人。", language="zh")
    assert np.argmax(passage_scores(index, "北京在哪里")) == 0
    assert passage_scores(index, "北京在哪里")[1] == 0  # one character in common is no word in common
    assert np.argmax(passage_scores(index, "人")) == 2


def test_numbers_are_found_however_they_are_grouped() -> None:
    assert passage_scores(index_of("It cost 1821 dollars", "It cost 1921 dollars"), "1,821")[1] == 0


def test_three_hundred_pages_are_indexed_loaded_and_searched_in_time(tmp_path: Path) -> None:
    """The bars are 1 s, 20 ms and 10 ms; the test allows five times as much for a loaded machine."""
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghiklmnoprstu", k=rng.randint(3, 9))) for _ in range(12_000)]
    passages = random_passages(3_000, seed=0, vocabulary=vocabulary)
    times = [time.perf_counter()]
    index = LexicalIndex.build(passages, "en")
    index.save(tmp_path)
    times.append(time.perf_counter())
    loaded = LexicalIndex.load(tmp_path)
    times.append(time.perf_counter())
    query = prepare([loaded], " ".join(vocabulary[:8]))
    assert query.scores("passages")[0].any()
    query.scores("sentences")
    times.append(time.perf_counter())
    build_s, load_s, query_s = (b - a for a, b in pairwise(times))
    assert build_s < 5
    assert load_s < 0.1
    assert query_s < 0.05


def test_a_table_row_is_as_long_as_its_label_whatever_values_follow() -> None:
    text = "Total revenue\t4,795\t4,147\t4,055\t16%\nPercentage of total revenue\t—"
    rows = (Span(0, 37), Span(38, len(text)))
    table = Passage("d" * 64, 0, 0, 0, len(text), text, rows, kind="table")
    index = LexicalIndex.build([table], "en")
    (scores,) = prepare([index], "total revenue").scores("sentences")
    assert scores[0] > scores[1]
