"""How alike stretches of text are, by words and by an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from docqa.documents import Page, Passage
from docqa.retrieval.dense import MemoryVectorCache
from docqa.retrieval.embedders import normalised
from docqa.retrieval.likeness import EncodedLikeness, LexicalLikeness, Likeness
from docqa.retrieval.passages import split

SHIP = "The ferry crosses the strait. The ferry carries lorries."
QUAY = "Ferries leave from the quay. The quay was widened for lorries."
OVEN = "Bread is baked in the oven. The oven is heated with wood."


def chunks(*texts: str) -> list[list[Passage]]:
    return [list(split("d" * 64, [Page(number, text)])) for number, text in enumerate(texts)]


class CountedEncoder:
    """Letters as dimensions; counts the texts that it was given."""

    fingerprint, dimension = "letters", 26

    def __init__(self) -> None:
        self.n_encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.asarray([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        return normalised(rows)

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.n_encoded += len(texts)
        return self.encode_queries(texts)


@pytest.mark.parametrize("likeness", [LexicalLikeness(), EncodedLikeness(CountedEncoder())])
def test_each_row_has_length_one_and_the_question_comes_first(likeness: Likeness) -> None:
    rows = likeness("When does the ferry leave?", chunks(SHIP, QUAY, OVEN))
    assert rows.shape[0] == 4
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 1], abs=1e-6)


def test_texts_that_share_rare_words_are_alike_whatever_their_endings() -> None:
    question, ship, quay, oven = LexicalLikeness()("Where do ferries land?", chunks(SHIP, QUAY, OVEN))
    assert ship @ quay > 0.2 > ship @ oven == 0
    assert question @ quay > 0 == question @ oven


def test_a_question_without_a_known_word_is_like_nothing() -> None:
    rows = LexicalLikeness()("Giraffes?", chunks(SHIP, OVEN))
    assert not rows[0].any()


def test_the_vectors_of_passages_are_made_once() -> None:
    encoder, cache = CountedEncoder(), MemoryVectorCache()
    likeness = EncodedLikeness(encoder, cache)
    first = likeness("ferry?", chunks(SHIP, OVEN))
    assert encoder.n_encoded == 2
    assert (likeness("ferry?", chunks(SHIP, OVEN)) == first).all()
    assert encoder.n_encoded == 2
    assert (likeness("ferry?", []).shape, encoder.n_encoded) == ((1, 26), 2)
