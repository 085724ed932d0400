"""The two things that a question compares, told by its words, and the evidence for each next to the other's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from docqa.agents.reasoner import Evidence
from docqa.retrieval.languages import Analyser, question_language

_SIDE = r"(?P<{}>[^,;?]+?)"
_END = r"\s*(?:[,;?.]|$|\b(?:in terms of|with respect to|regarding|with regard to|concerning)\b)"
_PATTERNS = tuple(
    re.compile(pattern.format(a=_SIDE.format("a"), b=_SIDE.format("b"), end=_END), re.IGNORECASE)
    for pattern in (
        r"\bdifferences?\b.*?\bbetween {a} and {b}{end}",
        r"\bcompar(?:e|ing|ison (?:of|between)) {a} (?:and|with|to|versus|vs\.?|against) {b}{end}",
        r"\bhow (?:do|does|did|is|are|was|were) {a} (?:differ(?:ent)?|compare[ds]?|unlike) (?:from|to|with) {b}{end}",
        r"\bcontrast {a} (?:and|with|to) {b}{end}",
        r"\b(?:which|who|what)\b[^,]*[,:] {a},? or {b}{end}",
        r"^(?:is|are|was|were|did|does|do) {a} (?:\w+er|more|less|different)(?: \w+)? than {b}{end}",
        r"(?:^|\b(?:of|for|between) ){a} (?:versus|vs\.?) {b}{end}",
    )
)


_MIN_WORDS = 4  # a heading that bears a side's name says nothing of it


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things: its words in the question, and the question with the other's words left out."""

    name: str
    query: str


def sides_of(question: str) -> tuple[Side, ...]:
    """The two sides of a comparison in the order of the question; none where no rule applies.

    >>> [side.name for side in sides_of("What is the difference between the 2019 lease and the 2021 lease?")]
    ['the 2019 lease', 'the 2021 lease']
    >>> [side.query for side in sides_of("Compare the revenue of Acme with Beta")]
    ['Compare the revenue of Acme', 'Compare Beta']
    """
    for pattern in _PATTERNS:
        found = pattern.search(question)
        if found:
            return tuple(
                Side(found.group(name).strip(), _without(question, found.span(other), found.span(name)))
                for name, other in (("a", "b"), ("b", "a"))
            )
    return ()


def _without(question: str, left_out: tuple[int, int], kept: tuple[int, int]) -> str:
    """The question without one side and the words between the sides."""
    first, second = sorted((left_out, kept))
    low, high = (first[0], second[0]) if left_out == first else (first[1], second[1])
    return " ".join(f"{question[:low]} {question[high:]}".split()).rstrip(" ?.,;")


def evidence_for(side: Side, other: Side, evidence: Sequence[Evidence], n: int) -> list[Evidence]:
    """The best `n` pieces that speak of this side no less than of the other, by the words that only one name has.

    Headings and the head of a table lend their words to what is below them, but a piece that names this side in its own
    words goes first: whoever reads the quotation alone sees that it is about this side.
    """
    analyser = Analyser(question_language(side.query, ["en"]))
    names = [set(analyser.terms(one.name)) for one in (side, other)]
    own, others = names[0] - names[1] or names[0], names[1] - names[0]
    found = []
    for piece in evidence:
        terms = set(analyser.terms(" ".join((*piece.passage.headings, piece.passage.header, piece.quote))))
        share = len(own & terms) / max(1, len(own))
        lead = share - len(others & terms) / max(1, len(others))
        if share > 0 and lead >= 0 and len(piece.quote.split()) >= _MIN_WORDS:
            is_lent = own.isdisjoint(analyser.terms(piece.quote))
            found.append(((is_lent, -piece.score * (1 + lead / 2)), piece))
    return [piece for _, piece in sorted(found, key=lambda pair: pair[0])[:n]]
