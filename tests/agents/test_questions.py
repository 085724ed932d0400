"""What kind of question it is."""

from __future__ import annotations

import pytest

from docqa.agents.questions import kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What was the revenue in 2021?", "fact"),
        ("Who signed the contract?", "fact"),
        ("How many employees does it have?", "fact"),
        ("How long is the bridge?", "fact"),
        ("Welche Farbe hat das Haus?", "fact"),
        ("Summarise the report.", "summary"),
        ("What is this document about?", "summary"),
        ("What are the key findings?", "summary"),
        ("Compare the two methods.", "comparison"),
        ("What is the difference between lease A and lease B?", "comparison"),
        ("List all suppliers.", "aggregation"),
        ("How many times is the word risk used?", "aggregation"),
        ("Why did sales fall in 2020?", "reason"),
        ("How do I replace the filter?", "reason"),
        ("On which page is the warranty described?", "location"),
        ("How many leaks are mentioned in the log?", "aggregation"),
        ("How many suppliers does this contract name?", "aggregation"),
        ("How many people live in Oslo?", "fact"),
        ("How many exhibits are in the report in total?", "aggregation"),
        ("How many tables are included in the document?", "aggregation"),
        ("How many grams of coffee fit in the manual insert?", "fact"),
        ("How many times did the plague come back?", "fact"),
        ("In what districts are the boats all of the same type?", "fact"),
        ("What are all of the suppliers?", "aggregation"),
        ("", "fact"),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_words(question: str, kind: str) -> None:
    assert kind_of(question) == kind
