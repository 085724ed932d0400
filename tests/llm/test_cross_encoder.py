"""A reranker of sentence-transformers as the reader of evidence: on a small model that the test makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.app.build import build_answerer, build_corpus, build_library
from docqa.app.config import Settings
from docqa.errors import UsageError
from docqa.llm.cross_encoder import CrossEncoderReader
from docqa.llm.reader import Candidate

from .nli_model import make_nli_model, make_reranker

sentence_transformers = pytest.importorskip("sentence_transformers")

SENTENCES = ["the sea is rough", "the sea is calm", "the sea is deep"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reranker(tmp_path_factory.mktemp("reranker"))


def test_sentences_are_ranked_as_the_model_ranks_them(folder: Path) -> None:
    reader = CrossEncoderReader(str(folder))
    question = "the sea is calm today"
    scores = reader.rank(question, [Candidate(text, text, 1.0) for text in SENTENCES])
    expected = sentence_transformers.CrossEncoder(str(folder)).rank(question, SENTENCES)
    order = sorted(range(len(SENTENCES)), key=lambda i: -scores[i])
    assert order == [row["corpus_id"] for row in expected]
    assert all(0 <= score <= 1 for score in scores)
    assert max(scores) - min(scores) > 0.05
    assert reader.rank(question, []) == []


def test_it_answers_by_the_name_of_its_folder(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "sea.txt"
    page.write_text("The sea is calm. The sea is rough. The sea is deep.", encoding="utf-8")
    settings = Settings(model=f"embedded:cross-encoder:{folder}", cache_dir=tmp_path / "cache", route="rag")
    with build_library(settings) as library:
        document = library.add(page)
        answer = build_answerer(settings, build_corpus(settings, library))("the sea is calm today", [document])
    assert answer.status == "answered"


def test_what_is_no_reranker_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cross-encoder is there"):
        CrossEncoderReader(str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="gives 3 numbers"):
        CrossEncoderReader(str(make_nli_model(tmp_path / "nli")))
    with pytest.raises(UsageError, match="needs a model"):
        CrossEncoderReader("")
