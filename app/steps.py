"""The steps of an answer on a terminal: one line each, which moves while its step goes on and then stays.

route   chain: the question asks for all of something, so every part is read and counted
read    part 12 of 40, 31 noted
check   32 of 32 statements are proved on the page
done    6,210 tokens in 41 calls, 58.3 s; expected about 7,900 tokens, 40 calls, 61.0 s; 198 of 198 pages readable
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from rich.console import Console
from rich.text import Text

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
)
from docqa.answers import Answer, one_line

_LABELS: Mapping[type[object], str] = {
    Routed: "route",
    Searched: "search",
    Read: "read",
    Clarified: "clarify",
    Chosen: "choose",
    Checked: "check",
    LimitReached: "limit",
    Finished: "done",
}
_WIDTH = 8


def shown(events: Iterable[Event], console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Event]:
    """The events, passed on; each step is a line on the console, drawn anew until the next step begins."""
    started, expected, latest = clock(), "", Text()
    with console.status("") as live:
        for event in events:
            label = _LABELS.get(type(event), "")
            if label and latest and not (label == "read" and latest.plain.startswith(label)):
                console.print(latest)
            if isinstance(event, Routed):
                expected = event.expected
            said = took(event.answer, clock() - started, expected) if isinstance(event, Finished) else str(event)
            if label:
                latest = Text(f"{label:<{_WIDTH}}{one_line(said).removeprefix(f'{label} ')}", style="dim")
                live.update(latest)
            if isinstance(event, Finished):
                live.stop()
                console.print(latest)
            yield event


def took(answer: Answer, seconds: float, expected: str) -> str:
    """What the answer has taken, beside what was expected, and how much of the documents could be read."""
    usage = answer.usage
    n_tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    n_calls = usage.get("calls", 0)
    work = (
        f"{n_tokens:,} tokens in {_counted(n_calls, 'call')}"
        if n_calls
        else f"{_counted(usage.get('passages', 0), 'passage')} read"
    )
    coverage = answer.coverage
    pages = f"{coverage.pages_read} of {_counted(coverage.pages, 'page')} readable"
    return "; ".join(filter(None, (f"{work}, {seconds:.1f} s", expected and f"expected {expected}", pages)))


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
