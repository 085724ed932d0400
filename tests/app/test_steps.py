"""The steps of an answer on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from docqa.agents.events import Checked, Event, Finished, LimitReached, Read, Routed, Searched, Started
from docqa.answers import Answer, Coverage, Route
from docqa.app.steps import shown, took

ANSWER = Answer(
    "q?",
    "answered",
    (),
    Route("chain", "r"),
    Coverage(9, 8),
    usage={"calls": 4, "input_tokens": 6000, "output_tokens": 210, "passages": 31},
)
EVENTS: tuple[Event, ...] = (
    Started("1a2b3c4d"),
    Routed("chain", "it was asked for", ("rag: about 900 tokens", "chain: about 7,900 tokens, 4 calls, 9.0 s")),
    Searched("tar\x1b[2J barrels", 10),
    Read(1, 3, 0),
    Read(2, 3, 4),
    Read(3, 3, 5),
    LimitReached("the limit of 9 s is reached"),
    Checked(5, 4),
    Finished(ANSWER),
)


def test_each_step_leaves_one_line_and_the_last_says_what_it_took_and_what_was_expected() -> None:
    out = io.StringIO()
    seconds = iter((100.0, 112.34))
    assert list(shown(EVENTS, Console(file=out, width=200), lambda: next(seconds))) == list(EVENTS)
    assert out.getvalue().splitlines() == [
        "route   chain: it was asked for",
        "search  found 10 passages for “tar[2J barrels”",
        "read    part 3 of 3, 5 noted",
        "limit   the limit of 9 s is reached",
        "check   4 of 5 statements are proved on the page",
        "done    6,210 tokens in 4 calls, 12.3 s; expected about 7,900 tokens, 4 calls, 9.0 s; 8 of 9 pages readable",
    ]


def test_without_a_model_the_passages_are_counted() -> None:
    answer = Answer("q?", "answered", (), Route("rag", "r"), Coverage(1, 1), usage={"passages": 1})
    assert took(answer, 0.04, "") == "1 passage read, 0.0 s; 1 of 1 page readable"
