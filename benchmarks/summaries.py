"""Extractive summaries against the beginning of the text and random sentences: ROUGE-L on the summary tasks.

    python -m benchmarks.summaries DATA [--sentences 10] [--limit 60]

The summary tasks of L-CiteEval (4 to 6 documents each in the public cases) and the validation set of QMSum, whose
questions name a subject. LEAD-3 and three random sentences are the usual baselines; as many sentences as ours stand
beside them, since longer summaries score higher.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import mean

from docqa.agents.extractive_summary import central
from docqa.agents.reasoner import Evidence
from docqa.agents.sources import sentences_of
from docqa.answers import one_line
from docqa.documents import Page
from docqa.eval.examples import Example, TextSource
from docqa.eval.loaders.lciteeval import load as load_lciteeval
from docqa.eval.loaders.long_documents import load_qmsum
from docqa.eval.rouge import rouge_l
from docqa.retrieval.passages import split

TASKS = ("gov_report", "multi_news", "qmsum")


def examples(data: Path, limit: int) -> Iterator[tuple[str, list[Example]]]:
    """The sets by name."""
    for task in TASKS:
        yield f"lciteeval/{task}", list(load_lciteeval(data / "lciteeval/cases", task))
    meetings = list(load_qmsum(data / "qmsum"))
    random.Random(0).shuffle(meetings)
    yield "qmsum", meetings[:limit]


def sentences(example: Example) -> list[Evidence]:
    """All sentences of the example's text, in order."""
    found: list[Evidence] = []
    for source in example.sources:
        assert isinstance(source, TextSource)
        pages = [Page(i, text, number=i + 1) for i, text in enumerate(source.parts)]
        found += [piece for passage in split(source.name, pages) for piece in sentences_of(passage)]
    return found


def score(chosen: Sequence[Evidence], example: Example) -> float:
    """ROUGE-L F1, in per cent, of the best reference."""
    text = " ".join(one_line(piece.quote) for piece in chosen)
    return 100 * max(rouge_l(text, reference).f1 for reference in example.references)


def main() -> None:
    """Read the command line, summarise, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sentences", type=int, default=10)
    parser.add_argument("--limit", type=int, default=60, help="questions of QMSum")
    given = parser.parse_args()
    for name, asked in examples(given.data, given.limit):
        scores: dict[str, list[float]] = {}
        for example in asked:
            text, rng = sentences(example), random.Random(example.id)
            ours = central(text, example.question, given.sentences)
            rivals = {
                "ours": ours,
                "LEAD-3": text[:3],
                "3 random": rng.sample(text, min(3, len(text))),
                f"LEAD-{given.sentences}": list(islice(text, given.sentences)),
                f"{given.sentences} random": rng.sample(text, min(given.sentences, len(text))),
            }
            for label, chosen in rivals.items():
                scores.setdefault(label, []).append(score(chosen, example))
        figures = "  ".join(f"{label} {mean(values):5.1f}" for label, values in scores.items())
        print(f"{name:22} ROUGE-L {figures}  n {len(asked)}", flush=True)


if __name__ == "__main__":
    main()
