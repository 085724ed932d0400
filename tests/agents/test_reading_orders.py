"""In which order parts are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import networkx
import numpy as np
import pytest

from docqa.agents.reading_orders import ReadingOrder, chow_liu, passes, reading_orders
from docqa.agents.sources import unranked
from docqa.documents import Page, Passage
from docqa.errors import UsageError
from docqa.retrieval.likeness import LexicalLikeness
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import Retrieval

TEXTS = (
    "The weir was dredged in spring. Sand from the weir went to the quarry.",
    "The chapel has a bell. The bell was cast in Ghent.",
    "The quarry sells sand and gravel. Gravel is dear.",
    "The bell founder of Ghent also cast cannons.",
    "Gravel roads need repair after frost.",
)
QUESTION = "Who dredged the weir?"


def parts(texts: Sequence[str] = TEXTS) -> list[Retrieval]:
    passages = (split("d" * 64, [Page(number, text)]) for number, text in enumerate(texts))
    return [unranked(list(group)) for group in passages]


def numbers(order: ReadingOrder, seed: int = 0) -> list[list[int]]:
    ways = passes(order, parts(), QUESTION, LexicalLikeness(), seed)
    return [[part.hits[0].passage.page for part in way] for way in ways]


def test_parts_that_have_most_to_do_with_each_other_are_read_one_after_the_other() -> None:
    # The weir of the question, the quarry that its sand went to, a stranger, then the gravel of the quarry and the
    # founder of the stranger's bell.
    assert numbers("chow_liu") == [[0, 2, 1, 4, 3]]


def test_the_tree_is_read_breadth_first_from_the_part_nearest_to_the_question() -> None:
    likeness = np.zeros((6, 6), np.float32)
    for a, b, weight in ((2, 0, 0.9), (2, 4, 0.8), (2, 5, 0.95), (0, 1, 0.7), (5, 3, 0.6)):
        likeness[a, b] = likeness[b, a] = weight
    relevance = np.asarray([0.1, 0.2, 0.9, 0.3, 0.0, 0.4], np.float32)
    assert chow_liu(likeness, relevance) == [2, 5, 0, 4, 3, 1]


@pytest.mark.parametrize("seed", range(5))
def test_the_tree_is_a_maximum_spanning_tree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 8)).astype(np.float32)
    likeness = vectors @ vectors.T
    order = chow_liu(likeness, likeness[7])
    assert sorted(order) == list(range(30))
    graph = networkx.from_numpy_array(likeness)
    graph.remove_edges_from(networkx.selfloop_edges(graph))
    tree = networkx.maximum_spanning_tree(graph)
    depth = networkx.single_source_shortest_path_length(tree, order[0])
    assert [depth[part] for part in order] == sorted(depth.values())


def test_nothing_has_an_order_too() -> None:
    assert chow_liu(np.zeros((0, 0), np.float32), np.zeros(0, np.float32)) == []
    assert passes("chow_liu", [], QUESTION, LexicalLikeness()) == [[]]


@pytest.mark.parametrize("order", get_args(ReadingOrder))
def test_every_order_reads_every_part_once_in_each_direction(order: ReadingOrder) -> None:
    for way in numbers(order):
        assert sorted(way) == [0, 1, 2, 3, 4]


def test_parts_without_a_word_in_common_are_read_in_the_order_of_the_document() -> None:
    strangers = [f"word{n}" for n in "abcd"]
    ((*order,),) = [[part.hits[0].passage.page for part in way] for way in
                    passes("chow_liu", parts(strangers), "wordx?", LexicalLikeness())]  # fmt: skip
    assert order == [0, 1, 2, 3]


def test_shuffled_paths_differ_and_are_the_same_every_time() -> None:
    assert numbers("shuffled", 1) == numbers("shuffled", 1)
    assert len({str(numbers("shuffled", seed)) for seed in range(6)}) > 3


def test_orders_are_told_by_name() -> None:
    assert reading_orders("document, chow_liu") == ("document", "chow_liu")
    with pytest.raises(UsageError, match="unknown order of reading 'sideways'; known: document, reversed"):
        reading_orders("document,sideways")
    with pytest.raises(UsageError, match="unknown order"):
        reading_orders("")


def test_a_reader_of_passages_is_given_whole_parts() -> None:
    seen: list[Sequence[Sequence[Passage]]] = []

    def spying(question: str, chunks: Sequence[Sequence[Passage]]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        seen.append(chunks)
        return np.eye(len(chunks) + 1, dtype=np.float32)

    passes("chow_liu", parts(), QUESTION, spying)
    assert [[passage.text for passage in chunk] for chunk in seen[0]] == [[text] for text in TEXTS]
