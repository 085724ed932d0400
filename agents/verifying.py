"""Checks a finished answer again, against the documents and nothing else: no model, no network, no trust in it.

Each citation gets the verdict of `docqa.agents.locating`, and each statement is compared with the words it cites. The
comparison knows no meaning: it says `supports` only for statements made of the cited words, with the same negations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docqa.agents.locating import Located, Locator
from docqa.answers import Answer, Citation, Statement, SupportLabel
from docqa.documents import Document, Page, Span
from docqa.llm.exact_checks import changed_details, numbers
from docqa.text import word_strings

_NEGATIONS = frozenset(
    "no not never none nor neither nobody nothing nowhere without cannot hardly barely unless except".split()
)
_SMALL = frozenset(
    "a an the of in on at to for from by with as and or is are was were be been it its this that".split()
)


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """A citation with where its words really stand and whether they bear its statement out."""

    statement: str
    citation: Citation
    located: Located
    support: SupportLabel

    @property
    def holds(self) -> bool:
        """Whether the quote stands verbatim where it is said to, and supports the statement."""
        return self.located.verdict == "verbatim" and self.support == "supports"


def verify(answer: Answer, documents: Sequence[Document]) -> tuple[CheckedCitation, ...]:
    """Check every citation of an answer, in order."""
    known, locator = {document.id: document for document in documents}, Locator(documents)
    return tuple(checked for statement in answer.statements for checked in _verified(statement, known, locator))


def _verified(statement: Statement, known: Mapping[str, Document], locator: Locator) -> list[CheckedCitation]:
    located = [locator.relocate(citation) for citation in statement.citations]
    evidence = "\n".join(_evidence(place, known) for place in located)
    support = word_support(statement.text, evidence)
    return [
        CheckedCitation(statement.text, citation, place, support)
        for citation, place in zip(statement.citations, located, strict=True)
    ]


def word_support(statement: str, evidence: str) -> SupportLabel:
    """What can be told from words alone: a changed number or name and a new negation contradict, missing words weaken.

    A statement that leaves out a negation of the evidence is borne out in part only, unless it repeats the evidence
    word for word.
    """
    ours, theirs = _plain_words(statement), _plain_words(evidence)
    if _negations(ours) > _negations(theirs) or changed_details(statement, evidence):
        return "contradicts"
    if _negations(ours) < _negations(theirs) and f" {' '.join(ours)} " not in f" {' '.join(theirs)} ":
        return "partly"
    content, counted = set(ours) - _SMALL, numbers(evidence)
    missing = [word for word in content if word not in theirs and not (numbers(word) and numbers(word) <= counted)]
    if not missing:
        return "supports"
    return "partly" if 2 * len(missing) <= len(content) else "unrelated"


def _plain_words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in word_strings(text)]


def _negations(words: Sequence[str]) -> int:
    return sum(word in _NEGATIONS or word.endswith("n't") for word in words)


def _evidence(place: Located, known: Mapping[str, Document]) -> str:
    """The real words of a place; for the rows of a table with its title and the heads of its columns."""
    if place.span is None or place.part is None or place.document_id not in known:
        return ""
    page = known[place.document_id].pages[place.part]
    return "\n".join([page.text[slice(*place.span)], *_labels(page, place.span)])


def _labels(page: Page, span: Span) -> list[str]:
    tables = [
        r for r in page.regions if r.kind == "table" and r.start_char < span.end_char and span.start_char < r.end_char
    ]
    if not tables:
        return []
    headings = [page.text[r.start_char : r.end_char] for r in page.regions if r.kind == "heading"]
    return [label for table in tables for label in (table.title, table.header)] + headings
