"""The way to an answer in words, one line for each step, as a person follows it while it goes on and afterwards.

Lines are plain text: whoever shows them escapes them. `docqa.app.steps` draws the same on a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docqa.agents.events import Event, Finished, Read, Routed, Started
from docqa.answers import Answer, Coverage, one_line
from docqa.app.settings_choices import route_label
from docqa.app.steps import took

_OUTCOMES = {"answered": "Answered", "partial": "Partly answered", "not_found": "Not found"}
_STAGES = {"retrieve": "search", "reason": "wording", "gather": "reading", "cite": "checking"}
_N_PLACES = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One line, with what it rests on; `share` from 0 to 1 says how far a step is that has parts."""

    text: str
    details: tuple[str, ...] = ()
    share: float | None = None


def steps(events: Iterable[Event]) -> tuple[Step, ...]:
    """The steps so far; of the turns of workers, which come one after the other, the latest."""
    shown: list[tuple[type[Event], Step]] = []
    expected = ""
    for event in events:
        if isinstance(event, Routed):
            expected = event.expected
        if shown and shown[-1][0] is type(event) is Read:
            shown.pop()
        if not isinstance(event, Started):
            shown.append((type(event), _step(event, expected)))
    return tuple(step for _, step in shown)


def headline(events: Sequence[Event]) -> str:
    """The latest step in a few words."""
    latest = steps(events)
    return latest[-1].text if latest else "Looking at the question"


def figures(answer: Answer) -> str:
    """What an answer has cost: time, and the model's calls and tokens where there was one."""
    usage, parts = answer.usage, [f"{sum(answer.seconds.values()):.1f} s"]
    if usage.get("calls"):
        n_tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        parts += [_counted(usage["calls"], "model call"), _counted(n_tokens, "token")]
    return ", ".join(parts)


def coverage_line(coverage: Coverage) -> str:
    """How much was read, and where the rest is.

    >>> coverage_line(Coverage(20, 19, ("page 3",)))
    'Read 19 of 20 pages; could not be read: page 3'
    """
    unreadable = ", ".join(map(one_line, coverage.unreadable[:_N_PLACES]))
    more = f" and {len(coverage.unreadable) - _N_PLACES} more" if len(coverage.unreadable) > _N_PLACES else ""
    missing = f"; could not be read: {unreadable}{more}" if unreadable else ""
    return f"Read {coverage.pages_read} of {_counted(coverage.pages, 'page')}{missing}"


def _step(event: Event, expected: str) -> Step:
    if isinstance(event, Routed):
        return Step(f"{route_label(event.strategy)}: {one_line(event.reason)}", tuple(map(one_line, event.estimates)))
    if isinstance(event, Finished):
        answer, seconds = event.answer, sum(event.answer.seconds.values())
        stages = ", ".join(f"{_STAGES.get(name, name)} {spent:.1f} s" for name, spent in answer.seconds.items())
        details = filter(None, (took(answer, seconds, expected), stages and f"time: {stages}", str(answer.check or "")))
        return Step(f"{_OUTCOMES[answer.status]} after {figures(answer)}", tuple(details))
    said = one_line(str(event))
    share = event.done / max(1, event.total) if isinstance(event, Read) else None
    return Step(f"{said[:1].upper()}{said[1:]}", share=share)


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
