"""Fits when the embedded reader refuses and when it doubts, and says how well that works where it was not fitted.

    python -m benchmarks.refusal_fit DATA [--cache FOLDER] [--per-document N] [--weights FOLDER]

Three kinds of documents: the held-out SQuAD articles, COVID-QA's papers, MMLongBench-Doc's PDFs. What has no answer is
a question of another document of the kind (foreign), SQuAD 2.0's near misses, and MMLongBench's "Not answerable". The
questions with a number that stands nowhere are refused for that, counted first and then left out. The
documents of each kind are parted in two: the weights are fitted on one half (logistic regression, every kind and
sort of question of equal weight) and all figures are of the other. Of the answerable questions of the first half a
twelfth is refused and a fifth refused or doubted, as the mean of the kinds. Prints what `docqa.llm.refusal` may
hold, and what it holds.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.page_citations import asked
from benchmarks.reader_scores import auc
from benchmarks.reader_sets import TestDocument, covid, held_out_squad
from docqa.agents.embedded import candidates_of
from docqa.app.build import LibraryCorpus, build_library
from docqa.app.config import Settings
from docqa.documents import Document, Page
from docqa.llm.onnx_encoder import OnnxEncoder
from docqa.llm.onnx_parts import WEIGHTS, Parts
from docqa.llm.onnx_reader import OnnxReader
from docqa.llm.refusal import BY_WORDS, WITH_ENCODER, Refusal, Signs
from docqa.retrieval.dense import MemoryVectorCache
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.places import without_place
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument, Retrieval

Floats = NDArray[np.float64]
NAMES = ("reading", "coverage", "cosine", "missing")
REFUSED_SHARE, DOUBTED_SHARE = 0.08, 0.2
N_PASSAGES = 10


@dataclass(frozen=True, slots=True)
class Case:
    """A question put to a document: of which kind and sort, in which half, and the signs that were seen.

    `is_settled`: a number or code of it stands nowhere in the document.
    """

    kind: str
    sort: str
    is_fitted_on: bool
    signs: Signs
    is_settled: bool

    def values(self) -> list[float]:
        """The signs as numbers, in the order of NAMES."""
        s = self.signs
        assert s.cosine is not None
        return [s.reading, s.coverage, s.cosine, float(min(2, s.n_missing))]


Search = Callable[[str], Retrieval]


def of_texts(kind: str, documents: Sequence[TestDocument], n: int, parts: Parts) -> Iterator[Case]:
    """Questions of the documents, of the ones before them, and near misses."""
    rng = random.Random(0)
    reader, encoder = OnnxReader(parts), OnnxEncoder(parts)
    for i, document in enumerate(documents):
        search = _searcher(document, encoder)
        sorts = {
            "answerable": [q.text for q in document.questions],
            "foreign": [q.text for q in documents[i - 1].questions],
            "near miss": list(document.unanswerable),
        }
        for sort, texts in sorts.items():
            for text in rng.sample(texts, min(n, len(texts))):
                yield from (Case(kind, sort, i % 2 == 0, *seen) for seen in _seen(text, search(text), reader))


def _searcher(document: TestDocument, encoder: OnnxEncoder) -> Search:
    index = LexicalIndex.build(document.passages, "en")
    pages = (Page(0, "\n".join(passage.text for passage in document.passages), number=1),)
    source = IndexedDocument(Document(document.name, document.name, pages), document.passages, index)
    retriever = HybridRetriever([source], encoder, MemoryVectorCache())
    return lambda question: retriever.search(question, N_PASSAGES)


def of_pdfs(folder: Path, cache: Path, parts: Parts) -> Iterator[Case]:
    """The plain-text questions of MMLongBench-Doc on their own PDF, the same on the next one, and "Not answerable"."""
    reader, encoder = OnnxReader(parts), OnnxEncoder(parts)
    questions = list(asked(folder))
    files = sorted({path for _, path in questions})
    with build_library(Settings(cache_dir=cache)) as library:
        corpus = LibraryCorpus(library, encoder)
        for number, path in enumerate(files):
            document = library.add(path)
            own = {(example.question, example.answerable) for example, p in questions if p == path}
            after = files[(number + 1) % len(files)]
            foreign = [e.question for e, p in questions if p == after and e.answerable]
            sorts = {
                "answerable": [text for text, answerable in sorted(own) if answerable],
                "not answerable": [text for text, answerable in sorted(own) if not answerable],
                "foreign": foreign,
            }
            for sort, texts in sorts.items():
                for text in texts:
                    found = corpus.search([document], text, N_PASSAGES)
                    yield from (Case("reports", sort, number % 2 == 0, *seen) for seen in _seen(text, found, reader))


def _seen(question: str, found: Retrieval, reader: OnnxReader) -> Iterator[tuple[Signs, bool]]:
    """The signs, and whether a number settles it; nothing where nothing at all was found."""
    candidates = candidates_of(found.hits, found.evidence.subjects)
    if candidates:
        asked = without_place(question) if found.within else question
        yield reader.signs(asked, candidates, found.evidence.coverage), bool(found.evidence.absent)


def fitted(cases: Sequence[Case], ridge: float = 1e-2) -> tuple[Floats, float]:
    """Weights of the signs (4,) and the bias, by Newton's method; every kind and sort weighs the same."""
    x = np.asarray([[*case.values(), 1.0] for case in cases])
    y = np.asarray([case.sort == "answerable" for case in cases], np.float64)
    groups: dict[tuple[str, str], int] = defaultdict(int)
    for case in cases:
        groups[case.kind, case.sort] += 1
    n_negative = {kind: sum(1 for k, s in groups if k == kind and s != "answerable") for kind, _ in groups}
    weights = np.asarray(
        [1 / groups[c.kind, c.sort] / (1 if c.sort == "answerable" else n_negative[c.kind]) for c in cases]
    )
    scale = np.append(x[:, :-1].std(0) + 1e-9, 1.0)
    x = x / scale
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (weights * (y - p)) - ridge * np.append(w[:-1], 0)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(w))
        w = w + np.linalg.solve(curvature, gradient)
    w = w / scale
    return w[:-1], float(w[-1])


