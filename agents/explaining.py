"""Where a passage gives a reason or a step, told by the words that English marks them with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docqa.agents.reasoner import Evidence
from docqa.documents import Span

_REASON = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|as a result of|in order to|so that|since|thanks to|caused by|driven by|"
    r"on account of|the (?:main |primary |key )?reasons? (?:is|was|are|were|for)|attributable to|resulted from|led to|"
    r"reflecting|primarily from)\b[^.;]*",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"^\s*(?:\(?(?:\d{1,2}|[a-z])[.)]\s|step \d|[•*–-]\s|first(?:ly)?\b|second(?:ly)?\b|then\b|next\b|finally\b|"
    r"after that\b)",
    re.IGNORECASE,
)
_ANNOUNCING = re.compile(
    r":\s*$|\bas follows\b|\bfollowing\b.{0,60}[.:]\s*$|"
    r"\b(?:two|three|four|five|six|seven|several) (?:[\w-]+ ){0,2}(?:limits|limitations|reasons|ways|steps|goals|aims|"
    r"parts|types|kinds|factors|causes|stages|phases|principles|problems|challenges|drawbacks|advantages|benefits|"
    r"conditions|requirements|contributions|categories|strategies|questions|points|aspects|forms|classes)\b.{0,40}$",
    re.IGNORECASE,
)
BONUS = 1.3
MAX_STEPS = 8
N_ANNOUNCED = 2
_MAX_ANNOUNCING = 160


def reason_in(sentence: str) -> Span | None:
    """The clause of the sentence that gives a reason.

    >>> sentence = "Costs rose because energy became dearer."
    >>> sentence[slice(*reason_in(sentence))]
    'because energy became dearer'
    """
    found = _REASON.search(sentence)
    return Span(found.start(), found.start() + len(found.group().rstrip())) if found else None


def is_step(sentence: str) -> bool:
    """Whether the sentence reads like one of several steps."""
    return _STEP.match(sentence) is not None


def announces(sentence: str) -> bool:
    """Whether the sentence says that something follows, and not what.

    >>> announces("We identify two main limitations of the method."), announces("It has two wheels of iron and a seat.")
    (True, False)
    """
    return len(sentence) <= _MAX_ANNOUNCING and _ANNOUNCING.search(sentence.strip()) is not None


def announced_by(chosen: Evidence) -> list[Evidence]:
    """The chosen sentence and what it announces in its passage: a list, or the next sentences; else nothing."""
    spans = list(chosen.passage.sentences)
    if chosen.span not in spans or not announces(chosen.quote):
        return []
    first = spans.index(chosen.span)
    run = [Evidence(chosen.passage, span, chosen.score) for span in spans[first : first + 1 + N_ANNOUNCED]]
    return steps_from(chosen) or (run if len(run) > 1 else [])


def by_reasons(question: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence again: before their equals sentences with a reason, or, for "how", steps and what announces them."""
    asks_how = question.casefold().lstrip().startswith("how")

    def explains(piece: Evidence) -> bool:
        return bool(steps_from(piece)) if asks_how else reason_in(piece.quote) is not None

    return sorted(evidence, key=lambda piece: -piece.score * (BONUS if explains(piece) else 1.0))


def steps_from(chosen: Evidence) -> list[Evidence]:
    """The steps of the passage that follow one another, where the chosen sentence is one or announces them."""
    passage = chosen.passage
    spans = list(passage.sentences)
    if chosen.span not in spans:
        return []
    first = spans.index(chosen.span)
    pieces = [Evidence(passage, span, chosen.score) for span in spans]
    while first > 0 and is_step(pieces[first].quote) and is_step(pieces[first - 1].quote):
        first -= 1
    last = first + 1
    while last < len(pieces) and is_step(pieces[last].quote):
        last += 1
    run = pieces[first:last][:MAX_STEPS]
    return run if len(run) > 1 and is_step(run[-1].quote) else []
