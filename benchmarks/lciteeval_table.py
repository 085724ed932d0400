"""The public table: every strategy without a language model over the L-CiteEval items and the other sets at hand.

    python -m benchmarks.lciteeval_table PATH/data [--limit 200] [--model embedded:trained] [--judge embedded]

Prints Markdown. Both modes are scored from the same answers. The judge is not the paper's, so its citation figures are
not to be set beside the paper's: only those of tasksource/deberta-base-long-nli (`--judge nli:…`) in parity mode are.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from docqa.answers import Answerer
from docqa.app.build import build_corpus, build_library
from docqa.app.config import Settings
from docqa.app.eval_commands import build_strategy
from docqa.app.eval_corpus import EvalCorpus
from docqa.app.eval_judges import judge
from docqa.eval.bootstrap import interval
from docqa.eval.cited_text import docqa_sentences, punkt
from docqa.eval.examples import Example, Record
from docqa.eval.metrics import Judge, Metric, Setting
from docqa.eval.runner import RecordFile, Run, first
from docqa.eval.scoring import evaluate
from docqa.eval.tasks import task

STRATEGIES = ("auto", "rag", "retrieve_then_reason", "chain")
SETS = {
    "lciteeval": "lciteeval/cases",
    "squad": "squad/dev-v2.0.json",
    "xquad": "xquad",
    "covidqa": "covidqa",
    "fairytaleqa": "fairytaleqa",
    "qmsum": "qmsum",
    "loogle": "loogle/LooGLE-testdata",
    "mmlongbench-doc": "mmlongbench_doc",
}


def answered(answerer: Answerer, corpus: EvalCorpus, examples: Sequence[Example]) -> tuple[list[Record], float]:
    """The records of a fresh run, and the mean seconds that an answer took, without indexing."""
    with tempfile.TemporaryDirectory() as folder, RecordFile(Path(folder) / "answers.jsonl", {}) as file:
        records = Run(answerer, corpus.open)(examples, file)
    taken = [sum(record.answer.seconds.values()) for record in records if record.answer]
    return records, sum(taken) / max(1, len(taken))


def settings_of(judge_of_all: Judge) -> list[Setting]:
    """Both modes; they share what the judge said."""
    verdicts: dict[tuple[str, str], bool] = {}
    return [
        Setting("parity", punkt(), judge_of_all, verdicts),
        Setting("strict", docqa_sentences(), judge_of_all, verdicts),
    ]


def cells(examples: Sequence[Example], records: Sequence[Record], metrics: Sequence[Metric], setting: Setting) -> str:
    """Every metric with its interval."""
    found = []
    for metric, scored in evaluate({}, examples, records, metrics, setting).rows.items():
        i, factor = interval(scored, metric.family.aggregate), 100 if metric.family.unit == "share" else 1
        found.append(f"{factor * i.value:.1f} ({factor * i.low:.1f}–{factor * i.high:.1f})")
    return " | ".join(found)


def merged(by_mode: Mapping[str, str]) -> list[tuple[str, str]]:
    """One row where the modes give the same figures."""
    rows: dict[str, list[str]] = {}
    for mode, row in by_mode.items():
        rows.setdefault(row, []).append(mode)
    return [(" = ".join(modes), row) for row, modes in rows.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--judge", default="embedded")
    parser.add_argument("--cache-dir", type=Path, default=Path(tempfile.gettempdir()) / "docqa-eval-cache")
    parser.add_argument("--sets", default=",".join(SETS))
    arguments = parser.parse_args()
    settings = Settings(cache_dir=arguments.cache_dir, model=arguments.model, ocr="off")
    corpus = EvalCorpus(build_corpus(settings, build_library(settings)))
    modes = settings_of(judge(arguments.judge))
    print(f"Judge {modes[0].judge.name}, model {settings.model}, at most {arguments.limit} questions a set.")
    for name in arguments.sets.split(","):
        known = task(name)
        examples = first(known.load(arguments.data / SETS[name]), arguments.limit)
        print(f"\n### {name} ({len(examples)} questions)\n")
        print("| strategy | mode | " + " | ".join(map(str, known.metrics)) + " | answered | s per question |")
        print("|" + " --- |" * (len(known.metrics) + 4))
        for strategy in STRATEGIES:
            records, seconds = answered(build_strategy(settings, strategy, corpus), corpus, examples)
            n_answered = sum(record.answer is not None and record.answer.status != "not_found" for record in records)
            by_mode = {str(mode.mode): cells(examples, records, known.metrics, mode) for mode in modes}
            for names, row in merged(by_mode):
                share = 100 * n_answered / len(records)
                print(f"| {strategy} | {names} | {row} | {share:.0f} | {seconds:.3f} |", flush=True)


if __name__ == "__main__":
    main()
