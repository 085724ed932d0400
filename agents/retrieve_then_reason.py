"""Plan, gather evidence, ask for what is missing, then reason over the evidence alone.

Retrieve-then-reason is ALR² (Li et al. 2024, arXiv:2410.03227) without its training: there the model copies sentences
and invents many; here it names numbers and can invent none. The rounds of follow-up queries are those of IterDRAG (Yue
et al. 2024, arXiv:2410.04343). Multi-hop questions are its reason to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from docqa.agents.events import Event, Read
from docqa.agents.reasoner import Notes
from docqa.agents.strategy import Clock, Strategy, Task, Work, limited
from docqa.errors import OutOfBudget
from docqa.retrieval.evidence import Evidence as QuestionCoverage
from docqa.retrieval.retriever import Retrieval


@dataclass(slots=True)
class _Search:
    """How far the rounds have come."""

    notes: Notes = field(default_factory=Notes)
    retrievals: list[Retrieval] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    n_turns: int = 0

    def covered(self) -> QuestionCoverage:
        """How much of the question itself is covered: a follow-up query covers its own words, which proves nothing."""
        first, *others = (retrieval.evidence for retrieval in self.retrievals)
        open_words = (word for word in first.uncovered if all(word in other.uncovered for other in others))
        return replace(first, uncovered=tuple(open_words))


@dataclass(frozen=True, slots=True)
class RetrieveThenReason(Strategy):
    """Reads `k` passages for each query, none twice, in at most `max_rounds` rounds of queries."""

    k: int = 8
    max_rounds: int = 5

    name: ClassVar[str] = "retrieve_then_reason"

    def work(self, task: Task, clock: Clock) -> Work:
        """Rounds of queries until nothing is open, nothing new turns up, or the rounds or the budget are used up."""
        search = _Search()
        limit = ""
        with clock.stage("gather"):
            try:
                queries: Sequence[str] = self.reasoner.plan(task.question, task.documents).queries
                for _ in range(self.max_rounds):
                    n_before = len(search.notes.evidence)
                    yield from self._round(task, queries, search)
                    queries = [query for query in search.notes.open_questions if query not in search.queries]
                    if not queries or len(search.notes.evidence) == n_before:
                        break
            except OutOfBudget as error:
                stopped = limited(error, search.notes)
                limit = stopped.reason
                yield stopped
        notes = search.notes
        warning = self.unread(notes.n_unread, search.n_turns)
        if not limit:
            notes, limit = yield from self.clarified(task, notes, clock)
        with clock.stage("reason"):
            return self.composed(task, notes, search.retrievals, limit).warned(warning)

    def _round(self, task: Task, queries: Sequence[str], search: _Search) -> Iterator[Event]:
        """One worker's turn for each query, over the passages that no turn has had yet."""
        for query in queries:
            self.meter.check()
            search.queries.append(query)
            retrieval = yield from self.searched(task, query, self.k)
            new = tuple(hit for hit in retrieval.hits if hit.passage.id not in search.seen)
            search.seen |= {hit.passage.id for hit in new}
            search.retrievals.append(retrieval)
            if new or not search.notes.evidence:
                turn = Retrieval(new, search.covered(), search.retrievals[0].within)
                search.n_turns += 1
                search.notes = self.reasoner.gather(task.question, turn, search.notes)
            yield Read(len(search.queries), len(search.queries), len(search.notes.evidence))
