"""Metrics of citations and evidence: judged citations, gold places, insights of a summary. Each names its source."""

from __future__ import annotations

from docqa.citation_scores import CitationScore, score_citations
from docqa.eval import evidence
from docqa.eval.cited_text import cited_claims
from docqa.eval.examples import Example, Prediction, lciteeval_item
from docqa.eval.lciteeval import CitationScorer
from docqa.eval.metrics import Options, Setting, measure
from docqa.eval.words import Overlap


def _citations(example: Example, prediction: Prediction, setting: Setting, options: Options) -> CitationScore | None:
    scorer = CitationScorer(setting.splitter, setting.entails, setting.mode, options["at_most"])
    return scorer.score(lciteeval_item(example), prediction.cited)


@measure(at_most=3)
def citation_recall(e: Example, p: Prediction, s: Setting, options: Options) -> float | None:
    """Share of sentences that their citations entail together (L-CiteEval, arXiv:2410.02115)."""
    score = _citations(e, p, s, options)
    return None if score is None else score.recall


@measure(at_most=3)
def citation_precision(e: Example, p: Prediction, s: Setting, options: Options) -> float | None:
    """Share of citations that their sentence needs or that entail it alone (L-CiteEval, arXiv:2410.02115)."""
    score = _citations(e, p, s, options)
    return None if score is None else score.precision


@measure(at_most=3)
def citation_f1(e: Example, p: Prediction, s: Setting, options: Options) -> float | None:
    """Harmonic mean of citation recall and precision, by example (L-CiteEval, arXiv:2410.02115)."""
    score = _citations(e, p, s, options)
    return None if score is None else score.f1


@measure(unit="count", at_most=3)
def citation_number(e: Example, p: Prediction, s: Setting, options: Options) -> float | None:
    """How many citations an answer gives (L-CiteEval, arXiv:2410.02115)."""
    score = _citations(e, p, s, options)
    return None if score is None else score.n_citations


def _alce(example: Example, prediction: Prediction, setting: Setting) -> CitationScore | None:
    premises = [p.text if p.title is None else f"Title: {p.title}\n{p.text}" for p in lciteeval_item(example).passages]
    text = prediction.cited.split("\n")[0] if setting.mode == "parity" else prediction.cited
    claims = cited_claims(text, setting.splitter, setting.mode)
    return score_citations(claims, premises, setting.entails, setting.mode)


@measure()
def alce_recall(e: Example, p: Prediction, s: Setting, _: Options) -> float | None:
    """ALCE's citation recall: as L-CiteEval's, with ALCE's premise (Gao et al. 2023, arXiv:2305.14627)."""
    score = _alce(e, p, s)
    return None if score is None else score.recall


@measure()
def alce_precision(e: Example, p: Prediction, s: Setting, _: Options) -> float | None:
    """ALCE's citation precision (Gao et al. 2023, arXiv:2305.14627)."""
    score = _alce(e, p, s)
    return None if score is None else score.precision


def best_evidence(example: Example, prediction: Prediction) -> Overlap:
    """The overlap with the annotator who agrees best."""
    choices = [evidence.evidence_overlap(prediction.places, gold) for gold in (example.gold, *example.other_gold)]
    return max(choices, key=lambda overlap: overlap.f1)


@measure()
def evidence_precision(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of the cited passages or pages that are gold evidence; no judge is asked."""
    return best_evidence(e, p).precision


@measure()
def evidence_recall(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of the gold passages or pages that are cited; no judge is asked."""
    return best_evidence(e, p).recall


@measure()
def evidence_f1(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """F1 of cited and gold passages or pages; QASPER's Evidence-F1 for its paragraphs (arXiv:2105.03011)."""
    return best_evidence(e, p).f1


@measure()
def evidence_hit(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Whether a gold passage or page is cited; a question without evidence is hit by citing nothing."""
    return evidence.evidence_hit(p.places, e.gold) if e.gold else float(not p.places)


def _insights(example: Example, prediction: Prediction, setting: Setting) -> list[evidence.InsightScore]:
    """Coverage is what the judge says of single statements: full or none, where the authors' judge also knows half."""
    scores = []
    for insight in example.insights:
        covering = next((b for b in prediction.bullets if setting.entails(b, insight.text)), None)
        label = "NO_COVERAGE" if covering is None else "FULL_COVERAGE"
        scores.append(evidence.insight_score(label, covering or "", insight.documents))
    return scores


@measure()
def summhay_coverage(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Share of insights that a statement covers (SummHay, Laban et al. 2024, arXiv:2407.01370)."""
    return evidence.summhay_means(_insights(e, p, s))["coverage_score"]


@measure()
def summhay_citation(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Citation F1 over the covered insights (SummHay, arXiv:2407.01370)."""
    return evidence.summhay_means(_insights(e, p, s))["citation_score"]


@measure()
def summhay_joint(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Coverage times citation F1 over all insights (SummHay, arXiv:2407.01370)."""
    return evidence.summhay_means(_insights(e, p, s))["joint_score"]
