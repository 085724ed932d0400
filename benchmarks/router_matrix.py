"""Questions of several benchmarks with what every strategy makes of them: the matrix that routers are compared on.

A row holds a question's features and, for each strategy, its score, the share of the passages that it read, its
seconds, and what can be known of its answer before anybody has marked it. Everything is asked once and kept, so that
routers are compared on the same answers, offline.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from docqa.agents.rag import Rag
from docqa.agents.router.features import Features, measure
from docqa.agents.router.routed import Router
from docqa.agents.router.rules import proved_share
from docqa.answers import Answer
from docqa.app.build import build_answerer, build_corpus, build_library
from docqa.app.config import Settings
from docqa.app.eval_corpus import EvalCorpus
from docqa.eval.examples import Example
from docqa.eval.rouge import rouge_n
from docqa.eval.tasks import task

FOLDERS: Mapping[str, str] = {
    "squad": "squad",
    "covidqa": "covidqa",
    "loogle": "loogle/LooGLE-testdata",
    "qmsum": "qmsum",
    "mmlongbench-doc": "mmlongbench_doc",
    **{f"lciteeval/{name}": "lciteeval/cases" for name in ("hotpotqa", "2wikimultihopqa", "natural_questions",
                                                           "narrativeqa")},
}  # fmt: skip
STRATEGIES = ("rag", "retrieve_then_reason", "chain")
_SEEN = ("Figure", "Chart")  # evidence that no text holds
_WORD = re.compile(r"\w+")
_STOPWORDS = frozenset("a an the of in on at to for and or is are was were be by with from that this it as".split())


@dataclass(frozen=True, slots=True)
class Cell:
    """What one strategy made of a question: `score` 1 for a right answer or a right refusal, `read` a share of all
    passages."""

    score: float
    read: float
    seconds: float
    status: str = ""
    proved: float = 0.0
    route: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its features and the cell of each strategy."""

    set: str
    document: str
    question: str
    answerable: bool
    features: Features
    cells: Mapping[str, Cell]

    def to_json(self) -> str:
        """The row as one line."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Row:
        """Read a line back."""
        data = json.loads(line)
        cells = {name: Cell(**cell) for name, cell in data["cells"].items()}
        return cls(**{**data, "features": Features(**data["features"]), "cells": cells})


def read_matrix(path: Path) -> list[Row]:
    """The rows of a file."""
    return [Row.from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def chosen(data: Path, n_documents: int, n_questions: int, seed: int = 0) -> list[Example]:
    """At most so many questions from each of so many documents of each set, in an order that mixes the sets."""
    found: list[Example] = []
    for name, folder in FOLDERS.items():
        by_document: defaultdict[str, list[Example]] = defaultdict(list)
        for example in _readable(name, task(name).load(data / folder), data / folder):
            by_document[example.id if name.startswith("lciteeval") else example.document].append(example)
        chance = random.Random(f"{seed} {name}")
        for document in chance.sample(sorted(by_document), min(n_documents, len(by_document))):
            group = by_document[document]
            found += [replace(e, task=name) for e in chance.sample(group, min(n_questions, len(group)))]
    documents = list(dict.fromkeys((example.task, example.document) for example in found))
    random.Random(seed).shuffle(documents)
    place = {document: number for number, document in enumerate(documents)}
    return sorted(found, key=lambda example: place[example.task, example.document])


def _readable(name: str, examples: Iterable[Example], folder: Path) -> Iterator[Example]:
    """The questions whose evidence is text: MMLongBench-Doc also asks about pictures."""
    if name != "mmlongbench-doc":
        yield from examples
        return
    raw = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    for example, sample in zip(examples, raw, strict=True):
        if not any(kind in sample["evidence_sources"] for kind in _SEEN):
            yield example


def matrix(examples: Sequence[Example], settings: Settings, limit_s: float) -> Iterator[Row]:
    """A row for each question, as far as the time goes; the router's own rules are one more column."""
    end = time.monotonic() + limit_s
    corpus = EvalCorpus(build_corpus(settings, build_library(settings)))
    # A router of its own for each column: what one reader has read, another must not be given.
    rules, k12, *fixed = (build_answerer(settings, corpus).router() for _ in range(2 + len(STRATEGIES)))
    routes = {
        **{name: replace(router, route=name) for name, router in zip(STRATEGIES, fixed, strict=True)},
        "rag_k12": replace(k12, route="rag", strategies={**k12.strategies, "rag": _with_k(k12, 12)}),
        "rules": rules,
    }
    for example in examples:
        if time.monotonic() > end:
            return
        documents = [corpus.open(source) for source in example.sources]
        n_passages = max(1, sum(len(corpus.passages(document)) for document in documents))
        features = measure(example.question, documents, corpus, rules.n_tokens)
        cells = {}
        for name, route in routes.items():
            started = time.perf_counter()
            answer = route(example.question, documents)
            cells[name] = _cell(answer, example, n_passages, time.perf_counter() - started)
        yield Row(example.task, example.document, example.question, example.answerable, features, cells)


def _with_k(router: Router, k: int) -> Rag:
    rag = router.strategies["rag"]
    assert isinstance(rag, Rag)
    return replace(rag, k=k)


def _cell(answer: Answer, example: Example, n_passages: int, seconds: float) -> Cell:
    read = answer.usage["passages"] / n_passages
    return Cell(
        score(answer, example), round(read, 4), round(seconds, 4), answer.status, proved_share(answer),
        answer.route.strategy,
    )  # fmt: skip


def score(answer: Answer, example: Example) -> float:
    """1 when the statements hold a reference answer or half of its content words; for a question without an answer
    when it is declined. For QMSum, whose references are summaries, ROUGE-1 F."""
    if example.task == "qmsum":
        return max(rouge_n(answer.text.casefold(), reference.casefold()).f1 for reference in example.references)
    if not example.answerable or answer.status == "not_found":
        return float((answer.status == "not_found") is not example.answerable)
    said = set(content_words(answer.text))
    text = f" {' '.join(_WORD.findall(answer.text.casefold()))} "
    for reference in example.references:
        words = content_words(reference)
        whole = f" {' '.join(_WORD.findall(reference.casefold()))} "
        if (whole.strip() and whole in text) or sum(word in said for word in words) >= 0.5 * len(words) > 0:
            return 1.0
    return 0.0


def content_words(text: str) -> list[str]:
    """The words of a text but for the commonest."""
    return [word for word in _WORD.findall(text.casefold()) if word not in _STOPWORDS]
