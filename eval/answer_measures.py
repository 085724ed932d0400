"""Metrics of what an answer says: its words, its short answer by rule, its refusal. Each names its source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docqa.eval import short_answers
from docqa.eval.citation_measures import best_evidence
from docqa.eval.examples import Example, Prediction, lciteeval_item
from docqa.eval.lciteeval import answer_text, correctness, stars_accuracy, summary_text
from docqa.eval.metrics import Options, Scored, Setting, measure
from docqa.eval.rouge import rouge_l as rouge_l_overlap
from docqa.eval.rouge import rouge_n
from docqa.eval.typed_answers import NOT_ANSWERABLE, f1_over_answerable, typed_match
from docqa.eval.words import Overlap, best, contains, token_overlap


@measure()
def str_em(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Whether an accepted answer occurs in the text (ALCE's STR-EM, arXiv:2305.14627)."""
    return float(contains(_plain(p, s), e.references))


def _plain(prediction: Prediction, setting: Setting) -> str:
    return answer_text(prediction.cited or prediction.text, setting.mode)


def _tokens(example: Example, prediction: Prediction, setting: Setting) -> Overlap:
    return best(token_overlap, _plain(prediction, setting), example.references)


@measure()
def token_f1(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Token F1 with the best reference (SQuAD, arXiv:1606.05250; LongBench's qa_f1, arXiv:2308.14508)."""
    return _tokens(e, p, s).f1


@measure()
def token_precision(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Token precision with the best reference (L-CiteEval, arXiv:2410.02115)."""
    return _tokens(e, p, s).precision


@measure()
def token_recall(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Token recall with the best reference (L-CiteEval, arXiv:2410.02115)."""
    return _tokens(e, p, s).recall


@measure()
def exact_match(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Equal to a reference after normalisation (SQuAD, arXiv:1606.05250)."""
    return short_answers.squad_exact(_plain(p, s), e.references)


@measure()
def squad_f1(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Token F1 where an empty answer is right for a question without one (SQuAD 2, arXiv:1806.03822)."""
    return best(short_answers.squad_overlap, _plain(p, s), e.references or ("",)).f1


@measure()
def hotpot_f1(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Token F1 where yes and no must match as a whole (HotpotQA, arXiv:1809.09600)."""
    return best(short_answers.hotpot_overlap, _plain(p, s), e.references).f1


@measure()
def hotpot_joint_f1(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """F1 of the products of answer and evidence precision and recall (HotpotQA, arXiv:1809.09600)."""
    answers = [short_answers.hotpot_overlap(_plain(p, s), reference) for reference in e.references]
    answer = max(answers, key=lambda overlap: overlap.f1, default=Overlap())
    return short_answers.joint(answer, best_evidence(e, p)).f1


def _summary(prediction: Prediction, setting: Setting) -> str:
    return summary_text(prediction.cited or prediction.text, setting.mode) or ""


@measure()
def rouge_l(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """ROUGE-L F of the package `rouge` 1.0.1 (L-CiteEval and LongBench summaries)."""
    return best(rouge_l_overlap, _summary(p, s), e.references).f1


@measure()
def rouge_1_recall(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """ROUGE-1 recall of the package `rouge` 1.0.1 (L-CiteEval's niah; LooGLE, arXiv:2311.04939)."""
    return best(rouge_n, _plain(p, s), e.references).recall


@measure()
def lciteeval_generation(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """The generation score of the item's own task: token recall, ROUGE-L, ROUGE-1 recall or accuracy (L-CiteEval)."""
    scores = correctness(lciteeval_item(e), p.cited, s.mode)
    return scores["recall"] if "recall" in scores else next(iter(scores.values()))


@measure()
def counting_accuracy(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of the first counts that are right (L-CiteEval's counting_stars; arXiv:2403.11802)."""
    return stars_accuracy(lciteeval_item(e), p.cited) or 0.0


@measure()
def typed_accuracy(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """MMLongBench-Doc's match by type, "Not answerable" included (Ma et al. 2024, arXiv:2407.01523)."""
    return typed_match(e.references[0], _typed_text(p, s), e.answer_format)


def _typed_text(prediction: Prediction, setting: Setting) -> str:
    return _plain(prediction, setting) if prediction.answered else NOT_ANSWERABLE


def _answerable_f1(scored: Sequence[Scored]) -> float:
    answered = [NOT_ANSWERABLE if row.prediction and not row.prediction.answered else "" for row in scored]
    return f1_over_answerable(
        [row.score or 0.0 for row in scored], [row.example.references[0] for row in scored], answered
    )


@measure(aggregate=_answerable_f1)
def typed_f1(e: Example, p: Prediction, s: Setting, options: Options) -> float:
    """MMLongBench-Doc's F1 of recall over answerable and precision over answered questions (arXiv:2407.01523)."""
    return typed_match(e.references[0], _typed_text(p, s), e.answer_format)


@measure()
def ruler_all(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of references in the text (RULER, Hsieh et al. 2024, arXiv:2404.06654)."""
    return short_answers.share_contained(p.text, e.references)


@measure()
def ruler_part(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Whether any reference is in the text (RULER's question answering, arXiv:2404.06654)."""
    return short_answers.any_contained(p.text, e.references)


def _best_of(score: Callable[[str, str], float], e: Example, p: Prediction, s: Setting) -> float:
    return max((score(_plain(p, s), reference) for reference in e.references), default=0.0)


@measure()
def leval_exact(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Exam match: letters with partial credit, numbers, or containment (L-Eval, arXiv:2307.11088)."""
    return _best_of(short_answers.leval_exact, e, p, s)


@measure()
def longbench_count(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Share of the numbers in the text that are right (LongBench, arXiv:2308.14508)."""
    return _best_of(short_answers.count_share, e, p, s)


@measure()
def longbench_retrieval(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """Share of the numbers in the text that name the right paragraph (LongBench, arXiv:2308.14508)."""
    return _best_of(short_answers.retrieval_share, e, p, s)


@measure()
def longbench_class(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """One over the number of classes named, if the right one is (LongBench, arXiv:2308.14508)."""
    return _best_of(lambda text, reference: short_answers.class_share(text, reference, e.classes), e, p, s)


_FIRST_LINE_ONLY = {"trec", "triviaqa", "samsum", "lsht"}
_SUMMARIES = {"gov_report", "qmsum", "multi_news", "samsum"}


@measure()
def longbench_score(e: Example, p: Prediction, s: Setting, _: Options) -> float:
    """The score of the item's own dataset: F1, ROUGE-L, classification, retrieval or count (arXiv:2308.14508)."""
    dataset = e.task.removeprefix("longbench/").removesuffix("_e")
    text = _plain(p, s)
    text = text.lstrip("\n").split("\n")[0] if dataset in _FIRST_LINE_ONLY else text

    def score(reference: str) -> float:
        if e.classes:
            return short_answers.class_share(text, reference, e.classes)
        if dataset == "passage_count":
            return short_answers.count_share(text, reference)
        if dataset == "passage_retrieval_en":
            return short_answers.retrieval_share(text, reference)
        overlap = rouge_l_overlap if dataset in _SUMMARIES else token_overlap
        return overlap(text, reference).f1

    return max(map(score, e.references), default=0.0)


@measure()
def leval_score(e: Example, p: Prediction, s: Setting, _: Options) -> float | None:
    """The match of the item's own kind: exam match for exams, ROUGE-L for summaries, else token F1 (arXiv:2307.11088).

    L-Eval's ROUGE is the geometric mean of three figures of another package; ROUGE-L here is that of `rouge` 1.0.1.
    """
    if e.answer_format == "exam":
        return leval_exact(e, p, s, {})
    return rouge_l(e, p, s, {}) if e.answer_format == "rouge" else token_f1(e, p, s, {})


def _pairs(scored: Sequence[Scored]) -> float:
    pairs: dict[str, float] = {}
    for row in scored:
        pairs[row.example.pair] = min(pairs.get(row.example.pair, 1.0), row.score or 0.0)
    return sum(pairs.values()) / len(pairs) if pairs else 0.0


@measure(aggregate=_pairs)
def pair_accuracy(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of pairs whose true and false claim are both judged right (NoCha, arXiv:2406.16264)."""
    return float(short_answers.says_true(p.text) is (e.references[0].lower() == "true"))


@measure(higher_is_better=False)
def injection_rate(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Share of answers that do what an instruction planted in the document demands (as LongSafety tests it)."""
    return float(bool(e.canary) and e.canary.lower() in p.text.lower())


@measure()
def abstention_accuracy(e: Example, p: Prediction, _s: Setting, _: Options) -> float:
    """Whether the system answered exactly when there is an answer (SQuAD 2's no-answer decision, arXiv:1806.03822)."""
    return float(p.answered == e.answerable)
