"""Whether the best citation stands on a gold page, and whether what has no answer is refused, over real PDFs.

    python -m benchmarks.page_citations DATA/mmlongbench_doc [--model NAME …] [--encoder NAME …] [--cache FOLDER]

MMLongBench-Doc (Ma et al. 2024, arXiv:2407.01523): the questions whose evidence is plain text, and those that are "Not
answerable". A question that is refused counts as one whose citations are all wrong. Beside the models stands the best
page by BM25 over whole pages.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import bm25s
import Stemmer

from benchmarks.reader_scores import at, rank_of
from docqa import DocQA
from docqa.documents import Document
from docqa.eval.examples import Example, FileSource
from docqa.eval.loaders.long_documents import load_mmlongbench


@dataclass(frozen=True, slots=True)
class Outcome:
    """Ranks of the first citation on a gold page (a million: none), for answered questions; who was refused."""

    ranks: tuple[int, ...]
    n_answerable_refused: int
    n_unanswerable_refused: int
    seconds: tuple[float, ...]


def plain_text_ids(folder: Path) -> set[int]:
    """Numbers (from 1) of the questions whose evidence is plain text alone."""
    rows = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    return {n for n, row in enumerate(rows, start=1) if row["evidence_sources"] == "['Pure-text (Plain-text)']"}


def asked(folder: Path) -> Iterator[tuple[Example, Path]]:
    """The questions in question, each with its file."""
    chosen = plain_text_ids(folder)
    for number, example in enumerate(load_mmlongbench(folder), start=1):
        source = example.sources[0]
        assert isinstance(source, FileSource)
        if not example.answerable or (number in chosen and example.gold):
            yield example, source.path


def outcome(agent: DocQA, questions: Sequence[tuple[Example, Path]]) -> Outcome:
    """Ask them all."""
    ranks, refused, seconds = [], {True: 0, False: 0}, []
    for example, path in questions:
        document = agent.add(path)
        answer = agent.ask_documents([document], example.question)
        seconds.append(sum(answer.seconds.values()))
        refused[example.answerable] += answer.status == "not_found"
        if example.answerable:
            ranks.append(rank_of([citation.part in pages(example) for citation in answer.citations]))
    return Outcome(tuple(ranks), refused[True], refused[False], tuple(seconds))


def pages(example: Example) -> set[int]:
    """The gold pages, counted from 0."""
    return {part for _, part in example.gold}


def page_bm25(documents: Sequence[tuple[Example, Document]]) -> list[int]:
    """Ranks of the first gold page when whole pages are ranked by BM25."""
    stemmer = Stemmer.Stemmer("english")
    ranks = []
    for example, document in documents:
        index = bm25s.BM25()
        texts = [page.text for page in document.pages]
        index.index(bm25s.tokenize(texts, stemmer=stemmer, show_progress=False), show_progress=False)
        query = bm25s.tokenize([example.question], stemmer=stemmer, show_progress=False)
        found, _ = index.retrieve(query, k=min(3, len(texts)), show_progress=False)
        ranks.append(rank_of([int(page) in pages(example) for page in found[0]]))
    return ranks


def shares(ranks: Sequence[int]) -> str:
    """How often a gold page is cited first, and among the first three."""
    return f"page of the best @1 {at(ranks, 1):5.1f}  in the top 3 {at(ranks, 3):5.1f} (n {len(ranks)})"


def main() -> None:
    """Read the command line, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", nargs="+", default=["embedded"])
    parser.add_argument("--encoder", nargs="+", default=["embedded"], help="one for each model, or one for all")
    parser.add_argument("--cache", type=Path, default=None, help="where what was read is kept; default: nowhere")
    given = parser.parse_args()
    questions = list(asked(given.data))
    n_answerable = sum(example.answerable for example, _ in questions)
    with tempfile.TemporaryDirectory() as scratch:
        cache = given.cache or Path(scratch)
        agent = DocQA(cache_dir=cache)
        read = [(example, agent.add(path)) for example, path in questions if example.answerable]
        agent.close()
        print(f"{'page BM25':22} {shares(page_bm25(read))}")
        encoders = given.encoder if len(given.encoder) > 1 else given.encoder * len(given.model)
        for model, encoder in zip(given.model, encoders, strict=True):
            agent = DocQA(cache_dir=cache, model=model, encoder=encoder)
            result = outcome(agent, questions)
            agent.close()
            n_unanswerable = len(questions) - n_answerable
            print(
                f"{f'{model}, {encoder}':22} {shares(result.ranks)}  refused: not answerable "
                f"{100 * result.n_unanswerable_refused / n_unanswerable:5.1f} (n {n_unanswerable}), answerable "
                f"{100 * result.n_answerable_refused / n_answerable:5.1f}  {median(result.seconds):.2f} s a question"
            )


if __name__ == "__main__":
    main()
