"""Citation scores agree with the original L-CiteEval functions on every hand-made case."""

from __future__ import annotations

from typing import Any

import pytest

from docqa.citation_scores import CitationScore
from docqa.eval.cited_text import cited_claims, punkt, without_citations
from docqa.eval.lciteeval import CitationScorer, Item, NumberedPassage, niah_score, stars_citation_score

from .stand_in_judge import GOLDEN, StandInJudge


def passages(name: str) -> tuple[NumberedPassage, ...]:
    docs = GOLDEN["doc_sets"][name]
    return tuple(NumberedPassage(d) if isinstance(d, str) else NumberedPassage(d["text"], d["title"]) for d in docs)


def item_of(case: dict[str, Any], task: str) -> Item:
    answer = case.get("answer", "")
    references = tuple(map(str, answer if isinstance(answer, list) else [answer]))
    return Item(case.get("id", ""), task, passages(case["docs"]), references)


def assert_score(score: CitationScore | None, expected: dict[str, Any] | None) -> None:
    assert (score is None) == (expected is None)
    if score is None or expected is None:
        return
    wanted = [expected[f"citation_{name}"] for name in ("recall", "precision", "f1")]
    assert [score.recall, score.precision, score.f1] == pytest.approx(wanted, abs=1e-12)
    assert score.n_citations == expected["citation_num"]


CASES = [(case, None) for case in GOLDEN["citation_cases"]] + [(case, 20) for case in GOLDEN["citation_cases_stub_b"]]


@pytest.mark.parametrize(("case", "limit"), CASES, ids=[case["id"] for case, _ in CASES])
def test_sentences_claims_calls_and_scores_are_the_originals(case: dict[str, Any], limit: int | None) -> None:
    judge = StandInJudge(limit)
    splitter = punkt()
    claims = cited_claims(case["generation"], splitter, "parity")
    assert splitter.split(case["generation"]) == case["sentences"]
    assert [claim.text for claim in claims] == case["claims"]
    assert [list(claim.cited) for claim in claims] == case["refs_raw_1based"]
    scorer = CitationScorer(splitter, judge.entails, "parity", case["at_most_citations"])
    assert_score(scorer.score(item_of(case, "narrativeqa"), case["generation"]), case["expected"])
    assert judge.calls == case["nli_calls"]


def test_the_means_over_the_batch_leave_out_empty_answers() -> None:
    batch = GOLDEN["citation_batch"]
    cases = {case["id"]: case for case in GOLDEN["citation_cases"]}
    scorer = CitationScorer(punkt(), StandInJudge().entails, "parity")
    scores = [scorer.score(item_of(cases[i], "narrativeqa"), cases[i]["generation"]) for i in batch["ids"]]
    kept = [score for score in scores if score is not None]
    assert len(kept) == batch["n_scored"]
    assert round(100 * sum(s.recall for s in kept) / len(kept), 2) == batch["citation_rec"]
    assert round(100 * sum(s.precision for s in kept) / len(kept), 2) == batch["citation_prec"]
    assert round(100 * sum(s.f1 for s in kept) / len(kept), 2) == batch["citation_f1"]
    assert sum(s.n_citations or 0 for s in kept) / len(kept) == pytest.approx(batch["cite_num"], abs=1e-12)


@pytest.mark.parametrize("case", GOLDEN["niah_cases"], ids=lambda case: case["id"])
def test_needle_citations_are_scored_as_by_the_original(case: dict[str, Any]) -> None:
    assert_score(niah_score(item_of(case, "niah"), case["generation"], "parity"), case["expected"])


def test_a_needle_in_no_passage_takes_the_place_of_the_last_one_in_parity() -> None:
    quirk = GOLDEN["niah_stale_gold_quirk"]
    items = [Item("", "niah", passages("NIAH"), (item["answer"],)) for item in quirk["items"]]
    texts = [item["generation"] for item in quirk["items"]]
    parity = CitationScorer(punkt(), StandInJudge().entails, "parity").scores(items, texts)
    assert [score.recall for score in parity if score] == quirk["expected"]["citation_recall"]
    assert [score.precision for score in parity if score] == quirk["expected"]["citation_precision"]
    strict = CitationScorer(punkt(), StandInJudge().entails, "strict").scores(items, texts)
    assert [score.recall for score in strict if score] == [1.0, 0.0]


@pytest.mark.parametrize("case", GOLDEN["counting_stars_cases"], ids=lambda case: case["id"])
def test_star_citations_are_scored_as_by_the_original(case: dict[str, Any]) -> None:
    score = stars_citation_score(item_of(case, "counting_stars"), case["generation"], "parity")
    expected = {name: values[0] if values else None for name, values in case["expected"].items()}
    assert_score(score, expected)


def test_an_empty_list_of_passages_that_crashes_the_original_scores_nothing() -> None:
    item = Item("", "counting_stars", passages("STARS"), ("83", "14"))
    score = stars_citation_score(item, GOLDEN["counting_stars_crash"]["generation"], "parity")
    assert score == CitationScore(0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize("case", GOLDEN["remove_citations_cases"], ids=lambda case: case["text"])
def test_citations_are_removed_as_by_the_original(case: dict[str, str]) -> None:
    assert without_citations(case["text"]) == case["out"]
