"""Chain-of-Agents: workers read a long text part by part and hand typed notes on (Zhang et al. 2024, arXiv:2406.02818).

Where we deviate: the communication unit is a typed object under a token cap, its evidence are sentences of the part
just read, named by number, so a worker that lies can lie about what they mean but not about what they say; and the
manager sees the verified quotes of all workers beside the last unit. Several paths (section 5.6) are read in orders of
their own, and a judge takes one of their answers.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from docqa.agents.events import Chosen, Event, LimitReached, Read
from docqa.agents.reading_orders import Parts, ReadingOrder, passes
from docqa.agents.reasoner import Notes
from docqa.agents.strategy import GIVEN_UP, Clock, Findings, Strategy, Task, Work, limited
from docqa.agents.turns import ScoredTurns, Turns
from docqa.agents.voting import Choose, most_agreed, say_the_same
from docqa.errors import OutOfBudget
from docqa.retrieval.likeness import LexicalLikeness, Likeness


@dataclass(frozen=True, slots=True)
class Chain(Strategy):
    """Reads every part of the documents, one after the other, and answers from the notes.

    `turns` cuts the documents; None means by passages, with the retriever's scores. Each of the `orders` is a path of
    its own, from the first worker to the manager; of several answers `choose` takes one. `likeness` None means by
    words, in the language of the first document.
    """

    turns: Turns | None = None
    orders: tuple[ReadingOrder, ...] = ("document",)
    choose: Choose = most_agreed
    likeness: Likeness | None = None

    name: ClassVar[str] = "chain"

    def work(self, task: Task, clock: Clock) -> Work:
        """One gather for each turn of each path, and one answer for each path as far as the budget goes."""
        with clock.stage("retrieve"):
            turns = (self.turns or ScoredTurns(self.corpus))(task.question, task.documents)
            paths = self._paths(task, turns)
        progress = _Progress(sum(len(way) for path in paths for way in path))
        found: list[Findings] = []
        for path in paths:
            try:
                findings = yield from self._answered(task, path, progress, clock)
            except GIVEN_UP as error:
                if not found:
                    raise
                stopped = LimitReached(f"{error}; {len(found)} of {len(paths)} orders of reading were tried")
                yield stopped
                found[0] = replace(found[0], limit=stopped.reason)
                break
            found.append(findings)
            if findings.limit:
                break
        with clock.stage("reason"):
            return (yield from self._chosen(task, found))

    def _paths(self, task: Task, turns: Parts) -> list[list[Parts]]:
        language = task.documents[0].language if task.documents else "en"
        likeness = self.likeness or LexicalLikeness(language)
        return [passes(order, turns, task.question, likeness, seed) for seed, order in enumerate(self.orders)]

    def _answered(
        self, task: Task, path: Sequence[Parts], progress: _Progress, clock: Clock
    ) -> Generator[Event, None, Findings]:
        """What the manager makes of the notes of a path: of one chain, or of two whose notes are joined."""
        notes, n_read, limit = [Notes() for _ in path], 0, ""
        with clock.stage("gather"):
            for number, turn in ((i, turn) for i, way in enumerate(path) for turn in way):
                try:
                    self.meter.check()
                    notes[number] = self.reasoner.gather(task.question, turn, notes[number])
                except OutOfBudget as error:
                    stopped = limited(error, joined(notes))
                    limit = f"{stopped.reason}; {progress.n_read} of {progress.total} parts were read"
                    yield stopped
                    break
                n_read += 1
                progress.n_read += 1
                yield Read(progress.n_read, progress.total, len(joined(notes).evidence))
        known = joined(notes)
        warning = self.unread(sum(note.n_unread for note in notes), n_read)
        if not limit:
            known, limit = yield from self.clarified(task, known, clock)
        with clock.stage("reason"):
            findings = self.composed(task, known, path[0], limit)
        return findings.warned(warning)

    def _chosen(self, task: Task, found: Sequence[Findings]) -> Generator[Event, None, Findings]:
        """The findings of one path; nobody is asked where all say the same."""
        drafts = [findings.draft for findings in found]
        limits = [findings.limit for findings in found if findings.limit]
        limit = limits[0] if limits else ""
        if say_the_same(drafts):
            return replace(found[0], limit=limit)
        try:
            number = self.choose(task.question, drafts)
        except GIVEN_UP:
            number = most_agreed(task.question, drafts)
        yield Chosen(number + 1, len(drafts))
        return replace(found[number], limit=limit)


@dataclass(slots=True)
class _Progress:
    """Turns that were read, of all in all paths."""

    total: int
    n_read: int = 0


def joined(several: Sequence[Notes]) -> Notes:
    """The notes of several chains as one: all evidence once, every partial answer, what no chain has closed."""
    first, *others = several
    for notes in others:
        places = {(e.passage.document_id, e.passage.page, e.span): e for e in (*notes.evidence, *first.evidence)}
        first = replace(
            first,
            evidence=tuple(sorted(places.values(), key=lambda e: -e.score)),
            coverage=max(first.coverage, notes.coverage),
            answerable=first.answerable or notes.answerable,
            doubtful=first.doubtful and notes.doubtful,
            partial_answer=" / ".join(dict.fromkeys(filter(None, (first.partial_answer, notes.partial_answer)))),
            open_questions=tuple(q for q in first.open_questions if q in notes.open_questions),
            items=(*first.items, *notes.items),
        )
    return first
