"""A cross-encoder judges claims: on a model that the test trains itself, against transformers' own pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.errors import UsageError
from docqa.llm.nli import NliModel

from .nli_model import MAX_POSITIONS, make_nli_model

transformers = pytest.importorskip("transformers")

PAIRS = [
    ("the sea is calm", "the sea is calm"),
    ("the sea is rough", "the sea is calm"),
    ("the sea is deep", "the sea is calm"),
    ("the sea is deep today", "the sea is deep"),
    ("the sea is calm today", "the sea is rough"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_nli_model(tmp_path_factory.mktemp("nli"))


@pytest.fixture(scope="module")
def judge(folder: Path) -> NliModel:
    return NliModel(str(folder))


def test_claims_are_borne_out_contradicted_or_neither(judge: NliModel) -> None:
    labels = [judge.supports(claim, premise).label for premise, claim in PAIRS]
    assert labels == ["supports", "contradicts", "unrelated", "supports", "contradicts"]


def test_labels_and_scores_are_those_of_the_pipeline_that_the_original_scorer_uses(
    judge: NliModel, folder: Path
) -> None:
    pipe = transformers.pipeline("text-classification", model=str(folder), top_k=None)
    for premise, claim in PAIRS:
        scores = {row["label"]: row["score"] for row in pipe([{"text": premise, "text_pair": claim}])[0]}
        assert judge.entails(premise, claim) is (max(scores, key=lambda label: scores[label]) == "entailment")
        assert judge.supports(claim, premise).score == pytest.approx(scores["entailment"], abs=1e-6)


def test_a_cross_encoder_of_sentence_transformers_says_the_same_and_what_it_saves_is_read(
    judge: NliModel, folder: Path, tmp_path: Path
) -> None:
    encoder = pytest.importorskip("sentence_transformers").CrossEncoder(str(folder), local_files_only=True)
    encoder.save_pretrained(str(tmp_path))
    saved = NliModel(str(tmp_path))
    for (premise, claim), row in zip(PAIRS, encoder.predict(PAIRS, apply_softmax=True), strict=True):
        for ours in (judge, saved):
            assert ours.supports(claim, premise).score == pytest.approx(float(row[0]), abs=1e-6)
            assert ours.entails(premise, claim) is (int(row.argmax()) == 0)


def test_the_judge_is_named_after_its_model(judge: NliModel, folder: Path) -> None:
    assert judge.supports("the sea is calm", "the sea is calm").judge == f"nli:{folder}"


def test_of_a_text_that_is_too_long_the_part_counts_that_entails_most(judge: NliModel) -> None:
    claim = "the sea is calm"
    words = "the sea is rough today . the sea is deep . and today the sea is calm . the deep sea is today .".split() * 9
    n_words = MAX_POSITIONS - 2 - len("[CLS] [SEP] [SEP]".split()) - len(claim.split())
    step = n_words - n_words // 4
    parts = [" ".join(words[start : start + n_words]) for start in range(0, len(words) - n_words // 4, step)]
    scores = [judge.supports(claim, part).score for part in parts]
    assert len(set(scores)) > 1
    assert judge.supports(claim, " ".join(words)).score == pytest.approx(max(scores), abs=1e-5)


def test_a_claim_that_alone_is_too_long_is_cut_and_does_not_crash(judge: NliModel) -> None:
    assert judge.supports("the sea is calm " * 100, "the sea is calm").score >= 0


def test_an_empty_text_entails_nothing(judge: NliModel) -> None:
    assert not judge.entails("", "the sea is calm")


def test_a_classifier_without_entailment_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    model.config.id2label = {0: "good", 1: "bad", 2: "ugly"}
    model.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="bad, good, ugly and no entailment"):
        NliModel(str(tmp_path))


def test_a_model_that_is_not_there_is_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="downloads none"):
        NliModel(str(tmp_path / "absent"))
