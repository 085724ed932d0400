"""The evidence of an answer as a page shows it: one card for each citation, with its verdict in plain words.

Numbers are those that the printed answer gives. Cards hold plain text and plain values: whoever draws them escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from docqa.answers import Answer, Citation, Support, SupportLabel, Verdict, one_line
from docqa.checks import Action, Refused

Tone = Literal["good", "fair", "poor", "plain"]

_VERDICTS: dict[Verdict, tuple[str, Tone, str]] = {
    "verbatim": ("verbatim", "good", "These exact words stand at this place."),
    "close": ("close", "fair", "Nearly these words stand at this place."),
    "stitched": ("stitched", "poor", "Pieces from several places, put together."),
    "other_page": ("on another page", "poor", "These words stand on another page than was said."),
    "other_document": ("in another document", "poor", "These words stand in another document than was said."),
    "absent": ("not found", "poor", "These words are not in the documents."),
}
_SUPPORTS: dict[SupportLabel, tuple[str, Tone]] = {
    "supports": ("supports", "good"),
    "partly": ("supports in part", "fair"),
    "unrelated": ("does not support", "poor"),
    "contradicts": ("contradicts", "poor"),
}
_ACTIONS: dict[Action, str] = {
    "statement_removed": "Left out of the answer, as nothing bears it out:",
    "citations_removed": "Removed, as it adds nothing to:",
    "citations_replaced": "Replaced by a passage that does bear it out:",
}
_LOW_OCR = 0.8


@dataclass(frozen=True, slots=True)
class Badge:
    """A word or two with a tone; `meaning` is the sentence behind it."""

    text: str
    tone: Tone
    meaning: str


@dataclass(frozen=True, slots=True)
class Card:
    """One citation under its number. `remark` says what became of a citation that was refused."""

    number: int
    citation: Citation
    remark: str = ""

    @property
    def badges(self) -> tuple[Badge, ...]:
        """Verdict, support and OCR of the citation, as far as it has them."""
        return badges(self.citation)

    @property
    def place(self) -> str:
        """The document and the place in it, as a person would look it up."""
        return ", ".join(filter(None, (one_line(self.citation.document), one_line(self.citation.locator))))


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an answer points to, numbered through. `cited` are its citations, `nearest` the passages that came
    nearest where it has none, `refused` what the check did not let through.
    """

    cited: tuple[Card, ...] = ()
    nearest: tuple[Card, ...] = ()
    refused: tuple[Card, ...] = ()

    def card(self, number: int) -> Card | None:
        """The card of this number."""
        return next((card for card in (*self.cited, *self.nearest, *self.refused) if card.number == number), None)


def evidence(answer: Answer) -> Evidence:
    """The cards of an answer; those it cites bear the numbers that the printed answer gives."""
    cited = [Card(number, citation) for citation, number in _numbers(answer).items()]
    pointed = answer.absence.nearest if answer.absence else ()
    nearest = [Card(number, citation) for number, citation in enumerate(pointed, len(cited) + 1)]
    turned_down = answer.check.refused if answer.check else ()
    remarked = [(citation, _remark(refused)) for refused in turned_down for citation in refused.citations]
    first = len(cited) + len(nearest) + 1
    refused = [Card(number, citation, remark) for number, (citation, remark) in enumerate(remarked, first)]
    return Evidence(tuple(cited), tuple(nearest), tuple(refused))


def marks(answer: Answer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Every statement with the numbers of the cards that prove it."""
    numbers = _numbers(answer)
    return tuple(
        (statement.text, tuple(numbers[citation] for citation in dict.fromkeys(statement.citations)))
        for statement in answer.statements
    )


def badges(citation: Citation) -> tuple[Badge, ...]:
    """Verdict, support and OCR of a citation, as far as it has them."""
    text, tone, meaning = _VERDICTS[citation.verdict]
    found = [Badge(text, tone, meaning)]
    if citation.support is not None:
        found.append(_support_badge(citation.support))
    if citation.ocr_confidence is not None:
        tone = "fair" if citation.ocr_confidence >= _LOW_OCR else "poor"
        meaning = "The page is a scan that was read by OCR; compare the words with the picture."
        found.append(Badge(f"OCR {citation.ocr_confidence:.0%}", tone, meaning))
    return tuple(found)


def low_evidence(answer: Answer) -> str:
    """The sentence that warns of an answer that is not well proved, "" where there is nothing to warn of."""
    weak = [n for n, statement in enumerate(answer.statements, start=1) if not proved(statement.citations)]
    if not weak:
        return ""
    if len(weak) == len(answer.statements):
        return (
            "Low evidence: what is cited does not fully bear this answer out. Look at the page before you rely on it."
        )
    shown = ", ".join(map(str, weak))
    return f"Low evidence: what is cited does not fully bear out sentence {shown}. Look at the page."


def proved(citations: Sequence[Citation]) -> bool:
    """Whether one of a statement's citations stands where it is said to, and bears the statement out."""
    return any(
        citation.verdict in ("verbatim", "close") and (citation.support is None or citation.support.label == "supports")
        for citation in citations
    )


def _support_badge(support: Support) -> Badge:
    text, tone = _SUPPORTS[support.label]
    if support.judge == "quotation":
        return Badge("quoted", "good", "The sentence is the quote itself.")
    return Badge(f"{text} {support.score:.2f}", tone, f"Judged by {one_line(support.judge)}, from 0 to 1.")


def _numbers(answer: Answer) -> dict[Citation, int]:
    return {citation: number for number, citation in enumerate(dict.fromkeys(answer.citations), start=1)}


def _remark(refused: Refused) -> str:
    return f"{_ACTIONS[refused.action]} “{one_line(refused.statement)}”"
