"""What became of a draft when its citations were checked: what was let through, what was not, and the answer's score.

An answer carries this, so that whoever shows it can say what was left out, and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from docqa.citation_scores import CitationScore, Mode
from docqa.citations import Citation, citation_from_json, citation_to_json

Action = Literal["statement_removed", "citations_removed", "citations_replaced"]

CERTAIN = frozenset(("quotation", "table row", "counted"))
"""Judges that cannot err: the statement is made of the cited words, or docqa counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Citations that the check did not let through, and what became of the statement that they were to prove.

    `statement_removed`: nothing bears it out, so it is no part of the answer. `citations_removed`: it stands on others
    that it had. `citations_replaced`: it stands on others that were found for it.
    """

    statement: str
    action: Action
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedScore:
    """The answer's citation score by L-CiteEval's arithmetic, with the judge and the mode that it depends on."""

    score: CitationScore
    judge: str
    mode: Mode = "strict"

    @property
    def is_trivial(self) -> bool:
        """Whether every statement is the cited words themselves, so that the score was never in doubt."""
        return set(self.judge.split(", ")) <= CERTAIN


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a draft in numbers.

    `n_statements` and `n_citations` are those of the draft, `n_flagged` the statements that are shown although they are
    borne out in part only, or could not be judged. `score` is that of what is shown, None where there is nothing to
    score.
    """

    n_statements: int
    n_citations: int
    n_flagged: int = 0
    refused: tuple[Refused, ...] = ()
    score: JudgedScore | None = None

    def count(self, action: Action) -> int:
        """How many statements this was done to."""
        return sum(refused.action == action for refused in self.refused)

    @property
    def n_removed_citations(self) -> int:
        """Citations of the draft that are not in the answer, whatever became of their statements."""
        return sum(len(refused.citations) for refused in self.refused)

    def joined(self, other: Check | None, shown: Collection[str] = ()) -> Check:
        """This check with what that of a draft that was given up refused, but for statements that are `shown` now."""
        if other is None:
            return self
        theirs = (refused for refused in other.refused if refused.statement not in shown)
        refused = tuple(dict.fromkeys((*self.refused, *theirs)))
        n_statements, n_citations = self.n_statements + other.n_statements, self.n_citations + other.n_citations
        return Check(n_statements, n_citations, self.n_flagged, refused, self.score)

    def __str__(self) -> str:
        """One line for a person: what was done, and the score; "" where every statement is a quotation."""
        parts = [text for n, text in self._actions() if n]
        if self.score is not None and (parts or not self.score.is_trivial):
            s = self.score.score
            parts.append(
                f"citation recall {s.recall:.0%}, precision {s.precision:.0%}, F1 {s.f1:.0%} "
                f"({self.score.mode}, judge: {self.score.judge})"
            )
        return f"Checked {_counted(self.n_statements, 'statement')}: {'; '.join(parts)}." if parts else ""

    def _actions(self) -> tuple[tuple[int, str], ...]:
        n_removed, n_repaired = self.count("statement_removed"), self.count("citations_replaced")
        n_loose = sum(len(r.citations) for r in self.refused if r.action == "citations_removed")
        return (
            (n_removed, f"{n_removed} left out"),
            (n_repaired, f"{n_repaired} proved by another passage than the draft named"),
            (n_loose, f"{_counted(n_loose, 'citation')} removed that added nothing"),
            (self.n_flagged, f"{self.n_flagged} borne out in part only"),
        )


def check_to_json(check: Check | None) -> dict[str, Any] | None:
    """The check as plain JSON values."""
    if check is None:
        return None
    return {
        "statements_drafted": check.n_statements,
        "citations_drafted": check.n_citations,
        "statements_removed": check.count("statement_removed"),
        "statements_repaired": check.count("citations_replaced"),
        "statements_flagged": check.n_flagged,
        "citations_removed": check.n_removed_citations,
        "refused": [
            {"statement": r.statement, "action": r.action, "citations": [citation_to_json(c) for c in r.citations]}
            for r in check.refused
        ],
        "score": check.score and _score_to_json(check.score),
    }


def check_from_json(data: Mapping[str, Any] | None) -> Check | None:
    """Read a check back; raises KeyError, TypeError or ValueError when it is none."""
    if data is None:
        return None
    refused = (
        Refused(r["statement"], r["action"], tuple(citation_from_json(c) for c in r["citations"]))
        for r in data["refused"]
    )
    return Check(
        data["statements_drafted"],
        data["citations_drafted"],
        data["statements_flagged"],
        tuple(refused),
        data["score"] and _score_from_json(data["score"]),
    )


def _score_to_json(judged: JudgedScore) -> dict[str, Any]:
    score = judged.score
    return {
        "recall": round(score.recall, 4),
        "precision": round(score.precision, 4),
        "f1": round(score.f1, 4),
        "citations": score.n_citations,
        "judge": judged.judge,
        "mode": judged.mode,
    }


def _score_from_json(data: Mapping[str, Any]) -> JudgedScore:
    score = CitationScore(data["recall"], data["precision"], data["f1"], data["citations"])
    return JudgedScore(score, data["judge"], data["mode"])


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
