"""The held-out sets on which the embedded reader is measured, in one shape; needs the data folder, knows no model."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docqa.documents import Passage, Span
from docqa.text import sentences
from training.claim_edits import (
    other_words,
    shortened,
    with_name_changed,
    with_negation_changed,
    with_number_changed,
)
from training.negatives import names_and_numbers

N_HELD_OUT_ARTICLES = 12
_COVID_WORDS = 110


@dataclass(frozen=True, slots=True)
class Question:
    """A question on one document: `passage` is the gold passage's number, `gold` the answers as the set gives them.

    `gold_span` counts characters of the document, where the set says where the answer stands.
    """

    text: str
    passage: int
    gold: tuple[str, ...]
    gold_span: Span | None = None


@dataclass(frozen=True, slots=True)
class TestDocument:
    """A document as passages, what it is asked, and questions near its subject that it does not answer."""

    name: str
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]
    unanswerable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimPair:
    """A claim, a text, and whether the text entails the claim."""

    claim: str
    text: str
    entailed: bool


def held_out_squad(data: Path) -> list[TestDocument]:
    """The last 12 SQuAD development articles by title, every paragraph a passage."""
    articles = sorted(json.loads((data / "squad/dev-v1.1.json").read_text()), key=lambda article: article["title"])
    impossible = {a["title"]: _impossible(a) for a in json.loads((data / "squad/dev-v2.0.json").read_text())}
    return [_squad_document(a, impossible.get(a["title"], ())) for a in articles[-N_HELD_OUT_ARTICLES:]]


def _impossible(article: dict[str, Any]) -> tuple[str, ...]:
    return tuple(q["question"] for p in article["paragraphs"] for q in p["qas"] if q["is_impossible"])


def _squad_document(article: dict[str, Any], unanswerable: tuple[str, ...]) -> TestDocument:
    passages, questions, start = [], [], 0
    for number, paragraph in enumerate(article["paragraphs"]):
        text = paragraph["context"]
        span = Span(start, start + len(text))
        passages.append(Passage(article["title"], number, 0, *span, text, tuple(sentences(text, start))))
        questions += [Question(q["question"], number, tuple(q["answers"])) for q in paragraph["qas"]]
        start += len(text) + 1
    return TestDocument(article["title"], tuple(passages), tuple(questions), unanswerable)


def covid(data: Path) -> list[TestDocument]:
    """COVID-QA: whole papers in passages of about 110 words; the gold is a span of the paper."""
    documents = []
    for number, item in enumerate(json.loads((data / "covidqa/covidqa_docs_1-49.json").read_text())["data"]):
        paragraph = item["paragraphs"][0]
        text = paragraph["context"]
        passages = tuple(_cut(f"covid-{number}", text))
        questions = []
        for qa in paragraph["qas"]:
            answer, start = qa["answers"][0]["text"], qa["answers"][0]["answer_start"]
            start = start if text[start : start + len(answer)] == answer else text.find(answer)
            if start >= 0 and answer.strip():
                questions.append(Question(qa["question"], -1, (answer,), Span(start, start + len(answer))))
        documents.append(TestDocument(f"covid-{number}", passages, tuple(questions)))
    return documents


def _cut(name: str, text: str) -> Iterator[Passage]:
    group: list[Span] = []
    number = n_words = 0
    spans = sentences(text)
    for i, span in enumerate(spans):
        group.append(span)
        n_words += len(text[slice(*span)].split())
        if n_words >= _COVID_WORDS or i + 1 == len(spans):
            low, high = group[0].start_char, group[-1].end_char
            yield Passage(name, number, 0, low, high, text[low:high], tuple(group))
            group, n_words, number = [], 0, number + 1


def claim_pairs(data: Path, name: str, limit: int, seed: int) -> list[ClaimPair]:
    """A sample of one entailment set, `train/nli/<name>`."""
    with gzip.open(data / f"train/nli/{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(f"{seed}/{name}").shuffle(rows)
    return [ClaimPair(row["hypothesis"], row["premise"], row["label"] == "entailment") for row in rows[:limit]]


def changed_claims(documents: list[TestDocument], n: int, seed: int) -> Iterator[tuple[str, ClaimPair]]:
    """Shortened sentences against their passage, and the same with a number, a name or a negation changed."""
    rng = random.Random(seed)
    for document in documents:
        names = [name for passage in document.passages for name in names_and_numbers(passage.text)]
        for passage in rng.sample(document.passages, min(n, len(document.passages))):
            span = rng.choice(passage.sentences)
            sentence = passage.text[span.start_char - passage.start_char : span.end_char - passage.start_char]
            claim = shortened(sentence, rng)
            yield "unchanged", ClaimPair(claim, passage.text, True)
            changes = {
                "number": with_number_changed(claim, rng),
                "name": with_name_changed(claim, names, rng),
                "negation": with_negation_changed(claim),
            }
            for kind, changed in changes.items():
                if changed is not None:
                    yield kind, ClaimPair(changed, passage.text, False)


def answer_pairs(documents: list[TestDocument], seed: int) -> Iterator[ClaimPair]:
    """Question and answer against its sentence, and with other words of it, or against another sentence."""
    rng = random.Random(seed)
    for document in documents:
        for question in document.questions:
            passage = document.passages[question.passage]
            texts = [passage.text[a - passage.start_char : b - passage.start_char] for a, b in passage.sentences]
            holding = [text for text in texts if question.gold[0] in text]
            if not holding:
                continue
            yield ClaimPair(f"{question.text} {question.gold[0]}", holding[0], True)
            others = [text for text in texts if question.gold[0] not in text]
            wrong = other_words(holding[0], question.text, question.gold, rng)
            if others and rng.random() < 0.5:
                yield ClaimPair(f"{question.text} {question.gold[0]}", rng.choice(others), False)
            elif wrong:
                yield ClaimPair(f"{question.text} {wrong}", holding[0], False)
