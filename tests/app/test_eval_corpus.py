"""Texts of a benchmark and files of the library are searched as one corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docqa.app.build import build_corpus, build_library
from docqa.app.config import Settings
from docqa.app.eval_commands import build_strategy
from docqa.app.eval_corpus import EvalCorpus
from docqa.eval.examples import FileSource, TextSource

TUNNEL = TextSource("tunnel", ("The tunnel was dug in 1964.", "", "It is lit by forty lamps of brass."))


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[EvalCorpus]:
    library = build_library(Settings(cache_dir=tmp_path / "cache"))
    yield EvalCorpus(build_corpus(Settings(cache_dir=tmp_path / "cache"), library))
    library.close()


def test_the_parts_of_a_text_are_its_pages(corpus: EvalCorpus) -> None:
    document = corpus.open(TUNNEL)
    assert [page.text for page in document.pages] == list(TUNNEL.parts)
    assert corpus.open(TUNNEL).id == document.id
    assert corpus.open(TextSource("tunnel", ("Another.",))).id != document.id


def test_a_question_over_texts_and_files_finds_both(corpus: EvalCorpus, lease: Path) -> None:
    documents = [corpus.open(TUNNEL), corpus.open(FileSource(lease))]
    answerer = build_strategy(Settings(), "rag", corpus)
    lamps, rent = (answerer(q, documents) for q in ("How many lamps of brass are there?", "What is the yearly rent?"))
    assert (lamps.citations[0].document, lamps.citations[0].part) == ("tunnel", 2)
    assert (rent.citations[0].document, rent.citations[0].part) == ("lease.pdf", 0)
    assert lamps.coverage.pages == 4


def test_more_texts_than_are_kept_are_indexed_again(corpus: EvalCorpus) -> None:
    sources = [TextSource(f"d{n}", (f"Town {n} has {n + 100} wells.",)) for n in range(70)]
    documents = [corpus.open(source) for source in sources]
    hits = corpus.search([documents[0]], "wells", 3).hits
    assert [hit.passage.text for hit in hits] == ["Town 0 has 100 wells."]
    assert [p.text for p in corpus.passages(documents[69])] == ["Town 69 has 169 wells."]
    assert corpus.n_chars(documents[0]) == 21
