"""What happens on the way to an answer, one typed event at a time, for the command line, a page or a program.

A stream of events always ends with `Finished`, unless an error is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from docqa.answers import Answer


@dataclass(frozen=True, slots=True)
class Started:
    """A run that can be taken up again by this id, should it be interrupted."""

    run_id: str

    def __str__(self) -> str:
        return f"run {self.run_id}"


@dataclass(frozen=True, slots=True)
class Routed:
    """A strategy was chosen; `reason` is one sentence, `estimates` say in words what each candidate would cost."""

    strategy: str
    reason: str
    estimates: tuple[str, ...] = ()

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
class Chosen:
    """Of several answers to the question, `number` (from 1) of `total` was taken."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"took answer {self.number} of {self.total}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The draft's citations were looked up: `n_kept` of `n_drafted` statements stand."""

    n_drafted: int
    n_kept: int

    def __str__(self) -> str:
        return f"{self.n_kept} of {self.n_drafted} statements are proved on the page"


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


Event = Started | Routed | Searched | Read | Chosen | Checked | LimitReached | Finished