def main() -> None:
    """Read the command line, measure, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=None, help="where the PDFs that were read are kept")
    parser.add_argument("--per-document", type=int, default=12)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    parts = Parts(given.weights)
    with tempfile.TemporaryDirectory() as scratch:
        cases = [
            *of_texts("articles", held_out_squad(given.data), given.per_document, parts),
            *of_texts("papers", covid(given.data), max(1, given.per_document // 3), parts),
            *of_pdfs(given.data / "mmlongbench_doc", given.cache or Path(scratch), parts),
        ]
    for (kind, sort), n in sorted(Counter((case.kind, case.sort) for case in cases).items()):
        n_settled = sum(case.is_settled for case in cases if (case.kind, case.sort) == (kind, sort))
        print(f"{kind:9} {sort:15} n {n:4}  a number or code stands nowhere: {n_settled}")
    cases = [case for case in cases if not case.is_settled]
    report("with an encoder", cases, WITH_ENCODER)
    report("by words", [replace(case, signs=replace(case.signs, cosine=0.0)) for case in cases], BY_WORDS)


def report(name: str, cases: Sequence[Case], shipped: Refusal) -> None:
    """Fit on one half and print the weights, the lines, and the figures of the other half; then those of `shipped`."""
    first, second = ([case for case in cases if case.is_fitted_on is side] for side in (True, False))
    weights, bias = fitted(first)
    print(name, dict(zip(NAMES, np.round(weights, 2).tolist(), strict=True)), "bias", round(bias, 2))
    own = [case for case in first if case.sort == "answerable"]
    totals = np.asarray([np.dot(case.values(), weights) for case in own])
    n_of_kind = Counter(case.kind for case in own)
    order = totals.argsort()
    below = np.cumsum([1 / n_of_kind[own[i].kind] / len(n_of_kind) for i in order])  # the mean of the kinds' shares
    refused, doubted = (totals[order[np.searchsorted(below, share)]] for share in (REFUSED_SHARE, DOUBTED_SHARE))
    print(f"refused={refused:.2f}, doubted={doubted:.2f}")
    print_figures(second, weights, refused, doubted)
    print(name, "as shipped")
    held = np.asarray([shipped.reading, shipped.coverage, shipped.cosine, shipped.missing])
    print_figures(second, held, shipped.refused, shipped.doubted)


def print_figures(cases: Sequence[Case], weights: Floats, refused: float, doubted: float) -> None:
    """Areas and shares, by kind and sort, of the half that was not fitted on."""
    for kind in sorted({case.kind for case in cases}):
        own = [c for c in cases if c.kind == kind and c.sort == "answerable"]
        for sort in sorted({case.sort for case in cases if case.kind == kind}):
            some = [c for c in cases if c.kind == kind and c.sort == sort]
            totals = np.asarray([np.dot(c.values(), weights) for c in some])
            areas = ""
            if sort != "answerable":
                ours = [float(np.dot(c.values(), weights)) for c in own]
                alone = [
                    auc([c.values()[i] * (-1 if i == 3 else 1) for c in own],
                        [c.values()[i] * (-1 if i == 3 else 1) for c in some])
                    for i in range(len(NAMES))
                ]  # fmt: skip
                each = "  ".join(f"{name} {area:.3f}" for name, area in zip(NAMES, alone, strict=True))
                areas = f"  AUC {auc(ours, totals.tolist()):.3f}  ({each})"
            print(
                f"{kind:9} {sort:15} n {len(some):4}  refused {100 * np.mean(totals < refused):5.1f} %  refused or "
                f"doubted {100 * np.mean(totals < doubted):5.1f} %{areas}"
            )


if __name__ == "__main__":
    main()
