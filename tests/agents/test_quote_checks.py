"""What somebody else quoted is looked up where it is said to stand; the words around it are not judged."""

from __future__ import annotations

import pytest

from docqa.agents.quote_checks import CheckedQuote, check_quotes
from docqa.agents.quoted_text import quotes_in
from docqa.documents import Page

from .library_of_pages import document_of

SURVEY = document_of(
    Page(0, "Contents. Piles, costs and the tower.", number=1, label="i"),
    Page(1, "The hall stands on larch piles. They were driven in 1802 by nine men.", number=2, label="1"),
    Page(2, "The tower is not safe for children. It cost 900 crowns, half of it in 1804.", number=3, label="2"),
    name="survey.pdf",
)
NOTES = document_of(Page(0, "The hall stands on larch piles, say the notes.", place="Notes"), name="notes.md")


def checked(markdown: str, *documents: object) -> CheckedQuote:
    (found,) = check_quotes(quotes_in(markdown), documents or (SURVEY,))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("markdown", "verdict", "holds"),
    [
        ("“The hall stands on larch piles” (p. 2)", "verbatim", True),
        ("“The hall stands on larch piles” (p. 1)", "verbatim", True),  # the printed number
        ("“The hall stands on larch piles” (p. 1 (PDF 2))", "verbatim", True),
        ("“The hall stands on larch piles” (p. 1 (PDF 3))", "other_page", False),
        ("“The hall stands on larch piles” (p. 3)", "other_page", False),
        ("“The hall stands on larch piles” (pp. 2-3)", "verbatim", True),
        ("“The hall stands on larch piles” (p. 99)", "other_page", False),
        ("“Piles, costs and the tower” (p. i)", "verbatim", True),
        ("“They were driven in 1803” (p. 2)", "absent", False),
        ("“The hall stands on oak piles” (p. 2)", "absent", False),
        ("“The hall stands on larch piles. They were driven by nine men” (p. 2)", "stitched", False),
        ("“The hall stands on larch pile. They were driven in 1802 by nine men.” (p. 2)", "close", False),
        ("> The hall stands on larch piles.\n> — survey.pdf, p. 2", "verbatim", True),
        ("He says “the hall stands on larch piles and more” today.", "absent", False),
        ("He says “They were driven in 1802 by nine men” today.", "verbatim", True),
    ],
)
def test_a_quote_is_looked_up_on_the_page_that_is_named(markdown: str, verdict: str, holds: bool) -> None:
    found = checked(markdown)
    assert found.located is not None
    assert (found.located.verdict, found.holds) == (verdict, holds)


def test_where_a_format_has_no_pages_the_words_alone_are_looked_up() -> None:
    assert checked("“The hall stands on larch piles” (p. 7)", NOTES).holds


def test_a_document_that_is_named_is_the_one_that_counts() -> None:
    other = document_of(Page(0, "The piles are of oak.", number=1), Page(1, "It rains.", number=2), name="other.pdf")
    assert checked("“The piles are of oak” (other.pdf, p. 1)", SURVEY, other).holds
    assert checked("“The piles are of oak” (Other, p. 1)", SURVEY, other).holds
    assert checked("“The piles are of oak” (p. 1)", SURVEY, other).holds
    wrong = checked("“The piles are of oak” (survey.pdf, p. 1)", SURVEY, other)
    assert wrong.located is not None
    assert (wrong.located.verdict, wrong.holds) == ("other_document", False)


@pytest.mark.parametrize(
    ("markdown", "support"),
    [
        ("The tower is said to be “safe for children” (p. 3).", "partly"),
        ("The tower is not “safe for children” (p. 3).", "supports"),
        ("Smith says it “cost 900 crowns” (p. 3), alas.", "supports"),
        ("In 1802 it is said to have “cost 900 crowns” (p. 3).", "supports"),  # the year stands on another page
        ("In 1812 it is said to have “cost 900 crowns” (p. 3).", "contradicts"),
    ],
)
def test_a_negation_that_was_cut_off_and_a_number_from_nowhere_are_noticed(markdown: str, support: str) -> None:
    assert checked(markdown).support == support


@pytest.mark.parametrize(
    ("markdown", "support", "holds"),
    [
        ("The tower cost 900 crowns (p. 3).", "supports", True),
        ("The tower, says Smith, cost 900 crowns (p. 3).", "partly", True),
        ("The tower cost 800 crowns (p. 3).", "contradicts", False),
        ("The tower cost 900 crowns (p. 1).", "contradicts", False),
        ("Whales sing their songs at night (p. 3).", "unrelated", False),
        ("The tower cost 900 crowns (p. 99).", "unrelated", False),
    ],
)
def test_a_sentence_with_a_page_and_no_quote_is_compared_with_the_page(
    markdown: str, support: str, holds: bool
) -> None:
    found = checked(markdown)
    assert found.located is None
    assert (found.support, found.holds) == (support, holds)
