"""Every step on the way to an answer in one line, the estimate beside what it came to."""

from __future__ import annotations

from typing import get_args

import pytest

from docqa.agents.events import Checked, Event, Finished, LimitReached, Read, Routed, Searched, Started, Understood
from docqa.answers import Coverage
from docqa.app.step_lines import coverage_line, figures, headline, steps
from tests.agents.test_events import EVENTS

from .answers_of_ours import ANSWERED, NOT_FOUND


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Understood("And in 2019? (revenue)"), "Understood as “And in 2019? (revenue)”"),
        (Routed("chain", "it was asked for"), "Everything, part by part (chain): it was asked for"),
        (Routed("new_one", "why\nnot"), "new_one: why not"),
        (Searched("rent\x1b[2J", 2), "Found 2 passages for “rent[2J”"),
        (Read(3, 8, 5), "Read part 3 of 8, 5 noted"),
        (Checked(3, 2), "2 of 3 statements are proved on the page"),
        (LimitReached("it was stopped by hand"), "It was stopped by hand"),
        (Finished(ANSWERED), "Answered after 1.3 s, 2 model calls, 1,540 tokens"),
        (Finished(NOT_FOUND), "Not found after 0.0 s"),
    ],
)
def test_a_step_is_one_line(event: Event, line: str) -> None:
    (step,) = steps([event])
    assert step.text == line


def test_every_kind_of_event_but_the_start_has_a_line() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))
    assert all(bool(steps([event])) != isinstance(event, Started) for event in EVENTS)


def test_of_the_workers_the_latest_is_shown_with_how_far_it_is() -> None:
    shown = steps([Searched("rent", 3), Read(1, 8, 0), Read(2, 8, 1), Checked(1, 1), Read(1, 4, 1)])
    assert [(step.text.split(",")[0], step.share) for step in shown] == [
        ("Found 3 passages for “rent”", None),
        ("Read part 2 of 8", 0.25),
        ("1 of 1 statements are proved on the page", None),
        ("Read part 1 of 4", 0.25),
    ]


def test_the_estimates_stand_beside_what_it_came_to() -> None:
    expected = "about 1,700 tokens, 1 calls, 0.6 s"
    route, end = steps([Routed("rag", "because", (f"rag: {expected}", "chain: more")), Finished(ANSWERED)])
    assert route.details == (f"rag: {expected}", "chain: more")
    assert end.details == (
        f"1,540 tokens in 2 calls, 1.3 s; expected {expected}; 19 of 20 pages readable",
        "time: search 0.2 s, wording 1.1 s",
        "Checked 3 statements: 1 left out.",
    )


def test_the_headline_is_the_latest_step() -> None:
    assert headline([]) == "Looking at the question"
    assert headline([Started("a"), Searched("rent", 2)]) == "Found 2 passages for “rent”"


def test_where_much_is_unreadable_the_first_places_are_named() -> None:
    places = tuple(f"page {n}" for n in range(1, 10))
    assert coverage_line(Coverage(9, 0, places)).endswith("page 5, page 6 and 3 more")
    assert figures(NOT_FOUND) == "0.0 s"
