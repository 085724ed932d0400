"""Answers: statements, each with citations that point to exact words, and what it took to find them.

`Answer.to_json` is the versioned schema `docqa.answer/1` that every door gives (command line, Python, page, HTTP);
`Answer.from_json` reads it back. Nothing here knows how an answer was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from docqa.documents import Box, Document, Span
from docqa.errors import UsageError

SCHEMA = "docqa.answer/1"

# C0 and C1 controls but for white space, and the characters that turn the direction of writing around.
_STEERING = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")

Status = Literal["answered", "partial", "not_found"]
Verdict = Literal["verbatim", "close", "stitched", "other_page", "other_document", "absent"]
SupportLabel = Literal["supports", "partly", "unrelated", "contradicts"]


@dataclass(frozen=True, slots=True)
class Support:
    """Whether the cited words bear the statement out, according to a named judge; `score` runs from 0 to 1."""

    label: SupportLabel
    score: float
    judge: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote with everything that is needed to find it again.

    `part` is the 0-based index of the page, slide, sheet or section whose clean text the offsets count. `page` is
    the physical 1-based page number and `page_label` the printed one, both None for formats without pages; `locator`
    says the place in words in any case. `boxes` are points on the displayed page, origin top left, empty when unknown.
    `ocr_confidence` is the OCR engine's mean confidence for the page, None when the words were not read by OCR.
    """

    document: str
    sha256: str
    part: int
    page: int | None
    page_label: str | None
    locator: str
    start_char: int
    end_char: int
    quote: str
    verdict: Verdict
    support: Support | None = None
    boxes: tuple[Box, ...] = ()
    ocr_confidence: float | None = None


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
    """How much was read: `pages` in all, `pages_read` with usable text, `unreadable` as places in words."""

    pages: int
    pages_read: int
    unreadable: tuple[str, ...] = ()


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
    times by stage. `absence` is set when `status` is `not_found`.
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
                    "citations": [_citation_to_json(c) for c in s.citations],
                    "emphasis": s.emphasis and list(s.emphasis),
                }
                for s in self.statements
            ],
            "route": {"strategy": self.route.strategy, "reason": self.route.reason},
            "coverage": {
                "pages": self.coverage.pages,
                "pages_read": self.coverage.pages_read,
                "unreadable": list(self.coverage.unreadable),
            },
            "absence": _absence_to_json(self.absence),
            "warnings": list(self.warnings),
            "usage": dict(self.usage),
            "seconds": dict(self.seconds),
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


def _citation_to_json(citation: Citation) -> dict[str, Any]:
    support = citation.support
    return {
        "document": citation.document,
        "sha256": citation.sha256,
        "part": citation.part,
        "page": citation.page,
        "page_label": citation.page_label,
        "locator": citation.locator,
        "start_char": citation.start_char,
        "end_char": citation.end_char,
        "boxes": [[round(side, 2) for side in box] for box in citation.boxes],
        "quote": citation.quote,
        "verdict": citation.verdict,
        "support": support and {"label": support.label, "score": round(support.score, 4), "judge": support.judge},
        "ocr_confidence": citation.ocr_confidence,
    }


def _citation_from_json(data: Mapping[str, Any]) -> Citation:
    support = data["support"]
    return Citation(
        document=data["document"],
        sha256=data["sha256"],
        part=data["part"],
        page=data["page"],
        page_label=data["page_label"],
        locator=data["locator"],
        start_char=data["start_char"],
        end_char=data["end_char"],
        quote=data["quote"],
        verdict=data["verdict"],
        support=Support(support["label"], support["score"], support["judge"]) if support else None,
        boxes=tuple(Box(*box) for box in data["boxes"]),
        ocr_confidence=data["ocr_confidence"],
    )


def _absence_to_json(absence: Absence | None) -> dict[str, Any] | None:
    if absence is None:
        return None
    return {
        "reason": absence.reason,
        "terms": list(absence.terms),
        "missing_terms": list(absence.missing_terms),
        "nearest": [_citation_to_json(citation) for citation in absence.nearest],
    }


def _absence_from_json(data: Mapping[str, Any] | None) -> Absence | None:
    if data is None:
        return None
    nearest = tuple(_citation_from_json(citation) for citation in data["nearest"])
    return Absence(data["reason"], tuple(data["terms"]), tuple(data["missing_terms"]), nearest)


def _answer_from_json(data: Mapping[str, Any]) -> Answer:
    statements = tuple(
        Statement(
            s["text"],
            tuple(_citation_from_json(c) for c in s["citations"]),
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
        coverage=Coverage(coverage["pages"], coverage["pages_read"], tuple(coverage["unreadable"])),
        absence=_absence_from_json(data["absence"]),
        warnings=tuple(data["warnings"]),
        usage=dict(data["usage"]),
        seconds=dict(data["seconds"]),
    )


def _lines(answer: Answer) -> list[str]:
    numbers = {citation: n for n, citation in enumerate(dict.fromkeys(answer.citations), start=1)}
    lines = [_marked(statement, numbers) for statement in answer.statements]
    if answer.absence is not None:
        lines += _absence_lines(answer.absence)
    if numbers:
        lines.append("")
    shown = one_line(answer.text)
    lines += [f"[{n}] {_reference(citation)}{_quoted(citation, shown)}" for citation, n in numbers.items()]
    coverage = answer.coverage
    if coverage.unreadable:
        unreadable = one_line(", ".join(coverage.unreadable))
        lines += ["", f"Read {coverage.pages_read} of {coverage.pages} pages; unreadable: {unreadable}."]
    return lines


def _marked(statement: Statement, numbers: Mapping[Citation, int]) -> str:
    marks = "".join(f"[{numbers[citation]}]" for citation in dict.fromkeys(statement.citations))
    return f"{one_line(statement.text)} {marks}".rstrip()


def _quoted(citation: Citation, shown: str) -> str:
    """The quote, where the statements say it in other words."""
    quote = one_line(citation.quote)
    return "" if quote in shown else f": “{quote}”"


def _absence_lines(absence: Absence) -> list[str]:
    lines = [one_line(absence.reason)]
    if absence.nearest:
        lines.append("Nearest passages:")
        lines += [f"  - {_reference(citation)}: “{one_line(citation.quote)}”" for citation in absence.nearest]
    return lines


def _reference(citation: Citation) -> str:
    ocr = "" if citation.ocr_confidence is None else f", OCR {citation.ocr_confidence:.0%}"
    support = "" if citation.support is None else f", {citation.support.label}"
    return f"{one_line(citation.document)}, {one_line(citation.locator)} ({citation.verdict}{support}{ocr})"


def one_line(text: str) -> str:
    """Text for a terminal: white space as single spaces, and nothing that could steer it (escapes, bidi overrides)."""
    return " ".join(_STEERING.sub("", text).split())
