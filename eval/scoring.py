"""From records to scores: every metric over every example, kept one by one, with the setting they depend on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docqa.errors import UsageError
from docqa.eval.bootstrap import Difference, Interval, difference, interval
from docqa.eval.examples import Example, Prediction, Record, predict
from docqa.eval.metrics import Metric, Scored, Setting

SCHEMA = "docqa.eval.scores/1"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was run (`about`: task, strategy, model …), the records in the examples' order, and all scores."""

    about: Mapping[str, str]
    setting: Setting
    records: tuple[Record, ...]
    rows: Mapping[Metric, tuple[Scored, ...]]

    @property
    def n_failed(self) -> int:
        """Examples that ended in an error; each counts as the worst of every metric."""
        return sum(record.answer is None for record in self.records)

    def n_dropped(self, metric: Metric) -> int:
        """Examples that the original scorer leaves out of the mean; none in `strict`."""
        return sum(row.score is None for row in self.rows[metric])

    def interval(self, metric: Metric) -> Interval:
        """The metric over all examples with its interval by document."""
        return interval(self.rows[metric], metric.family.aggregate)

    @property
    def described(self) -> dict[str, str]:
        """All that the figures depend on, by name."""
        setting = self.setting
        return {**self.about, "mode": setting.mode, "judge": setting.judge.name, "splitter": setting.splitter.name}


def evaluate(
    about: Mapping[str, str],
    examples: Sequence[Example],
    records: Sequence[Record],
    metrics: Sequence[Metric],
    setting: Setting,
) -> Evaluation:
    """Score every record under every metric."""
    pairs = [(example, _prediction(example, record)) for example, record in zip(examples, records, strict=True)]
    rows = {m: tuple(m.score(example, prediction, setting) for example, prediction in pairs) for m in metrics}
    return Evaluation(about, setting, tuple(records), rows)


def _prediction(example: Example, record: Record) -> Prediction | None:
    return None if record.answer is None else predict(example, record.answer)


def write_scores(evaluation: Evaluation, path: Path) -> None:
    """One line with what the scores depend on, then one line an example; written whole or not at all."""
    lines: list[Mapping[str, Any]] = [{"schema": SCHEMA, **evaluation.described}]
    columns = list(evaluation.rows)
    for index, record in enumerate(evaluation.records):
        example = evaluation.rows[columns[0]][index].example
        scores = {str(metric): evaluation.rows[metric][index].score for metric in columns}
        lines.append({"id": example.id, "document": example.document, "scores": scores, "error": record.error})
    write_whole(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new content and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@dataclass(frozen=True, slots=True)
class SavedScores:
    """Scores read back: by metric name, example id to (document, score). Dropped examples are not in it."""

    about: Mapping[str, str]
    scores: Mapping[str, Mapping[str, tuple[str, float]]]


def read_scores(path: Path) -> SavedScores:
    """The scores of a run, given its folder or its `scores.jsonl`."""
    file = path / "scores.jsonl" if path.is_dir() else path
    try:
        about, *lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        if about.pop("schema") != SCHEMA:
            raise UsageError(f"{file}: expected the schema {SCHEMA!r}")
        scores: dict[str, dict[str, tuple[str, float]]] = {}
        for line in lines:
            for name, score in line["scores"].items():
                if score is not None:
                    scores.setdefault(name, {})[line["id"]] = (line["document"], float(score))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file}: cannot be read as the scores of a run ({error}); give two --out folders") from error
    return SavedScores(about, scores)


def compare(a: SavedScores, b: SavedScores) -> dict[str, Difference]:
    """B minus A for every metric that both have. Raises UsageError when mode, judge, splitter or task differ."""
    for name in ("task", "mode", "judge", "splitter"):
        ours, theirs = a.about.get(name), b.about.get(name)
        if ours != theirs:
            raise UsageError(f"these runs cannot be compared: {name} is {ours!r} in one and {theirs!r} in the other")
    shared = [name for name in a.scores if name in b.scores and a.scores[name].keys() & b.scores[name].keys()]
    if not shared:
        raise UsageError("the two runs have no example and metric in common")
    return {name: difference(a.scores[name], b.scores[name]) for name in shared}
