"""The shipped files load, agree with their record, and batches do not change what they compute."""

import hashlib
import json

import numpy as np
import pytest

from docqa.llm.evidence_reading import Passage, read_evidence
from docqa.llm.onnx_encoder import OnnxEncoder
from docqa.llm.onnx_parts import WEIGHTS, Input, Parts, batches, default_threads, padded
from docqa.llm.onnx_reader import OnnxReader
from docqa.text import sentences

RECORD = json.loads((WEIGHTS / "made.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def parts() -> Parts:
    return Parts(n_threads=1)


def test_every_index_is_in_one_batch_and_no_batch_is_too_wide() -> None:
    lengths = [5, 90, 17, 64, 64, 200, 3]
    found = list(batches(lengths, 130))
    assert sorted(index for batch in found for index in batch) == list(range(7))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 130 for batch in found)


def test_padding_is_absent_and_the_second_text_is_marked() -> None:
    ids, segments, present = padded([Input((101, 7, 102, 8, 102), 3), Input((101, 102), 2)])
    assert ids.tolist() == [[101, 7, 102, 8, 102], [101, 102, 0, 0, 0]]
    assert segments.tolist() == [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    assert present.tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]


def test_threads_are_at_most_four() -> None:
    assert 1 <= default_threads() <= 4


def test_the_files_are_the_ones_of_the_record() -> None:
    for name, digest in RECORD["files"].items():
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest, name


def test_all_files_together_fit_into_fifty_megabytes() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 50_000_000


@pytest.mark.parametrize("part", ["encoder", "evidence", "support"])
def test_each_graph_carries_the_record_of_its_making(parts: Parts, part: str) -> None:
    made = json.loads(parts.made(part))
    assert made["base"] == RECORD["base"]
    assert made["data"] == RECORD["data"]
    if part != "encoder":
        assert made["schedule"] == RECORD["parts"][part]["schedule"]


def test_the_recorded_scores_come_out_again(parts: Parts) -> None:
    checks = RECORD["checks"]
    question, claim, text = (checks["texts"][name] for name in ("question", "claim", "text"))
    vectors = OnnxEncoder(parts).encode_queries([question, text])
    assert float(vectors[0] @ vectors[1]) == pytest.approx(checks["cosine"], abs=2e-3)
    readings = read_evidence(parts, question, [Passage(text, tuple(sentences(text)))])[0]
    assert [reading.score for reading in readings] == pytest.approx(checks["sentence_logits"], abs=0.05)
    supported = OnnxReader(parts).verdicts([(claim, text)])[0].supported
    assert supported == pytest.approx(checks["supported"], abs=0.02)


def test_vectors_are_of_length_one_and_do_not_depend_on_their_batch(parts: Parts) -> None:
    texts = ["A short one.", "The dam was closed for repairs in 2019. " * 12, "Bread", "Another text about bread."]
    encoder = OnnxEncoder(parts)
    together = encoder.encode_passages(texts)
    assert together.dtype == np.float32
    assert together.shape == (4, encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode_passages([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_no_texts_give_no_vectors(parts: Parts) -> None:
    assert OnnxEncoder(parts).encode_passages([]).shape == (0, 384)


def test_a_paraphrase_is_nearer_than_another_subject(parts: Parts) -> None:
    asked, near, far = OnnxEncoder(parts).encode_queries(
        ["How long is the bridge?", "The length of the bridge is 812 metres.", "Bread is baked from flour and water."]
    )
    assert asked @ near > asked @ far + 0.3
