"""The trained reader finds the sentence and the words, reads long passages to their end, tells support from change."""

import pytest

from docqa.documents import Span
from docqa.llm.evidence_reading import Passage, read_evidence
from docqa.llm.onnx_parts import Parts
from docqa.llm.onnx_reader import OnnxReader
from docqa.llm.reader import Candidate
from docqa.text import sentences

BRIDGE = (
    "The Harrow Bridge crosses the River Tamsin north of Eddlestone. It was designed by Marta Kessler and opened in "
    "1932. The bridge carries two lanes of traffic and a footpath. In 2016 the deck was renewed at a cost of "
    "4.2 million pounds."
)
BAKERY = (
    "The bakery sells eleven kinds of bread. Its oven was built by the owner's grandfather. "
    "On Sundays the shop stays closed, and the staff clean the floors."
)


@pytest.fixture(scope="module")
def reader() -> OnnxReader:
    return OnnxReader(Parts(n_threads=1))


def candidates(*passages: str) -> list[Candidate]:
    return [
        Candidate(passage[slice(*sentence)], passage, 1.0) for passage in passages for sentence in sentences(passage)
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who designed the Harrow Bridge?", "Marta Kessler"),
        ("When was the bridge opened?", "1932"),
        ("How much did the renewal of the deck cost?", "4.2 million"),
        ("On which day is the shop closed?", "Sundays"),
    ],
)
def test_the_sentence_that_answers_ranks_first_and_its_span_holds_the_answer(
    reader: OnnxReader, question: str, answer: str
) -> None:
    found = candidates(BRIDGE, BAKERY)
    scores = list(reader.rank(question, found))
    best = scores.index(max(scores))
    assert answer in found[best].text
    span = reader.read(question, found)[best].span
    assert answer in found[best].text[slice(*span)]


def test_scores_lie_between_zero_and_one(reader: OnnxReader) -> None:
    assert all(0 <= score <= 1 for score in reader.rank("Who designed it?", candidates(BRIDGE, BAKERY)))


def test_no_candidates_get_no_scores_and_no_answer(reader: OnnxReader) -> None:
    assert list(reader.rank("Who?", [])) == []
    assert not reader.answerable("Who?", [], 1.0)


def test_candidates_are_read_alike_in_any_order(reader: OnnxReader) -> None:
    found = candidates(BRIDGE, BAKERY)
    forwards = reader.read("When did it open?", found)
    backwards = reader.read("When did it open?", found[::-1])[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert one.span == other.span
        assert one.score == pytest.approx(other.score, abs=1e-3)


def test_a_candidate_that_its_context_does_not_hold_is_read_alone(reader: OnnxReader) -> None:
    reading = reader.read(
        "Who designed the bridge?", [Candidate("Marta Kessler designed it.", "Something else.", 1.0)]
    )[0]
    assert "Marta Kessler designed it."[slice(*reading.span)].startswith("Marta Kessler")


def test_an_off_topic_question_scores_below_an_answered_one(reader: OnnxReader) -> None:
    found = candidates(BRIDGE, BAKERY)
    answered = reader.signs("Who designed the Harrow Bridge?", found, 1.0)
    foreign = reader.signs("What is the melting point of Tungsten?", found, 1.0)
    assert answered.reading > foreign.reading + 2
    assert (answered.n_missing, foreign.n_missing) == (0, 1)


def test_the_last_sentence_of_a_long_passage_is_read(reader: OnnxReader) -> None:
    filler = "The committee met again and discussed the minutes of the meeting before. " * 40
    text = filler + BRIDGE
    spans = tuple(sentences(text))
    readings = read_evidence(Parts(n_threads=1), "Who designed the Harrow Bridge?", [Passage(text, spans)])[0]
    assert len(readings) == len(spans)
    best = max(range(len(spans)), key=lambda i: readings[i].score)
    assert "Marta Kessler" in text[slice(*spans[best])]
    assert "Marta Kessler" in text[slice(*readings[best].span)]


def test_a_span_stays_within_its_sentence(reader: OnnxReader) -> None:
    for question in ("Why?", "What was renewed in 2016?", "x" * 400):
        for candidate, reading in zip(found := candidates(BRIDGE), reader.read(question, found), strict=True):
            assert 0 <= reading.span.start_char <= reading.span.end_char <= len(candidate.text)


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b"])
def test_a_passage_without_tokens_is_no_answer(text: str) -> None:
    reading = read_evidence(Parts(n_threads=1), "Who?", [Passage(text, (Span(0, len(text)),))])[0][0]
    assert reading.score < 0


def test_a_quotation_supports_itself(reader: OnnxReader) -> None:
    support = reader.supports("it was designed by  Marta Kessler", BRIDGE)
    assert (support.label, support.score, support.judge) == ("supports", 1.0, "quotation")


def test_a_paraphrase_scores_above_another_subject(reader: OnnxReader) -> None:
    verdicts = reader.verdicts(
        [
            ("Marta Kessler was the designer of the bridge.", BRIDGE),
            ("Marta Kessler was the designer of the bridge.", BAKERY),
        ]
    )
    assert verdicts[0].supported > verdicts[1].supported + 0.3
    total = verdicts[0].supported + verdicts[0].unrelated + verdicts[0].contradicted
    assert total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "claim",
    [
        "The bridge was opened in 1923 and was designed by Marta Kessler.",
        "The bridge opened in 1932 and was designed by Peter Lorne.",
        "The deck was renewed at a cost of 5.2 million pounds in 2016.",
    ],
)
def test_a_changed_number_or_name_is_not_supported(reader: OnnxReader, claim: str) -> None:
    support = reader.supports(claim, BRIDGE)
    assert support.label in ("unrelated", "contradicts")
    assert support.score <= 0.2


def test_a_claim_at_the_end_of_a_long_text_is_found(reader: OnnxReader) -> None:
    filler = "The committee met again and discussed the minutes of the meeting before. " * 60
    verdicts = reader.verdicts([("Marta Kessler designed the bridge.", filler + BRIDGE)])
    assert verdicts[0].supported > 0.5
