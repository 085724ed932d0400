"""What each strategy scores and costs on every question, and what the router makes of it: a table with its controls.

    python benchmarks/router_quality.py ../shared/data --reader lexical --documents 12 --questions 6

Every strategy runs on every question, so routers are compared on the same answers. The score of a question is 1 when
the statements hold a reference answer or half of its content words, for an unanswerable question when it is declined.
The cost is the share of the documents' passages that was read. Beside the strategies stand: random mixing of the
cheapest and the dearest at the router's cost, the oracle that knows every score, and the better of two runs of the
same strategy with a slightly different k, which shows how much of the oracle's lead is luck.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from docqa.agents.chain import Chain
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.rag import Rag
from docqa.agents.reasoner import Reasoner
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.routed import EXHAUSTIVE, Router
from docqa.answers import Answer, Answerer
from docqa.app.build import build_corpus, build_library
from docqa.app.config import Settings
from docqa.app.eval_corpus import EvalCorpus
from docqa.eval.examples import Example, TextSource
from docqa.eval.tasks import task
from docqa.llm.reader import EvidenceReader, LexicalReader

SETS: Mapping[str, str] = {"squad": "squad", "covidqa": "covidqa", "loogle": "loogle/LooGLE-testdata"}
LCITEEVAL = ("hotpotqa", "2wikimultihopqa", "natural_questions", "narrativeqa")
STRATEGIES = ("rag", "rag_k12", "retrieve_then_reason", "chain")
WORD = re.compile(r"\w+")
STOPWORDS = frozenset("a an the of in on at to for and or is are was were be by with from that this it as".split())


def main() -> None:
    """Run the matrix, keep it, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds squad, covidqa, loogle and lciteeval")
    parser.add_argument("--reader", choices=("lexical", "onnx"), default="lexical")
    parser.add_argument("--documents", type=int, default=12, help="documents of each set")
    parser.add_argument("--questions", type=int, default=6, help="questions of each document")
    parser.add_argument("--seconds", type=float, default=480.0, help="stop asking after so long")
    parser.add_argument("--out", type=Path, help="write the matrix here, one JSON object a line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_dir=Path(folder))
        corpus = EvalCorpus(build_corpus(settings, build_library(settings)))
        examples = list(chosen(options.data, options.documents, options.questions))
        rows = list(matrix(examples, answerers(reader(options.reader), corpus), corpus, options.seconds))
    if options.out:
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} of {len(examples)} questions, reader {options.reader}")
    print_table(rows)
    for name in sorted({str(row["set"]) for row in rows}):
        print(f"\n{name}")
        print_table([row for row in rows if row["set"] == name])


def reader(name: str) -> EvidenceReader:
    """The judge of sentences."""
    if name == "lexical":
        return LexicalReader()
    from docqa.llm.onnx_reader import OnnxReader

    return OnnxReader()


def answerers(judge: EvidenceReader, corpus: EvalCorpus) -> dict[str, Answerer]:
    """Every strategy, and the router over them."""
    reasoner: Reasoner = EmbeddedReasoner(judge)
    rag, several = Rag(reasoner, corpus), RetrieveThenReason(reasoner, corpus)
    chain, exhaustive = Chain(reasoner, corpus), Exhaustive(reasoner, corpus)
    routes = {"rag": rag, "retrieve_then_reason": several, "chain": chain, EXHAUSTIVE: exhaustive}
    return {
        "rag": rag,
        "rag_k12": replace(rag, k=12),
        "retrieve_then_reason": several,
        "chain": chain,
        "router": Router(routes, corpus),
    }


