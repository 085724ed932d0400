"""Claims made by rule say what they should, and a changed detail is one detail."""

import random
import re

import pytest

from training.claim_edits import (
    kind_of,
    shortened,
    statement,
    with_name_changed,
    with_negation_changed,
    with_number_changed,
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
