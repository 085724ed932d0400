"""Retrieve, read, answer: the shortest way from a question to an answer (Lewis et al. 2020, arXiv:2005.11401)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from docqa.agents.ordering import ORDERS, PassageOrder
from docqa.agents.reasoner import Notes
from docqa.agents.sources import sentences_in
from docqa.agents.strategy import Clock, Strategy, Task, Work


@dataclass(frozen=True, slots=True)
class Rag(Strategy):
    """Answers from the `k` passages that bear most on the question, shown in `order`.

    With `gathers` the reasoner picks sentences before it answers; without, it answers from the passages at once, which
    costs a language model one call.
    """

    k: int = 10
    order: PassageOrder = "rank"
    gathers: bool = True

    name: ClassVar[str] = "rag"

    def work(self, task: Task, clock: Clock) -> Work:
        """One search, one reading."""
        with clock.stage("retrieve"):
            retrieval = yield from self.searched(task, task.question, self.k)
            shown = replace(retrieval, hits=tuple(ORDERS[self.order](retrieval.hits)))
        with clock.stage("reason"):
            if self.gathers:
                notes = self.reasoner.gather(task.question, shown, Notes())
            else:
                notes = Notes(sentences_in(shown), retrieval.evidence.coverage)
        notes, limit = yield from self.clarified(task, notes, clock)
        with clock.stage("reason"):
            return self.composed(task, notes, [retrieval], limit)
