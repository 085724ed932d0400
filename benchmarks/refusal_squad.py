"""How well the coverage of a question's words tells questions that belong to a document from those that do not.

    python -m benchmarks.refusal_squad PATH/dev-v1.1.json [--per-article 20]

Every SQuAD article is one document, cut to its first 2 or 8 paragraphs or left whole. It is asked its own questions
and as many of another article. Printed: the area under the ROC curve, and for some thresholds the share of foreign
questions that are refused and of its own that are refused by mistake.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np

from benchmarks.retrieval_squad import Article, load
from docqa.documents import Document, Page
from docqa.llm.reader import LexicalReader
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument

N_PASSAGES = 10
OTHER_ARTICLE = 7  # so many places further on in the list


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--per-article", type=int, default=20)
    arguments = parser.parse_args()
    articles = load(arguments.path)
    for n_paragraphs in (2, 8, None):
        own, foreign = coverages(articles, n_paragraphs, arguments.per_article)
        wins = (own[:, None] > foreign).mean() + 0.5 * (own[:, None] == foreign).mean()
        print(f"first {n_paragraphs or 'all'} paragraphs, {len(own)} + {len(foreign)} questions: AUC {wins:.4f}")
        for threshold in sorted({0.25, 0.3, LexicalReader().min_coverage, 0.4, 0.45, LexicalReader().min_certain}):
            refused, mistaken = (foreign < threshold).mean(), (own < threshold).mean()
            print(f"  coverage < {threshold:.2f}: foreign refused {refused:.1%}, own refused {mistaken:.1%}")


def coverages(
    articles: list[Article], n_paragraphs: int | None, n_questions: int
) -> tuple[np.ndarray, np.ndarray]:  # both (n,) float64
    """Coverage of own and of foreign questions."""
    chosen = random.Random(0)
    own: list[float] = []
    foreign: list[float] = []
    for number, article in enumerate(articles):
        retriever = HybridRetriever([indexed(article.paragraphs[:n_paragraphs])])
        n_kept = len(article.paragraphs[:n_paragraphs])
        ours = [question.text for question in article.questions if question.paragraph < n_kept]
        theirs = [question.text for question in articles[(number + OTHER_ARTICLE) % len(articles)].questions]
        for questions, found in ((ours, own), (theirs, foreign)):
            for question in chosen.sample(questions, min(n_questions, len(questions))):
                found.append(retriever.search(question, N_PASSAGES).evidence.coverage)
    return np.asarray(own), np.asarray(foreign)


def indexed(paragraphs: tuple[str, ...]) -> IndexedDocument:
    """A document with a page for each paragraph."""
    pages = tuple(Page(i, paragraph, number=i + 1) for i, paragraph in enumerate(paragraphs))
    document = Document("0" * 64, "article", pages, language="en")
    passages = list(split(document.id, pages))
    return IndexedDocument(document, passages, LexicalIndex.build(passages, "en"))


if __name__ == "__main__":
    main()
