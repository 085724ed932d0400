"""`strict` mends what the original citation scorer gets wrong: a table of answers and what each deserves."""

from __future__ import annotations

import pytest

from docqa.citation_scores import CitationScore, CitedClaim, score_citations
from docqa.eval.cited_text import cited_claims, docqa_sentences, punkt, strict_cited_numbers, strict_without_citations
from docqa.eval.lciteeval import CitationScorer, Item, NumberedPassage

from .stand_in_judge import GOLDEN, StandInJudge

ITEM = Item("", "narrativeqa", tuple(map(NumberedPassage, GOLDEN["doc_sets"]["A"])), ("",))
BRIDGE = "The Aurora Bridge was completed in 1932"
BUDGET = f"{BRIDGE} with an approved budget of 4.2 million dollars"


def strict(text: str) -> CitationScore:
    score = CitationScorer(docqa_sentences(), StandInJudge().entails, "strict").score(ITEM, text)
    assert score is not None
    return score


@pytest.mark.parametrize(
    ("text", "recall", "precision", "n"),
    [
        ("", 0.0, 0.0, 0),
        (f"{BRIDGE} [1].", 1.0, 1.0, 1),
        (f"{BRIDGE}.", 0.0, 0.0, 0),
        (f"{BRIDGE} [1][99].", 1.0, 0.5, 2),
        (f"{BRIDGE} [99].", 0.0, 0.0, 1),
        (f"{BRIDGE} [1][2][3][99].", 1.0, 0.25, 4),
        ("Bread making requires flour and yeast [0].", 0.0, 0.0, 1),
        (f"{BUDGET} [1][1][3].", 1.0, 1.0, 2),
        (f"{BUDGET} [1, 3].", 1.0, 1.0, 2),
        (f"{BUDGET} [1-3].", 1.0, 2 / 3, 3),
        (f"{BRIDGE} [Passage 1].", 1.0, 1.0, 1),
        (f"{BRIDGE}【1】.", 1.0, 1.0, 1),
        (f"{BRIDGE}. [1] Ruth Almond designed the steel deck in 1929. [2]", 1.0, 1.0, 2),
        (f"{BRIDGE}.[1] Ruth Almond designed the steel deck in 1929.[2]", 1.0, 1.0, 2),
        (f"- {BRIDGE} [1]\n- Bread making requires flour [2]", 0.5, 0.5, 2),
        (f"{BRIDGE} [1][2][3][4].", 1.0, 1 / 3, 3),
    ],
)
def test_what_a_person_would_read_is_what_is_scored(text: str, recall: float, precision: float, n: int) -> None:
    score = strict(text)
    assert (score.recall, score.precision) == pytest.approx((recall, precision), abs=1e-12)
    assert score.n_citations == n


def test_the_modes_differ_on_an_empty_answer() -> None:
    assert score_citations((), ["x"], lambda premise, claim: True, "parity") is None
    assert score_citations((), ["x"], lambda premise, claim: True, "strict") == CitationScore(0.0, 0.0, 0.0, 0)


def test_a_citation_that_is_not_needed_costs_precision() -> None:
    claims = [CitedClaim("a b", (1, 2, 3))]
    score = score_citations(claims, ["a", "b", "c"], lambda premise, claim: {"a", "b"} <= set(premise.split()))
    assert score is not None
    assert (score.recall, score.precision) == pytest.approx((1.0, 2 / 3))
    assert score.n_citations == 3


@pytest.mark.parametrize(
    ("text", "numbers", "plain"),
    [
        ("See [1][2].", (1, 2), "See."),
        ("See [1, 2 and 4].", (1, 2, 4), "See."),
        ("See [2–4].", (2, 3, 4), "See."),
        ("See [4-2].", (4, 2), "See."),
        ("See [1-999999].", (1, 999999), "See."),
        ("See [Passages 3, 5].", (3, 5), "See."),
        ("See [a] and (1).", (), "See [a] and (1)."),
    ],
)
def test_every_way_of_writing_numbers_is_read(text: str, numbers: tuple[int, ...], plain: str) -> None:
    assert strict_cited_numbers(text) == numbers
    assert strict_without_citations(text) == plain


def test_the_splitters_say_their_names() -> None:
    assert (punkt().name, docqa_sentences().name) == ("punkt-en", "docqa")


def test_a_sentence_of_markers_alone_is_no_claim() -> None:
    assert cited_claims("[1]\n[2]", docqa_sentences(), "strict") == ()
