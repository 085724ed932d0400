"""The linear fusion, against values worked by hand."""

from __future__ import annotations

import numpy as np

from docqa.retrieval import fusion


def floats(*values: float) -> fusion.Floats:
    return np.asarray(values, np.float32)


def test_lexical_scores_are_shares_of_the_best_of_each_kind() -> None:
    np.testing.assert_allclose(fusion.lexical_passage_scores(floats(4, 2, 0), floats(1, 5, 0)), [1.2, 1.5, 0])


def test_the_best_sentence_stands_for_its_passage() -> None:
    best = fusion.best_of_each(floats(1, 3, 2, 0, 5), np.asarray([0, 2, 4, 5]))
    np.testing.assert_array_equal(best, [3, 2, 5])
    assert fusion.best_of_each(floats(), np.asarray([0])).shape == (0,)


def test_the_dense_half_adds_to_half_of_the_lexical_one() -> None:
    lexical, cosines = floats(2, 1), floats(0.1, 0.8)
    np.testing.assert_allclose(fusion.passage_scores(lexical, cosines), [1.1, 1.3])
    np.testing.assert_allclose(fusion.passage_scores(lexical, cosines, floats(0.5, 0.2)), [1.6, 1.5])


def test_a_sentence_counts_its_passage_at_half() -> None:
    lexical = fusion.lexical_sentence_scores(floats(1, 0.5), floats(0.4))
    np.testing.assert_allclose(lexical, [1.2, 0.7])
    np.testing.assert_allclose(fusion.sentence_scores(lexical, floats(0.3, 0.9), floats(0.2)), [1.0, 1.35])


def test_nothing_found_is_zero_and_not_a_division_by_zero() -> None:
    np.testing.assert_array_equal(fusion.lexical_passage_scores(floats(0, 0), floats(0, 0)), [0, 0])
    assert fusion.relative(floats()).shape == (0,)
