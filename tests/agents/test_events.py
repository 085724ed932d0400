"""Events are written down and read back as they were."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from docqa.agents.events import (
    Checked,
    Chosen,
    Clarified,
    Event,
    Finished,
    LimitReached,
    Read,
    Routed,
    Searched,
    Started,
    Understood,
    event_from_json,
    event_to_json,
)
from docqa.answers import Absence, Answer, Citation, Coverage, Route, Statement, Support
from docqa.documents import Box
from docqa.errors import UsageError

CITATION = Citation(
    "r.pdf",
    "ab" * 32,
    11,
    12,
    "8",
    "p. 8 (PDF 12)",
    3,
    9,
    "a “b”",
    "close",
    Support("partly", 0.5, "x"),
    (Box(1, 2, 3, 4),),
)
ANSWER = Answer(
    "Why?",
    "partial",
    (Statement("A “b”.", (CITATION,)),),
    Route("rag", "because"),
    Coverage(20, 19, ("p. 3",)),
    Absence("none", ("a",), ("b",), (CITATION,)),
    ("careful",),
    {"calls": 2},
    {"read": 0.5},
)
EVENTS: tuple[Event, ...] = (
    Started("0a1b"),
    Understood("And in 2019? (revenue)"),
    Routed("chain", "it was asked for", ("rag: 10 tokens", "chain: 20 tokens")),
    Searched("revenue\n2019", 10),
    Read(3, 8, 5),
    Clarified("Who is the keeper?", 2),
    Chosen(2, 5),
    Checked(3, 2),
    LimitReached("time is up"),
    Finished(ANSWER),
)


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_the_same_after_it_went_through_json(event: Event) -> None:
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event


@pytest.mark.parametrize(
    "data", [{}, {"event": "flown"}, {"event": "read", "done": 1}, {"event": "started", "x": 1}, []]
)
def test_what_is_no_event_is_refused_in_one_line(data: object) -> None:
    with pytest.raises(UsageError, match="not an event") as caught:
        event_from_json(data)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