def chosen(data: Path, n_documents: int, n_questions: int, seed: int = 0) -> Iterator[Example]:
    """The same number of questions from each document, documents and questions drawn at random."""
    sets = {name: list(task(name).load(data / folder)) for name, folder in SETS.items()}
    for name in LCITEEVAL:
        sets[f"lciteeval/{name}"] = list(task(f"lciteeval/{name}").load(data / "lciteeval" / "cases"))
    for name, examples in sets.items():
        by_document: defaultdict[str, list[Example]] = defaultdict(list)
        for example in examples:
            if all(isinstance(source, TextSource) for source in example.sources):
                by_document[example.document if name in SETS else example.id].append(example)
        chance = random.Random(seed)
        for document in chance.sample(sorted(by_document), min(n_documents, len(by_document))):
            group = by_document[document]
            yield from (replace(e, task=name) for e in chance.sample(group, min(n_questions, len(group))))


def matrix(
    examples: Sequence[Example], strategies: Mapping[str, Answerer], corpus: EvalCorpus, limit_s: float
) -> Iterator[dict[str, object]]:
    """A row for each question: score, share read and seconds of each strategy."""
    end = time.monotonic() + limit_s
    for example in examples:
        if time.monotonic() > end:
            return
        documents = [corpus.open(source) for source in example.sources]
        n_passages = max(1, sum(len(corpus.passages(document)) for document in documents))
        row: dict[str, object] = {"set": example.task, "document": example.document, "question": example.question}
        for name, strategy in strategies.items():
            started = time.perf_counter()
            answer = strategy(example.question, documents)
            seconds = time.perf_counter() - started
            read = answer.usage["passages"] / n_passages
            row[name] = {"score": score(answer, example), "read": read, "seconds": seconds, "at": answer.route.strategy}
        yield row


def score(answer: Answer, example: Example) -> float:
    """1 for a right answer or a right refusal."""
    if not example.answerable or answer.status == "not_found":
        return float((answer.status == "not_found") is not example.answerable)
    said = set(content_words(answer.text))
    text = " ".join(WORD.findall(answer.text.casefold()))
    for reference in example.references:
        words = content_words(reference)
        if (
            " ".join(WORD.findall(reference.casefold())) in text
            or sum(w in said for w in words) >= 0.5 * len(words) > 0
        ):
            return 1.0
    return 0.0


def content_words(text: str) -> list[str]:
    """The words of a text but for the commonest."""
    return [word for word in WORD.findall(text.casefold()) if word not in STOPWORDS]


def print_table(rows: Sequence[Mapping[str, object]]) -> None:
    """Score, cost and time of each strategy and of the controls."""
    print(f"{'':24}{'score':>8}{'read':>8}{'ms':>9}   n = {len(rows)}")
    cells = {name: [_cell(row, name) for row in rows] for name in (*STRATEGIES, "router")}
    for name, column in cells.items():
        line(name, (c["score"] for c in column), (c["read"] for c in column), (c["seconds"] for c in column))
    low, high, routed = (mean(c["read"] for c in cells[name]) for name in ("rag", "chain", "router"))
    share = max(0.0, min(1.0, (routed - low) / (high - low))) if high > low else 0.0
    mixed = (1 - share) * mean(c["score"] for c in cells["rag"]) + share * mean(c["score"] for c in cells["chain"])
    line("random mixing", [mixed], [routed], [])
    best = [min((cells[n][i] for n in STRATEGIES), key=lambda c: (-c["score"], c["read"])) for i in range(len(rows))]
    line("oracle", (c["score"] for c in best), (c["read"] for c in best), [])
    twice = [max(a["score"], b["score"]) for a, b in zip(cells["rag"], cells["rag_k12"], strict=True)]
    line("better of two rags", twice, [2 * low], [])


def _cell(row: Mapping[str, object], name: str) -> dict[str, float]:
    cell = row[name]
    assert isinstance(cell, dict)
    return cell


def line(name: str, scores: Iterable[float], read: Iterable[float], seconds: Iterable[float]) -> None:
    """One row of the table."""
    times = list(seconds)
    shown = f"{1000 * mean(times):9.1f}" if times else " " * 9
    print(f"{name:24}{mean(scores):8.3f}{mean(read):8.3f}{shown}")


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean, 0 of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0


if __name__ == "__main__":
    main()
