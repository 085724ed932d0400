"""What one worker reads: everything once, in order, never more than fits."""

from __future__ import annotations

import pytest

from docqa.agents.chunks import Window, chunks
from docqa.agents.sources import lay_out, sentences_in, unranked
from docqa.documents import Page
from docqa.retrieval.passages import split

from .library_of_pages import document_of
from .scattered import plant_report


def count(text: str) -> int:
    return -(-len(text) // 4)


def test_the_budget_keeps_room_for_everything_that_is_not_document() -> None:
    window = Window(size=8000, unit=500, output=600, margin=100)
    assert window.room(question_tokens=20, instruction_tokens=380) == 8000 - 20 - 380 - 500 - 600 - 100


@pytest.mark.parametrize("n_tokens", [60, 300, 2000, 10**6])
def test_every_sentence_is_read_once_and_in_order_and_no_chunk_is_too_long(n_tokens: int) -> None:
    document = plant_report(n_pages=12)
    passages = list(split(document.id, document.pages))
    runs = chunks(passages, n_tokens, count)
    assert all(count(lay_out(sentences_in(unranked(run))).text) <= n_tokens for run in runs)
    read = [(piece.passage.page, piece.span, piece.quote) for run in runs for piece in sentences_in(unranked(run))]
    assert read == [(p.page, e.span, e.quote) for p in passages for e in sentences_in(unranked([p]))]


def test_chunks_are_nearly_full() -> None:
    document = plant_report(n_pages=30)
    runs = chunks(list(split(document.id, document.pages)), 1000, count)
    sizes = [count(lay_out(sentences_in(unranked(run))).text) for run in runs[:-1]]
    assert min(sizes) > 900


@pytest.mark.parametrize("text", ["word " * 900, "x" * 4000, "漢" * 3000], ids=["words", "one word", "no spaces"])
def test_a_sentence_longer_than_a_chunk_is_cut_and_nothing_is_lost(text: str) -> None:
    document = document_of(Page(0, text.strip(), number=1))
    runs = chunks(list(split(document.id, document.pages)), 100, count)
    assert len(runs) > 5
    read = "".join(piece.quote for run in runs for piece in sentences_in(unranked(run)))
    assert read.replace(" ", "") == text.replace(" ", "")
    assert all(count(lay_out(sentences_in(unranked(run))).text) <= 100 for run in runs)


def test_a_cut_passage_is_still_the_text_of_its_page() -> None:
    document = plant_report(n_pages=3)
    for run in chunks(list(split(document.id, document.pages)), 120, count):
        for passage in run:
            assert document.pages[passage.page].text[passage.start_char : passage.end_char] == passage.text


def test_no_passages_make_no_chunks() -> None:
    assert chunks([], 100, count) == []
