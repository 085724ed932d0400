"""Recall of the gold paragraph on SQuAD articles taken as long documents, lexical half alone.

    python benchmarks/retrieval_squad.py PATH/dev-v1.1.json [--limit N]

Every article is one document; its questions are asked of it alone. Two modes:

- "paragraph": every paragraph is one passage, as in the published tables: rank of the gold paragraph.
- "passage": the article's paragraphs stand on one page, a line each, and docqa splits it as it splits any document. A
  passage stands for a paragraph when they share at least half of the one or of the other; the rank is that of the first
  passage that stands for the gold paragraph. The lines "answer" are stricter: the passage must hold a gold answer's
  words at a place inside of the gold paragraph.

The file is the SQuAD 1.1 development file, either as published or as the bare list of its articles.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from docqa.documents import Document, Page, Passage, Span
from docqa.retrieval import fusion
from docqa.retrieval.bm25 import prepare
from docqa.retrieval.lexical import Floats, LexicalIndex
from docqa.retrieval.passages import split
from docqa.text import sentences

CUTOFFS = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    paragraph: int
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    paragraphs: tuple[str, ...]
    questions: tuple[Question, ...]


@dataclass(slots=True)
class Recall:
    """How often the gold was among the first k, for each cut-off."""

    n: int = 0
    hits: list[int] = field(default_factory=lambda: [0] * len(CUTOFFS))

    def add(self, rank: int) -> None:
        self.n += 1
        for i, k in enumerate(CUTOFFS):
            self.hits[i] += rank < k

    def __str__(self) -> str:
        return "  ".join(f"@{k} {100 * hit / max(1, self.n):5.2f}" for k, hit in zip(CUTOFFS, self.hits, strict=True))


def load(path: Path) -> list[Article]:
    raw: Any = json.loads(path.read_text(encoding="utf-8"))
    return [_article(item) for item in (raw["data"] if isinstance(raw, dict) else raw)]


def _article(item: dict[str, Any]) -> Article:
    questions = (
        Question(qa["question"], i, tuple(_text(answer) for answer in qa["answers"]))
        for i, paragraph in enumerate(item["paragraphs"])
        for qa in paragraph["qas"]
        if not qa.get("is_impossible")
    )
    return Article(item["title"], tuple(p["context"].strip() for p in item["paragraphs"]), tuple(questions))


def _text(answer: str | dict[str, str]) -> str:
    return answer if isinstance(answer, str) else answer["text"]


def scores(index: LexicalIndex, question: str) -> dict[str, Floats]:
    """Scores of the passages by passage BM25, by their best sentence's BM25, and by the fusion of both."""
    query = prepare([index], question)
    passages = query.scores("passages")[0]
    best = fusion.best_of_each(query.scores("sentences")[0], index.sentence_starts)
    return {
        "passage BM25": passages,
        "sentence BM25": best,
        "fusion": fusion.lexical_passage_scores(passages, best),
    }


@dataclass(frozen=True, slots=True)
class Corpus:
    """An article as passages; `borders[i]` is where paragraph i stands in the text that the passages are spans of."""

    passages: list[Passage]
    borders: list[Span]

    def stands_for(self, passage: int, paragraph: int) -> bool:
        found, gold = self.passages[passage], self.borders[paragraph]
        shared = min(found.end_char, gold.end_char) - max(found.start_char, gold.start_char)
        return 2 * shared >= min(found.end_char - found.start_char, gold.end_char - gold.start_char)

    def holds_answer(self, passage: int, question: Question) -> bool:
        found, gold = self.passages[passage], self.borders[question.paragraph]
        start = max(found.start_char, gold.start_char)
        shared = found.text[start - found.start_char : max(start, gold.end_char) - found.start_char]
        return any(answer in shared for answer in question.answers)


def as_paragraphs(article: Article) -> Corpus:
    passages = []
    borders = _borders(article.paragraphs)
    for i, (text, span) in enumerate(zip(article.paragraphs, borders, strict=True)):
        passages.append(Passage(article.title, i, 0, *span, text, tuple(sentences(text, span.start_char))))
    return Corpus(passages, borders)


def as_document(article: Article) -> Corpus:
    document = Document(article.title, article.title, (Page(0, "\n".join(article.paragraphs), number=1),))
    return Corpus(list(split(document.id, document.pages)), _borders(article.paragraphs))


def _borders(paragraphs: Sequence[str]) -> list[Span]:
    ends = np.cumsum([len(paragraph) + 1 for paragraph in paragraphs]) - 1
    return [Span(int(end) - len(text), int(end)) for end, text in zip(ends, paragraphs, strict=True)]


def run(corpora: Sequence[tuple[Article, Corpus]]) -> dict[str, dict[str, Recall]]:
    """Recall by what is looked for ("paragraph", "answer") and by the scores that rank."""
    recall: dict[str, dict[str, Recall]] = {"paragraph": {}, "answer": {}}
    for article, corpus in corpora:
        index = LexicalIndex.build(corpus.passages, "en")
        for question in article.questions:
            for name, values in scores(index, question.text).items():
                ranked = np.argsort(-values, kind="stable")[: CUTOFFS[-1]].tolist()
                found = [corpus.stands_for(i, question.paragraph) for i in ranked]
                recall["paragraph"].setdefault(name, Recall()).add(_rank(found))
                held = [corpus.holds_answer(i, question) for i in ranked]
                recall["answer"].setdefault(name, Recall()).add(_rank(held))
    return recall


def _rank(found: Sequence[bool]) -> int:
    return found.index(True) if True in found else len(found) + CUTOFFS[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--limit", type=int, default=None, help="only the first N articles")
    arguments = parser.parse_args()
    articles = load(arguments.path)[: arguments.limit]
    n_questions = sum(len(article.questions) for article in articles)
    print(f"{len(articles)} articles, {n_questions} questions, each asked of its own article")
    for mode, cut in (("paragraph", as_paragraphs), ("passage", as_document)):
        start = time.perf_counter()
        corpora = [(article, cut(article)) for article in articles]
        recall = run(corpora)
        n_passages = sum(len(corpus.passages) for _, corpus in corpora)
        print(f"\nmode {mode}: {n_passages} passages, {time.perf_counter() - start:.1f} s")
        for target, by_name in recall.items():
            for name, values in by_name.items():
                print(f"  {target:9} {name:13} {values}")


if __name__ == "__main__":
    main()
