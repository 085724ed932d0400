"""Answers: statements, each with citations that point to exact words, and what it took to find them.

`Answer.to_json` is the versioned schema `docqa.answer/1` that every door gives (command line, Python, page, HTTP);
`Answer.from_json` reads it back. Nothing here knows how an answer was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from docqa.checks import Check, check_from_json, check_to_json
from docqa.citations import Citation as Citation  # defined one floor below, since an answer is made of them
from docqa.citations import Support as Support
from docqa.citations import SupportLabel as SupportLabel
from docqa.citations import Verdict as Verdict
from docqa.citations import citation_from_json, citation_to_json
from docqa.documents import Document, Span
from docqa.errors import UsageError

SCHEMA = "docqa.answer/1"

# C0 and C1 controls but for white space, and the characters that turn the direction of writing around.
_STEERING = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")

Status = Literal["answered", "partial", "not_found"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the answer with the citations that prove it.

    `emphasis` are the characters of the text, half-open, that answer the question; None where nobody can tell.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    emphasis: Span | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The strategy that was taken and, in one sentence, why."""

    strategy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was read: `pages` in all, `pages_read` with usable text, `unreadable` as places in words.

    All pages that could be read are searched; `pages_shown` counts those of which whoever wrote the answer read a
    passage, None where that is not known.
    """

    pages: int
    pages_read: int
    unreadable: tuple[str, ...] = ()
    pages_shown: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A document that was asked, known by the SHA-256 of its bytes."""

    document: str
    sha256: str
    pages: int


