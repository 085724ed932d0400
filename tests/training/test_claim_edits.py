"""Claims made by rule say what they should, and a changed detail is one detail."""

import random
import re

import pytest

from training.claim_edits import (
    kind_of,
    shortened,
    statement,
    with_name_changed,
    with_names_swapped,
    with_negation_changed,
    with_number_changed,
    with_number_of,
    with_opposite,
)


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("Who designed the tower?", "Marta Kessler", "Marta Kessler designed the tower."),
        ("What is the capital of Freedonia?", "Glorytown", "Glorytown is the capital of Freedonia."),
        ("How many people live there?", "520", "520 people live there."),
        ("When was the bridge built?", "in 1932", "the bridge was built in 1932."),
        ("Why did he leave?", "the war", "Why did he leave? the war"),
        ("How many did he sell?", "nine", "How many did he sell? nine"),
    ],
)
def test_a_question_and_its_answer_become_a_statement_where_a_rule_fits(question: str, answer: str, claim: str) -> None:
    assert statement(question, answer) == claim


@pytest.mark.parametrize(
    ("sentence", "changed"),
    [
        ("The mill was closed.", "The mill was not closed."),
        ("The mill was not closed.", "The mill was closed."),
        ("It has been sold.", "It has not been sold."),
        ("They don't sell bread.", "They do sell bread."),
        ("Birds sing.", None),
    ],
)
def test_a_negation_is_put_in_or_taken_out(sentence: str, changed: str | None) -> None:
    assert with_negation_changed(sentence) == changed


@pytest.mark.parametrize("seed", range(20))
def test_exactly_one_number_is_changed(seed: int) -> None:
    sentence = "In 1994 it sold 12,450 units at 3.50 each."
    changed = with_number_changed(sentence, random.Random(seed))
    if changed is not None:
        old, new = (re.findall(r"\d[\d,.]*\d", text) for text in (sentence, changed))
        assert sum(a != b for a, b in zip(old, new, strict=True)) == 1


def test_a_sentence_without_numbers_stays() -> None:
    assert with_number_changed("Nothing to count here.", random.Random(0)) is None


@pytest.mark.parametrize("seed", range(10))
def test_a_name_is_changed_to_one_that_the_sentence_lacks(seed: int) -> None:
    changed = with_name_changed(
        "In town Marta Kessler met Ada.", ["Marta Kessler", "Peter Lorne", "17"], random.Random(seed)
    )
    assert changed == "In town Peter Lorne met Ada."


def test_a_month_is_changed_to_another_month() -> None:
    changed = [with_name_changed("It fell in May last year.", [], random.Random(seed)) for seed in range(20)]
    assert all(c is None or re.fullmatch(r"It fell in (?!May)[A-Z][a-z]+ last year\.", c) for c in changed)
    assert any(changed)


def test_a_shortened_sentence_keeps_its_beginning() -> None:
    sentence = "The old mill (built in 1710) stood at the river for years, which nobody minded."
    assert shortened(sentence, random.Random(1)).startswith("The old mill stood at the river for years")


def test_kinds_of_answers() -> None:
    assert [kind_of(answer) for answer in ("in 1932", "Ada", "the war")] == ["number", "name", "words"]


def test_one_word_becomes_its_opposite() -> None:
    assert with_opposite("Sales increased in June.", random.Random(0)) == "Sales decreased in June."
    assert with_opposite("Birds sing.", random.Random(0)) is None


def test_two_names_change_places_unless_their_order_means_nothing() -> None:
    chosen = random.Random(0)
    assert with_names_swapped("In 1901 Harrow was beaten by Tamsin there.", chosen) == (
        "In 1901 Tamsin was beaten by Harrow there."
    )
    assert with_names_swapped("In 1901 Harrow and Tamsin both won.", chosen) is None


def test_a_number_becomes_another_one_of_the_text() -> None:
    text = "It sold 120 units in 1994 and 450 in 1998."
    changed = {with_number_of("It sold 120 units.", text, random.Random(seed)) for seed in range(20)}
    assert changed == {"It sold 450 units."}
    assert with_number_of("It sold 120 units.", "It sold 120.", random.Random(0)) is None
