"""Metrics are values with names, and every one of them scores a right answer above a wrong one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docqa.errors import UsageError
from docqa.eval import measures as measures
from docqa.eval.cited_text import punkt
from docqa.eval.examples import Example, Insight, Prediction, TextSource, predict
from docqa.eval.metrics import FAMILIES, Judge, Scored, Setting, parse
from docqa.eval.tasks import TABLE, task

from .examples_of_ours import BRIDGE, answer, citation, example, setting

RIGHT = answer(("The Aurora Bridge was completed in 1932.", [0]))
WRONG = answer(("Bread making requires gold.", [1]))


@pytest.mark.parametrize("name", [*FAMILIES, "citation_f1(at_most=1)", "citation_recall(at_most=None)"])
def test_a_name_round_trips(name: str) -> None:
    assert str(parse(name)) == name
    assert parse(str(parse(name))) == parse(name)


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_metric_says_what_it_measures(name: str) -> None:
    assert FAMILIES[name].doc.endswith(".")
    assert len(FAMILIES[name].doc) > 30


def test_a_default_is_not_part_of_the_name() -> None:
    assert str(parse("citation_f1(at_most=3)")) == "citation_f1"


@pytest.mark.parametrize(
    "name", ["nonsense", "citation_f1(at_least=2)", "citation_f1(at_most=x)", "token_f1(at_most=1)"]
)
def test_an_unknown_name_or_option_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="known"):
        parse(name)


SHARES = ["citation_recall", "citation_precision", "citation_f1", "alce_recall", "alce_precision", "str_em", "token_f1"]
SHARES += ["token_precision", "token_recall", "squad_f1", "hotpot_f1", "hotpot_joint_f1", "rouge_1_recall", "rouge_l"]
SHARES += ["evidence_precision", "evidence_recall", "evidence_f1", "evidence_hit", "ruler_all", "ruler_part"]


@pytest.mark.parametrize("name", SHARES)
def test_a_right_answer_scores_above_a_wrong_one(name: str) -> None:
    e = replace(example(references=("Aurora Bridge completed in 1932",)), task="lciteeval/narrativeqa")
    e = replace(e, references=("1932",)) if name in ("str_em", "ruler_all", "ruler_part") else e
    good, bad = (parse(name).score(e, predict(e, given), setting()).score for given in (RIGHT, WRONG))
    assert good is not None
    assert bad is not None
    assert good > bad
    assert bad == 0.0


def scored(name: str, e: Example, text: str, answered: bool = True) -> Scored:
    return parse(name).score(e, Prediction(text, text, (text,), answered=answered), setting())


@pytest.mark.parametrize(
    ("name", "reference", "text", "score"),
    [
        ("exact_match", "The Bridge", "bridge", 1.0),
        ("leval_exact", "AB", "A", 0.25),
        ("longbench_count", "12", "12 of 13", 0.5),
        ("longbench_retrieval", "Paragraph 7", "It is 7", 1.0),
        ("longbench_class", "Food", "Food", 1.0),
        ("typed_accuracy", "Little Rock", "Litle Rock", 10 / 11),
        ("squad_f1", "in 1990", "1990", 2 / 3),
    ],
)
def test_rules_for_short_answers(name: str, reference: str, text: str, score: float) -> None:
    e = replace(example(references=(reference,)), classes=("Food", "City"))
    assert scored(name, e, text).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("dataset", "reference", "text", "score"),
    [
        ("trec", "Food", "Food\nCity", 1.0),
        ("passage_count", "12", "12 or 13", 0.5),
        ("passage_retrieval_en_e", "Paragraph 3", "Paragraph 3", 1.0),
        ("hotpotqa", "red fox", "fox", 2 / 3),
        ("gov_report", "a b", "a", 2 / 3),
    ],
)
def test_longbench_datasets_have_scores_of_their_own(dataset: str, reference: str, text: str, score: float) -> None:
    classes = ("Food", "City") if dataset == "trec" else ()
    e = replace(example(references=(reference,)), task=f"longbench/{dataset}", classes=classes)
    assert scored("longbench_score", e, text).score == pytest.approx(score, abs=1e-7)


@pytest.mark.parametrize(("kind", "score"), [("exam", 0.25), ("f1", 0.0), ("rouge", 0.0)])
def test_leval_items_are_scored_by_their_kind(kind: str, score: float) -> None:
    e = replace(example(references=("AB",)), answer_format=kind)
    assert scored("leval_score", e, "A").score == score


def test_a_failed_example_counts_as_the_worst() -> None:
    assert parse("token_f1").score(example(), None, setting()).score == 0.0
    assert parse("injection_rate").score(example(), None, setting()).score == 1.0


def test_parity_drops_an_empty_answer_and_strict_does_not() -> None:
    e = replace(example(), task="lciteeval/narrativeqa")
    empty = predict(e, answer())
    parity = Setting("parity", punkt(), Judge("none", lambda premise, claim: False))
    assert parse("citation_f1").score(e, empty, parity).score is None
    assert parse("citation_f1").score(e, empty, setting()).score == 0.0


def test_an_instruction_planted_in_a_document_is_found_in_the_answer() -> None:
    e = replace(example(), canary="PWNED-77")
    assert scored("injection_rate", e, "As you wish: pwned-77.").score == 1.0
    assert scored("injection_rate", e, "It was completed in 1932.").score == 0.0


def test_a_pair_counts_only_when_both_claims_are_judged_right() -> None:
    pairs = [
        (replace(example("1", references=("True",)), pair="a"), "true"),
        (replace(example("2", references=("False",)), pair="a"), "false"),
        (replace(example("3", references=("True",)), pair="b"), "true"),
        (replace(example("4", references=("False",)), pair="b"), "true"),
    ]
    metric = parse("pair_accuracy")
    assert metric.family.aggregate([scored("pair_accuracy", e, text) for e, text in pairs]) == 0.5


def test_answers_to_questions_without_one_cost_precision() -> None:
    there, nowhere = (
        example(references=("1932",)),
        replace(example(references=("Not answerable",)), answer_format="None"),
    )
    metric = parse("typed_f1")
    rows = [scored("typed_f1", there, "1932"), scored("typed_f1", nowhere, "1932")]
    assert metric.family.aggregate(rows) == pytest.approx(2 / 3)
    rows[1] = scored("typed_f1", nowhere, "", answered=False)
    assert metric.family.aggregate(rows) == 1.0


def test_abstaining_is_right_exactly_where_there_is_no_answer() -> None:
    nowhere = replace(example(), answerable=False)
    assert scored("abstention_accuracy", nowhere, "", answered=False).score == 1.0
    assert scored("abstention_accuracy", example(), "", answered=False).score == 0.0


def test_an_insight_is_covered_and_cited() -> None:
    insights = (
        Insight("Ruth Almond designed the steel deck", (2,)),
        Insight("The harbour was dredged twice", (3,)),
    )
    e = replace(example(), insights=insights)
    p = predict(e, answer(("Ruth Almond designed the steel deck in 1929.", [1, 2])))
    found = {name: parse(f"summhay_{name}").score(e, p, setting()).score for name in ("coverage", "citation", "joint")}
    assert found == {"coverage": 0.5, "citation": pytest.approx(2 / 3), "joint": pytest.approx(1 / 3)}


def test_the_judge_is_asked_once_for_each_pair() -> None:
    asked: list[str] = []

    def entails(premise: str, claim: str) -> bool:
        asked.append(claim)
        return True

    ours = replace(setting(), judge=Judge("counting", entails))
    e = replace(example(), task="lciteeval/narrativeqa")
    for name in ("citation_recall", "citation_precision", "citation_f1"):
        parse(name).score(e, predict(e, RIGHT), ours)
    assert len(asked) == 1


def test_an_answer_becomes_text_with_the_numbers_of_its_passages() -> None:
    p = predict(example(), answer(("It was completed in 1932.", [0, 1, 0]), ("See note [4]", [2])))
    assert p.cited == "It was completed in 1932 [1][2]. See note (4) [3]."
    assert p.places == (("bridge", 0), ("bridge", 1), ("bridge", 2))


def test_passages_are_numbered_through_all_sources() -> None:
    second = TextSource("tunnel", ("The tunnel is long.",))
    e = replace(example(), sources=(BRIDGE, second))
    given = answer(("The tunnel is long.", []))
    statement = replace(given.statements[0], citations=(citation(0, "tunnel"), citation(0, "elsewhere")))
    assert predict(e, replace(given, statements=(statement,))).cited == "The tunnel is long [4][5]."


def test_stars_are_answered_in_the_form_that_the_task_asks_for() -> None:
    e = replace(example(), task="lciteeval/counting_stars")
    given = answer(("The little penguin counted 83 ★", [0]), ("The little penguin counted 14 ★", [2]))
    assert predict(e, given).cited == '{"little_penguin": [83, 14], "passage_id": [1, 3]}'


@pytest.mark.parametrize("name", list(TABLE))
def test_every_task_has_metrics_that_exist(name: str) -> None:
    assert [str(metric) for metric in task(name).metrics] == list(TABLE[name].metric_names)


def test_an_unknown_task_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="covidqa"):
        task("nonsense")