@dataclass(frozen=True, slots=True)
class Absence:
    """The proof behind `not_found`: what was searched for, and the passages that came nearest."""

    reason: str
    terms: tuple[str, ...] = ()
    missing_terms: tuple[str, ...] = ()
    nearest: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person gets for a question.

    `warnings` are sentences for the reader ("rests on OCR"). `usage` counts (model calls, tokens), `seconds` are wall
    times by stage. `absence` is set when `status` is `not_found`. `check` says what was done to the draft, None where
    nobody checked. `documents` are those that were asked, `made_with` names the settings that the answer depends on.
    """

    question: str
    status: Status
    statements: tuple[Statement, ...]
    route: Route
    coverage: Coverage
    absence: Absence | None = None
    warnings: tuple[str, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    check: Check | None = None
    documents: tuple[Asked, ...] = ()
    made_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The statements as running text, without citations."""
        return " ".join(statement.text for statement in self.statements)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All citations in the order of the statements."""
        return tuple(citation for statement in self.statements for citation in statement.citations)

    def to_json(self) -> dict[str, Any]:
        """The answer as plain JSON values, schema `docqa.answer/1`."""
        return {
            "schema": SCHEMA,
            "status": self.status,
            "question": self.question,
            "answer": self.text,
            "statements": [
                {
                    "text": s.text,
                    "citations": [citation_to_json(c) for c in s.citations],
                    "emphasis": s.emphasis and list(s.emphasis),
                }
                for s in self.statements
            ],
            "route": {"strategy": self.route.strategy, "reason": self.route.reason},
            "coverage": {
                "pages": self.coverage.pages,
                "pages_read": self.coverage.pages_read,
                "pages_shown": self.coverage.pages_shown,
                "unreadable": list(self.coverage.unreadable),
            },
            "absence": _absence_to_json(self.absence),
            "check": check_to_json(self.check),
            "warnings": list(self.warnings),
            "usage": dict(self.usage),
            "seconds": dict(self.seconds),
            "documents": [{"document": d.document, "sha256": d.sha256, "pages": d.pages} for d in self.documents],
            "made_with": dict(self.made_with),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        """Read an answer back; raises UsageError when it is not of the schema `docqa.answer/1`."""
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise UsageError(f"this is not a saved answer: expected an object with schema {SCHEMA!r}")
        try:
            return _answer_from_json(data)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the saved answer is damaged: {type(error).__name__} at {error}") from error

    def __str__(self) -> str:
        """The answer as a person reads it on a terminal: sentences with markers, then the quotes behind them."""
        return "\n".join(_lines(self))


Answerer = Callable[[str, Sequence[Document]], Answer]
"""Every strategy is one: a question and documents in, an Answer out."""


def _absence_to_json(absence: Absence | None) -> dict[str, Any] | None:
    if absence is None:
        return None
    return {
        "reason": absence.reason,
        "terms": list(absence.terms),
        "missing_terms": list(absence.missing_terms),
        "nearest": [citation_to_json(citation) for citation in absence.nearest],
    }


def _absence_from_json(data: Mapping[str, Any] | None) -> Absence | None:
    if data is None:
        return None
    nearest = tuple(citation_from_json(citation) for citation in data["nearest"])
    return Absence(data["reason"], tuple(data["terms"]), tuple(data["missing_terms"]), nearest)


def _answer_from_json(data: Mapping[str, Any]) -> Answer:
    statements = tuple(
        Statement(
            s["text"],
            tuple(citation_from_json(c) for c in s["citations"]),
            Span(*s["emphasis"]) if s.get("emphasis") else None,
        )
        for s in data["statements"]
    )
    coverage = data["coverage"]
    return Answer(
        question=data["question"],
        status=data["status"],
        statements=statements,
        route=Route(data["route"]["strategy"], data["route"]["reason"]),
        coverage=Coverage(
            coverage["pages"], coverage["pages_read"], tuple(coverage["unreadable"]), coverage.get("pages_shown")
        ),
        absence=_absence_from_json(data["absence"]),
        warnings=tuple(data["warnings"]),
        usage=dict(data["usage"]),
        seconds=dict(data["seconds"]),
        check=check_from_json(data.get("check")),
        documents=tuple(Asked(d["document"], d["sha256"], d["pages"]) for d in data.get("documents", ())),
        made_with=dict(data.get("made_with", {})),
    )


def _lines(answer: Answer) -> list[str]:
    numbers = {citation: n for n, citation in enumerate(dict.fromkeys(answer.citations), start=1)}
    lines = [_marked(statement, numbers) for statement in answer.statements]
    if answer.absence is not None:
        lines += _absence_lines(answer.absence, answer.coverage)
    if numbers:
        lines.append("")
    shown = one_line(answer.text)
    lines += [f"[{n}] {_reference(citation)}{_quoted(citation, shown)}" for citation, n in numbers.items()]
    remarks = [*_check_lines(answer.check), *_coverage_lines(answer.coverage, bool(numbers))]
    return [*lines, "", *remarks] if remarks else lines


def _check_lines(check: Check | None) -> list[str]:
    """What the check left out, and its sum where that says something."""
    if check is None:
        return []
    lines = []
    removed = [refused for refused in check.refused if refused.action == "statement_removed"]
    if removed:
        lines.append("Left out, since no passage bears it out:")
    for refused in removed:
        places = "; ".join(map(_reference, refused.citations))
        lines.append(f"  - {one_line(refused.statement)}{f' ({places})' if places else ''}")
    return [*lines, *filter(None, [str(check)])]


def _coverage_lines(coverage: Coverage, answered: bool) -> list[str]:
    """How much was read, where that is less than everything."""
    lines = []
    if answered and coverage.pages_shown is not None and coverage.pages_shown < coverage.pages_read:
        lines.append(f"Answered from passages on {coverage.pages_shown} of {coverage.pages} pages; all were searched.")
    if coverage.unreadable:
        unreadable = one_line(", ".join(coverage.unreadable))
        lines.append(f"Read {coverage.pages_read} of {coverage.pages} pages; unreadable: {unreadable}.")
    return lines


def _marked(statement: Statement, numbers: Mapping[Citation, int]) -> str:
    marks = "".join(f"[{numbers[citation]}]" for citation in dict.fromkeys(statement.citations))
    return f"{one_line(statement.text)} {marks}".rstrip()


def _quoted(citation: Citation, shown: str) -> str:
    """The quote, where the statements say it in other words."""
    quote = one_line(citation.quote)
    return "" if quote in shown else f": “{quote}”"


def _absence_lines(absence: Absence, coverage: Coverage) -> list[str]:
    """The reason with its proof: what was looked for, in how many pages, and what came nearest."""
    lines = [one_line(absence.reason)]
    if absence.terms:
        nowhere = f"; nowhere in them: {_listed(absence.missing_terms)}" if absence.missing_terms else ""
        lines.append(
            f"Looked in {coverage.pages_read} of {coverage.pages} pages for {_listed(absence.terms)}{nowhere}."
        )
    if absence.nearest:
        lines.append("Nearest passages:")
        lines += [f"  - {_reference(citation)}: “{one_line(citation.quote)}”" for citation in absence.nearest]
    return lines


def _listed(words: Sequence[str]) -> str:
    return one_line(", ".join(words))


def _reference(citation: Citation) -> str:
    ocr = "" if citation.ocr_confidence is None else f", OCR {citation.ocr_confidence:.0%}"
    support = "" if citation.support is None else f", {citation.support.label}"
    return f"{one_line(citation.document)}, {one_line(citation.locator)} ({citation.verdict}{support}{ocr})"


def one_line(text: str) -> str:
    """Text for a terminal: white space as single spaces, and nothing that could steer it (escapes, bidi overrides)."""
    return " ".join(_STEERING.sub("", text).split())
