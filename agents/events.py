"""What happens on the way to an answer, one typed event at a time, for the command line, a page or a program.

A stream of events always ends with `Finished`, unless an error is raised. Events can be written down as JSON and read
back, for whoever looks at a run later or from another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from docqa.answers import Answer
from docqa.errors import UsageError


@dataclass(frozen=True, slots=True)
class Started:
    """A run that can be taken up again by this id, should it be interrupted."""

    run_id: str

    def __str__(self) -> str:
        return f"run {self.run_id}"


@dataclass(frozen=True, slots=True)
class Understood:
    """A follow-up question, worded so that it stands on its own: this is what the documents are asked."""

    question: str

    def __str__(self) -> str:
        return f"understood as “{self.question}”"


@dataclass(frozen=True, slots=True)
class Routed:
    """A strategy was chosen; `reason` is one sentence, `estimates` say in words what each candidate would cost."""

    strategy: str
    reason: str
    estimates: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What the strategy was expected to cost, "" when it was not estimated."""
        name = f"{self.strategy}: "
        return next((words.removeprefix(name) for words in self.estimates if words.startswith(name)), "")

    def __str__(self) -> str:
        return f"{self.strategy}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Searched:
    """The passages for a query were fetched."""

    query: str
    n_passages: int

    def __str__(self) -> str:
        return f"found {self.n_passages} passages for “{self.query}”"


@dataclass(frozen=True, slots=True)
class Read:
    """A worker has had its turn: `done` of `total` turns, `n_evidence` sentences or items noted so far."""

    done: int
    total: int
    n_evidence: int

    def __str__(self) -> str:
        return f"read part {self.done} of {self.total}, {self.n_evidence} noted"


@dataclass(frozen=True, slots=True)
class Clarified:
    """The model asked itself `question`, and pointed to `n_paragraphs` that answer it."""

    question: str
    n_paragraphs: int

    def __str__(self) -> str:
        paragraphs = "1 paragraph" if self.n_paragraphs == 1 else f"{self.n_paragraphs} paragraphs"
        return f"cleared up “{self.question}” with {paragraphs}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of several answers to the question, `number` (from 1) of `total` was taken."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"took answer {self.number} of {self.total}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The draft's citations were checked: `n_kept` of `n_drafted` statements stand, `n_repaired` of them on another
    passage than the draft named, and `n_removed` citations were taken out."""

    n_drafted: int
    n_kept: int
    n_repaired: int = 0
    n_removed: int = 0

    def __str__(self) -> str:
        repaired = f", {self.n_repaired} by another passage" if self.n_repaired else ""
        removed = f"; {self.n_removed} citations were removed" if self.n_removed else ""
        return f"{self.n_kept} of {self.n_drafted} statements are proved on the page{repaired}{removed}"


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A budget ended the work early; what is verified so far follows."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is there."""

    answer: Answer

    def __str__(self) -> str:
        return f"{self.answer.status} by {self.answer.route.strategy}"


Event = Started | Understood | Routed | Searched | Read | Clarified | Chosen | Checked | LimitReached | Finished

_KINDS: Mapping[str, type[Event]] = {
    "started": Started,
    "understood": Understood,
    "routed": Routed,
    "searched": Searched,
    "read": Read,
    "clarified": Clarified,
    "chosen": Chosen,
    "checked": Checked,
    "limit_reached": LimitReached,
    "finished": Finished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def event_to_json(event: Event) -> dict[str, Any]:
    """The event as plain JSON values: its `event` by name, and its fields."""
    fields = {"answer": event.answer.to_json()} if isinstance(event, Finished) else asdict(event)
    return {"event": _NAMES[type(event)], **fields}


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Read an event back; raises UsageError when it is none."""
    try:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        kind = _KINDS[fields.pop("event")]
        return Finished(Answer.from_json(data["answer"])) if kind is Finished else kind(**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is not an event of a run: {type(error).__name__} at {error}") from error
