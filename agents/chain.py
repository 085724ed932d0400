"""Chain-of-Agents: workers read a long text part by part and hand typed notes on (Zhang et al. 2024, arXiv:2406.02818).

Where we deviate: the communication unit is a typed object under a token cap, its evidence are sentences of the part
just read, named by number, so a worker that lies can lie about what they mean but not about what they say; and the
manager sees the verified quotes of all workers beside the last unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from docqa.agents.events import Read
from docqa.agents.reasoner import Notes
from docqa.agents.strategy import Clock, Strategy, Task, Work, limited
from docqa.agents.turns import ScoredTurns, Turns
from docqa.errors import OutOfBudget
from docqa.retrieval.retriever import Retrieval

ReadingOrder = Literal["document", "reversed", "bidirectional"]
_Passes = Callable[[Sequence[Retrieval]], list[list[Retrieval]]]

_PASSES: Mapping[ReadingOrder, _Passes] = {
    "document": lambda turns: [list(turns)],
    "reversed": lambda turns: [list(reversed(turns))],
    "bidirectional": lambda turns: [list(turns), list(reversed(turns))],
}


@dataclass(frozen=True, slots=True)
class Chain(Strategy):
    """Reads every part of the documents in `order`, one after the other, and answers from the notes.

    `turns` cuts the documents; None means by passages, with the retriever's scores.
    """

    turns: Turns | None = None
    order: ReadingOrder = "document"

    name: ClassVar[str] = "chain"

    def work(self, task: Task, clock: Clock) -> Work:
        """One gather for each turn; with two directions, two chains whose notes are joined for the manager."""
        with clock.stage("retrieve"):
            turns = (self.turns or ScoredTurns(self.corpus))(task.question, task.documents)
            passes = _PASSES[self.order](turns)
        notes, n_read, limit = [Notes() for _ in passes], 0, ""
        with clock.stage("gather"):
            for number, turn in ((i, turn) for i, way in enumerate(passes) for turn in way):
                try:
                    self.meter.check()
                    notes[number] = self.reasoner.gather(task.question, turn, notes[number])
                except OutOfBudget as error:
                    stopped = limited(error, joined(notes))
                    limit = f"{stopped.reason}; {n_read} of {len(turns) * len(passes)} parts were read"
                    yield stopped
                    break
                n_read += 1
                yield Read(n_read, len(turns) * len(passes), len(joined(notes).evidence))
        with clock.stage("reason"):
            findings = self.composed(task, joined(notes), turns, limit)
        return findings.warned(unread_warning(sum(note.n_unread for note in notes), n_read))


def unread_warning(n_unread: int, n_turns: int) -> str:
    """What a reader must know when workers failed; "" when none did."""
    if not n_unread:
        return ""
    return (
        f"The model's replies on {n_unread} of {n_turns} parts could not be used; what stands there is not considered."
    )


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
            partial_answer=" / ".join(dict.fromkeys(filter(None, (first.partial_answer, notes.partial_answer)))),
            open_questions=tuple(q for q in first.open_questions if q in notes.open_questions),
            items=(*first.items, *notes.items),
        )
    return first
