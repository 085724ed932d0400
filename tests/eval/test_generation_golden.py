"""Scores of generated text agree with the original functions of each benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from docqa.citation_scores import score_citations
from docqa.eval.cited_text import cited_claims, punkt
from docqa.eval.evidence import bullet_citations, insight_score, qasper_evidence_f1, summhay_means
from docqa.eval.rouge import rouge_l, rouge_n
from docqa.eval.short_answers import (
    any_contained,
    class_share,
    count_share,
    hotpot_overlap,
    joint,
    leval_exact,
    retrieval_share,
    says_true,
    share_contained,
    squad_exact,
    squad_overlap,
)
from docqa.eval.typed_answers import f1_over_answerable, typed_match
from docqa.eval.words import Overlap, best, contains, exact_match, normalised, set_overlap, token_overlap

from .stand_in_judge import GOLDEN, OTHERS, StandInJudge

LONGBENCH = OTHERS["longbench"]


@pytest.mark.parametrize("case", GOLDEN["qa_f1_cases"], ids=lambda case: case["pred"] or "empty")
def test_token_overlap_is_the_originals(case: dict[str, Any]) -> None:
    assert normalised(case["pred"]) == case["pred_norm"]
    assert token_overlap(case["pred"], case["gold"]) == (case["precision"], case["recall"], case["f1"])


@pytest.mark.parametrize("case", GOLDEN["rouge_cases"], ids=lambda case: case["pred"])
def test_rouge_is_that_of_the_package(case: dict[str, Any]) -> None:
    found = {
        "rouge-1": rouge_n(case["pred"], case["gold"]),
        "rouge-2": rouge_n(case["pred"], case["gold"], 2),
        "rouge-l": rouge_l(case["pred"], case["gold"]),
    }
    expected = {name: Overlap(score["p"], score["r"], score["f"]) for name, score in case["scores"].items()}
    assert found == expected


def test_longbench_scores_are_the_originals() -> None:
    for case in LONGBENCH["qa_f1"]:
        assert token_overlap(case["p"], case["g"]).f1 == pytest.approx(case["score"], abs=1e-12)
    for case in LONGBENCH["rouge_l_f"]:
        assert rouge_l(case["p"], case["g"]).f1 == pytest.approx(case["score"], abs=1e-12)
    for case in LONGBENCH["count"]:
        assert count_share(case["p"], case["g"]) == case["score"]
    for case in LONGBENCH["retrieval_en"]:
        assert retrieval_share(case["p"], case["g"]) == case["score"]
    for case in LONGBENCH["classification"]:
        assert class_share(case["p"], case["g"], case["all_classes"]) == case["score"]


def test_typed_answers_match_as_in_mmlongbench() -> None:
    cases = OTHERS["mmlongbench_doc"]["eval_score"]
    scores = [typed_match(case["gt"], case["pred"], case["answer_format"]) for case in cases]
    assert scores == pytest.approx([case["score"] for case in cases], abs=1e-12)
    aggregate = OTHERS["mmlongbench_doc"]["aggregate"]
    assert sum(scores) / len(scores) == pytest.approx(aggregate["acc"], abs=1e-12)
    f1 = f1_over_answerable(scores, [case["gt"] for case in cases], [case["pred"] for case in cases])
    assert f1 == pytest.approx(aggregate["f1"], abs=1e-12)


@pytest.mark.parametrize("answer_format", ["Int", "Float", "Str", "None", "List"])
@pytest.mark.parametrize("prediction", ["", "inf", "nan", "[", "['a', 1]", "1e999", "__import__('os')"])
def test_no_prediction_breaks_the_typed_match(answer_format: str, prediction: str) -> None:
    assert 0.0 <= typed_match("['12']" if answer_format == "List" else "12", prediction, answer_format) <= 1.0


def test_leval_and_squad_match_as_in_the_originals() -> None:
    for case in OTHERS["leval"]["exact_match"]:
        assert leval_exact(case["p"], case["g"]) == case["score"], case
    for case in OTHERS["squad2"]:
        assert squad_exact(case["pred"], [case["gold"]]) == case["exact"], case
        assert squad_overlap(case["pred"], case["gold"]).f1 == pytest.approx(case["f1"], abs=1e-12), case


def test_hotpotqa_joint_scores_are_the_originals() -> None:
    gold, predicted = OTHERS["hotpotqa"]["gold"], OTHERS["hotpotqa"]["pred"]
    rows = []
    for item in gold:
        text = predicted["answer"][item["_id"]]
        answer = hotpot_overlap(text, item["answer"])
        facts = [tuple(fact) for fact in predicted["sp"][item["_id"]]]
        evidence = set_overlap(facts, [tuple(fact) for fact in item["supporting_facts"]])
        both = joint(answer, evidence)
        em, sp_em = float(exact_match(text, item["answer"])), float(evidence.f1 == 1)
        rows.append(
            {
                **{"em": em, "f1": answer.f1, "prec": answer.precision, "recall": answer.recall},
                **{"sp_em": sp_em, "sp_f1": evidence.f1, "sp_prec": evidence.precision, "sp_recall": evidence.recall},
                **{"joint_em": em * sp_em, "joint_f1": both.f1},
                **{"joint_prec": both.precision, "joint_recall": both.recall},
            }
        )
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    assert means == pytest.approx(OTHERS["hotpotqa"]["result"], abs=1e-12)


def test_ruler_string_matches_are_the_originals() -> None:
    for name, score in (("all", share_contained), ("part", any_contained)):
        texts, references = OTHERS["ruler"]["inputs"][name]
        values = [score(text, expected) for text, expected in zip(texts, references, strict=True)]
        assert round(100 * sum(values) / len(values), 2) == OTHERS["ruler"][name]


def test_qasper_scores_are_the_originals() -> None:
    qasper = OTHERS["qasper"]
    answers, evidence, types = [], [], []
    for question, references in qasper["gold"].items():
        predicted = qasper["pred"].get(question)
        if predicted is None:
            answers.append(0.0)
            evidence.append(0.0)
            continue
        by_reference = [(token_overlap(predicted["answer"], r["answer"]).f1, r["type"]) for r in references]
        answers.append(best(token_overlap, predicted["answer"], [r["answer"] for r in references]).f1)
        types.append(max(by_reference)[1])
        evidence.append(qasper_evidence_f1(predicted["evidence"], [r["evidence"] for r in references]))
    result = qasper["result"]
    assert sum(answers) / len(answers) == pytest.approx(result["Answer F1"], abs=1e-12)
    assert sum(evidence) / len(evidence) == pytest.approx(result["Evidence F1"], abs=1e-12)
    assert types == [name for name, f1 in result["Answer F1 by type"].items() if f1 == 1.0]


def test_summhay_scores_are_the_originals() -> None:
    summhay = OTHERS["summhay"]
    scores = []
    for row in summhay["evals"]:
        held = [
            n for n, d in enumerate(summhay["topic"]["documents"], 1) if row["insight_id"] in d["insights_included"]
        ]
        number = str(row["bullet_id"])
        bullet = summhay["bullets"][int(number) - 1] if number.isdigit() else ""
        scores.append(insight_score(row["coverage"], bullet, held))
    assert dict(summhay_means(scores)) == pytest.approx(summhay["means"], abs=1e-12)
    assert [score.joint for score in scores] == pytest.approx(summhay["scores"]["joint_score"], abs=1e-12)
    assert [bullet_citations(bullet) for bullet in summhay["bullets"]] == summhay["extract"]


def test_alce_scores_are_the_originals() -> None:
    alce = OTHERS["alce"]
    premises = [f"Title: {doc['title']}\n{doc['text']}" for doc in alce["docs"]]
    scores = [
        score_citations(cited_claims(text, punkt(), "parity"), premises, StandInJudge().entails, "parity")
        for text in alce["outputs"]
    ]
    assert 100 * sum(s.recall for s in scores if s) / 3 == pytest.approx(alce["result"]["citation_rec"], abs=1e-12)
    assert 100 * sum(s.precision for s in scores if s) / 3 == pytest.approx(alce["result"]["citation_prec"], abs=1e-12)
    assert [contains(case["context"], case["answers"]) for case in alce["str_em"]] == [c["hit"] for c in alce["str_em"]]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("True.", True), ("The claim is not true.", False), ("No, it is false", False), ("Yes", True), ("Maybe", None)],
)
def test_a_verdict_on_a_claim_is_read_from_its_first_word_for_it(text: str, verdict: bool | None) -> None:
    assert says_true(text) is verdict
