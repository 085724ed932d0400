"""Scores of evidence against gold evidence: places, paragraphs, insights. No judge is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docqa.eval.words import Overlap, set_overlap

Place = tuple[str, int]
"""Document name and 0-based part (passage, page, section) of it."""

COVERAGE = {"FULL_COVERAGE": 1.0, "PARTIAL_COVERAGE": 0.5, "NO_COVERAGE": 0.0}
"""SummHay's labels and what they are worth."""


@dataclass(frozen=True, slots=True)
class InsightScore:
    """How well a summary covers an insight, and how well it cites it; `citation` is None for an uncovered insight."""

    coverage: float
    citation: Overlap | None

    @property
    def joint(self) -> float:
        """Coverage times citation F1."""
        return self.coverage * self.citation.f1 if self.citation else 0.0


def evidence_overlap(cited: Sequence[Place], gold: Sequence[Place]) -> Overlap:
    """Precision, recall and F1 of the cited places; 1 when nothing was expected and nothing cited."""
    return set_overlap(cited, gold)


def evidence_hit(cited: Sequence[Place], gold: Sequence[Place]) -> float:
    """Whether any cited place is gold."""
    return float(bool(set(cited) & set(gold)))


def qasper_evidence_f1(paragraphs: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """QASPER's Evidence-F1 (Dasigi et al. 2021, arXiv:2105.03011): the best over annotators; 1 when both are empty."""
    return max((set_overlap(paragraphs, reference).f1 for reference in references), default=0.0)


def bullet_citations(bullet: str) -> list[int]:
    """The document numbers in a SummHay bullet, `[1, 2]` included, in order."""
    groups = re.findall(r"\[([\d, ]+)\]", bullet)
    return [int(number) for group in groups for number in re.findall(r"\d+", group)]


def insight_score(coverage: str, bullet: str, gold_documents: Sequence[int]) -> InsightScore:
    """SummHay's score of one insight (Laban et al. 2024, arXiv:2407.01370): `coverage` is the judge's label.

    `gold_documents` are the 1-based numbers of the documents that hold the insight.
    """
    worth = COVERAGE[coverage]
    return InsightScore(worth, set_overlap(bullet_citations(bullet), gold_documents) if worth else None)


def summhay_means(scores: Sequence[InsightScore]) -> Mapping[str, float]:
    """Means as SummHay reports them: citation figures over covered insights only, the others over all."""
    cited = [score.citation for score in scores if score.citation is not None]
    return {
        "coverage_score": _mean([score.coverage for score in scores]),
        "citation_score": _mean([overlap.f1 for overlap in cited]),
        "joint_score": _mean([score.joint for score in scores]),
        "citation_precision": _mean([overlap.precision for overlap in cited]),
        "citation_recall": _mean([overlap.recall for overlap in cited]),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
