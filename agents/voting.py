"""Which of several answers to take, when chains have read the same text in different orders.

A language model may judge (`LLMReasoner.choose`); here stands what needs none: the answer that the others agree with
most, told by the sentences that they rest on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docqa.agents.reasoner import Draft, Evidence

Choose = Callable[[str, Sequence[Draft]], int]
"""From a question and at least two drafts to the number of the one to take, counted from 0."""


def most_agreed(question: str, drafts: Sequence[Draft]) -> int:
    """The draft whose evidence overlaps most with that of the others (Jaccard); of equals the first.

    Abstentions agree with each other. The question is not looked at.
    """
    places = [frozenset(map(place, evidence_of(draft))) for draft in drafts]
    support = [sum(_overlap(mine, theirs) for theirs in places) for mine in places]
    return support.index(max(support))


def evidence_of(draft: Draft) -> tuple[Evidence, ...]:
    """The sentences that a draft's statements rest on, each once."""
    return tuple(dict.fromkeys(piece for statement in draft.statements for piece in statement.evidence))


def say_the_same(drafts: Sequence[Draft]) -> bool:
    """Whether the drafts make the same statements, or all make none."""
    return len({tuple(statement.text for statement in draft.statements) for draft in drafts}) == 1


def place(piece: Evidence) -> tuple[str, int, int, int]:
    """Where a sentence stands, whatever score it came with."""
    return piece.passage.document_id, piece.passage.page, *piece.span


def _overlap(mine: frozenset[object], theirs: frozenset[object]) -> float:
    return len(mine & theirs) / len(mine | theirs) if mine or theirs else 1.0
