"""Checks a finished answer again, against the documents and nothing else: no model, no network, no trust in it.

Each citation gets the verdict of `docqa.agents.locating`, and each statement is compared with the words it cites. The
comparison knows no meaning: it says `supports` only for statements made of the cited words, with the same negations.
For statements in other words a judge may be given; it is not asked about what words alone contradict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docqa.agents.judging import doubted
from docqa.agents.locating import Located, Locator
from docqa.answers import Answer, Citation, Statement, SupportLabel
from docqa.documents import Document, Page, Span
from docqa.llm.exact_checks import changed_details, numbers
from docqa.llm.reader import ClaimJudge
from docqa.text import word_strings

_AROUND_CHARS = 500  # about as much as a passage has
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


def verify(
    answer: Answer, documents: Sequence[Document], judge: ClaimJudge | None = None
) -> tuple[CheckedCitation, ...]:
    """Check every citation of an answer, in order. A `judge` is asked where words cannot tell, and only there."""
    known, locator = {document.id: document for document in documents}, Locator(documents)
    return tuple(checked for statement in answer.statements for checked in _verified(statement, known, locator, judge))


def _verified(
    statement: Statement, known: Mapping[str, Document], locator: Locator, judge: ClaimJudge | None
) -> list[CheckedCitation]:
    located = [locator.relocate(citation) for citation in statement.citations]
    evidence = "\n".join(_evidence(place, known) for place in located)
    support = word_support(statement.text, evidence)
    if judge is not None and evidence and support in ("partly", "unrelated"):
        around = "\n".join(_evidence(place, known, _AROUND_CHARS) for place in located)
        support = doubted(judge.supports(statement.text, around), statement.text, around).label
    return [
        CheckedCitation(statement.text, citation, place, support)
        for citation, place in zip(statement.citations, located, strict=True)
    ]


def word_support(statement: str, evidence: str) -> SupportLabel:
    """What can be told from words alone: a changed number or name and a new negation contradict, missing words weaken.

    A statement that leaves out a negation of the evidence is borne out in part only, unless it repeats the evidence
    word for word.
    """
    ours, theirs = plain_words(statement), plain_words(evidence)
    if n_negations(ours) > n_negations(theirs) or changed_details(statement, evidence):
        return "contradicts"
    if n_negations(ours) < n_negations(theirs) and f" {' '.join(ours)} " not in f" {' '.join(theirs)} ":
        return "partly"
    return shared_words(statement, evidence)


def shared_words(statement: str, evidence: str) -> SupportLabel:
    """`supports` when all words of the statement occur in the evidence, `partly` when half of them do."""
    content, theirs, counted = set(plain_words(statement)) - _SMALL, set(plain_words(evidence)), numbers(evidence)
    missing = [word for word in content if word not in theirs and not (numbers(word) and numbers(word) <= counted)]
    if not missing:
        return "supports"
    return "partly" if 2 * len(missing) <= len(content) else "unrelated"


def plain_words(text: str) -> list[str]:
    """The words in small letters, with plain apostrophes."""
    return [word.casefold().replace("’", "'") for word in word_strings(text)]


def n_negations(words: Sequence[str]) -> int:
    """How many of these words turn a statement around."""
    return sum(word in _NEGATIONS or word.endswith("n't") for word in words)


def _evidence(place: Located, known: Mapping[str, Document], n_around: int = 0) -> str:
    """The real words of a place and as many characters around; for table rows also their title and heads of columns."""
    if place.span is None or place.part is None or place.document_id not in known:
        return ""
    page = known[place.document_id].pages[place.part]
    start, end = place.span
    return "\n".join([page.text[max(0, start - n_around) : end + n_around], *_labels(page, place.span)])


def _labels(page: Page, span: Span) -> list[str]:
    tables = [
        r for r in page.regions if r.kind == "table" and r.start_char < span.end_char and span.start_char < r.end_char
    ]
    if not tables:
        return []
    headings = [page.text[r.start_char : r.end_char] for r in page.regions if r.kind == "heading"]
    return [label for table in tables for label in (table.title, table.header)] + headings
