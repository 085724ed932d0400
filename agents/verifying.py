"""Checks a finished answer again, against the documents and nothing else: no model, no network, no trust in it.

Each citation gets the verdict of `docqa.agents.locating`, and each statement is compared with the words it cites. The
comparison knows no meaning: it says `supports` only for statements made of the cited words, with the same negations.
For statements in other words a judge may be given; it is not asked about what words alone contradict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from docqa.agents.embedded import row_in_words
from docqa.agents.judging import doubted
from docqa.agents.locating import Located, Locator
from docqa.answers import Answer, Citation, Statement, SupportLabel
from docqa.documents import Document, Page, Span
from docqa.llm.exact_checks import changed_details, numbers
from docqa.llm.negations import n_negations
from docqa.llm.reader import ClaimJudge
from docqa.text import word_strings

_SUM = re.compile(
    r"(?:At least )?(?P<n>\d{1,6}) (?:items|sentences) found; (?:all \d+ passages|\d+ of \d+ parts) were read"
    r"(?: before a limit ended the reading)?\."
)
_MOST_ORDERED = 6  # pieces of evidence that may be taken in any order
_AROUND_CHARS = 500  # about as much as a passage has
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
    counts = {
        statement: _is_right_count(statement, answer) for statement in answer.statements if _says_count(statement)
    }
    return tuple(
        replace(checked, support="supports" if counts[statement] else "contradicts") if statement in counts else checked
        for statement in answer.statements
        for checked in _verified(statement, answer.question, known, locator, None if statement in counts else judge)
    )


def _says_count(statement: Statement) -> bool:
    """Whether it is docqa's own sum of what it found, which stands in no document."""
    return _SUM.fullmatch(statement.text) is not None


def _is_right_count(statement: Statement, answer: Answer) -> bool:
    """Whether a sum is the number of the other statements, and cites just what they cite."""
    counted, others = _SUM.fullmatch(statement.text), [other for other in answer.statements if other != statement]
    cited = {citation for other in others for citation in other.citations}
    return counted is not None and int(counted["n"]) == len(others) and set(statement.citations) == cited


def _verified(
    statement: Statement, question: str, known: Mapping[str, Document], locator: Locator, judge: ClaimJudge | None
) -> list[CheckedCitation]:
    located = [locator.relocate(citation) for citation in statement.citations]
    support = word_support(statement.text, "\n".join(_evidence(place, known) for place in located))
    if support == "supports" and not _in_place(_without_label(statement.text, question), located, known):
        support = "partly"
    around = "\n".join(_evidence(place, known, _AROUND_CHARS) for place in located)
    if judge is not None and around.strip() and support in ("partly", "unrelated"):
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


def _without_label(text: str, question: str) -> str:
    """A sentence without the words of the question that are put before it: "Pell Island: It was closed." """
    label, colon, rest = text.partition(": ")
    return rest if colon and label.casefold() in question.casefold() else text


def follows(statement: str, evidence: Sequence[Sequence[str]]) -> bool:
    """Whether the words of a statement stand in the evidence in their order, but for small ones: "5 in 2021 and 7 in
    2022" is not borne out by "7 in 2021 and 5 in 2022".

    Each piece of evidence may be read in several ways; the statement may take the pieces one after the other.

    >>> follows("It cost 5 in 2021.", [["It cost 5 in 2021 and 7 in 2022."]])
    True
    >>> follows("It cost 7 in 2021 and 5 in 2022.", [["It cost 5 in 2021 and 7 in 2022."]])
    False
    """
    readings = [[_content(reading) for reading in readings] for readings in evidence[:_MOST_ORDERED]]
    return _taken(_content(statement), readings)


def _taken(words: Sequence[str], pieces: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Whether the words can be taken in order from the pieces, each used once; a longer take is never worse."""
    if not words:
        return True
    for n, piece in enumerate(pieces):
        taken = max((_n_in_order(words, reading) for reading in piece), default=0)
        if taken and _taken(words[taken:], [*pieces[:n], *pieces[n + 1 :]]):
            return True
    return False


def _n_in_order(words: Sequence[str], reading: Sequence[str]) -> int:
    """How many of the words, from the first on, occur in a reading one after the other."""
    taken = 0
    for word in reading:
        if taken < len(words) and word == words[taken]:
            taken += 1
    return taken


def _content(text: str) -> list[str]:
    """The words that count, numbers in one form."""
    words = [word for word in plain_words(text) if word not in _SMALL]
    return [min(numbers(word), default=word) for word in words]


def plain_words(text: str) -> list[str]:
    """The words in small letters, with plain apostrophes."""
    return [word.casefold().replace("’", "'") for word in word_strings(text)]


def in_its_column(statement: str, row: str, header: str) -> bool:
    """Whether the cells of a row that a statement names stand under heads that it names, where it names any.

    >>> in_its_column("Surplus in 2023: 7", "Surplus\t5\t7", "\t2022\t2023")
    True
    >>> in_its_column("Surplus in 2022: 7", "Surplus\t5\t7", "\t2022\t2023")
    False
    """
    said = set(_content(statement))
    columns = [
        (set(_content(head)) <= said, tuple(_content(cell)))
        for head, cell in zip(header.split("\t")[1:], row.split("\t")[1:], strict=False)
        if _content(head) and _content(cell)
    ]
    named = {cell for is_named, cell in columns if is_named}
    stated = {cell for _, cell in columns if set(cell) <= said and numbers(" ".join(cell))}
    return not named or stated <= named


def _in_place(statement: str, places: Sequence[Located], known: Mapping[str, Document]) -> bool:
    """Whether what a statement says stands in the order of its evidence, and under the right heads of columns."""
    readings: list[list[str]] = []
    for place in places:
        if place.span is None or place.part is None or place.document_id not in known:
            continue
        page = known[place.document_id].pages[place.part]
        quote, labels = page.text[slice(*place.span)], [label for label in _labels(page, place.span) if label]
        headers = [label for label in labels if "\t" in label and "\t" in quote]
        if not all(in_its_column(statement, quote, header) for header in headers):
            return False
        readings.append([quote, *(row_in_words(quote, header, title) for header in headers for title in labels)])
    return follows(statement, readings)


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
