"""Every part is read for questions that ask for all of something: "how many …", "list all …".

A search ranks and cuts off, so it cannot say that nothing was missed. Here every part is read on its own, items are
collected with their sentences, and they are counted in code: a model that reads well still counts badly.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import ClassVar

from docqa.agents.events import Event, Read
from docqa.agents.reasoner import COUNT, Abstention, Draft, DraftStatement, Notes
from docqa.agents.strategy import Clock, Findings, Strategy, Task, Work, limited
from docqa.agents.turns import ScoredTurns, Turns
from docqa.answers import Support, one_line
from docqa.errors import OutOfBudget
from docqa.retrieval.retriever import Retrieval

_COUNTED = Support("supports", 1.0, "counted")


@dataclass(frozen=True, slots=True)
class Exhaustive(Strategy):
    """Reads every part, `n_parallel` at a time, and counts what was found.

    `what` says what is counted: a language model names items, without one they are sentences that speak of them.
    """

    turns: Turns | None = None
    n_parallel: int = 1
    what: str = "sentences"

    name: ClassVar[str] = "chain"

    def work(self, task: Task, clock: Clock) -> Work:
        """One gather for each turn, none knowing of another."""
        with clock.stage("retrieve"):
            turns = (self.turns or ScoredTurns(self.corpus))(task.question, task.documents)
        with clock.stage("gather"):
            notes, limit = yield from self._read(task, turns)
        items = _distinct([item for note in notes for item in note.items])
        n_passages = sum(len(turn.hits) for turn in turns)
        n_unread = sum(note.n_unread for note in notes)
        warning = self.unread(n_unread, len(notes))
        within = turns[0].within if turns else ""
        reading = f"all {n_passages} passages {f'{within} ' if within else ''}were read"
        if n_unread:
            reading = f"{len(notes) - n_unread} of {len(turns)} parts were read"
        if limit:
            reading = f"{len(notes) - n_unread} of {len(turns)} parts were read before a limit ended the reading"
        draft = _counted(items, f"{self.what} found; {reading}.", at_least=bool(limit or n_unread))
        return Findings.of(draft, turns, limit).warned(warning)

    def _read(self, task: Task, turns: Sequence[Retrieval]) -> Generator[Event, None, tuple[list[Notes], str]]:
        """The notes of every turn, in order, as far as the budget goes."""

        def worker(turn: Retrieval) -> Notes:
            self.meter.check()
            return self.reasoner.gather(task.question, turn, Notes(kind="aggregation"))

        notes: list[Notes] = []
        with ThreadPoolExecutor(self.n_parallel, "docqa-worker") as pool:
            futures = [pool.submit(worker, turn) for turn in turns]
            try:
                for number, future in enumerate(futures, start=1):
                    notes.append(future.result())
                    yield Read(number, len(turns), sum(len(note.items) for note in notes))
            except OutOfBudget as error:
                stopped = limited(error, Notes(items=tuple(item for note in notes for item in note.items)))
                yield stopped
                return notes, stopped.reason
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return notes, ""


def _distinct(items: Sequence[DraftStatement]) -> list[DraftStatement]:
    """Each wording once, with all of its places."""
    by_wording: dict[str, DraftStatement] = {}
    for item in items:
        key = one_line(item.text).casefold().rstrip(".")
        before = by_wording.get(key)
        by_wording[key] = item if before is None else replace(before, evidence=(*before.evidence, *item.evidence))
    return list(by_wording.values())


def _counted(items: Sequence[DraftStatement], found: str, at_least: bool) -> Draft:
    if not items:
        return Draft(abstention=Abstention(f"Not found: no {found}"))
    n = f"At least {COUNT}" if at_least else COUNT
    evidence = tuple(dict.fromkeys(piece for item in items for piece in item.evidence))
    return Draft((DraftStatement(f"{n} {found}", evidence, _COUNTED), *items))
