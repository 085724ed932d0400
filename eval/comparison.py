"""Runs set side by side: paired differences with intervals, and quality against cost, as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docqa.eval import measures as measures  # fills the table of metrics
from docqa.eval import plots
from docqa.eval.bootstrap import difference
from docqa.eval.metrics import parse
from docqa.eval.report import PRIMARY, Table, html_page, html_table, markdown_table
from docqa.eval.runner import read_records
from docqa.eval.scoring import SavedScores, compare, read_scores


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A finished run: its scores, and what a question cost on the mean in seconds and in tokens of a language model."""

    name: str
    scores: SavedScores
    seconds: float = 0.0
    tokens: float = 0.0


def read_run(folder: Path) -> ComparedRun:
    """A run by its --out folder. Raises UsageError when that is none."""
    scores = read_scores(folder)
    _, records = read_records(folder / "answers.jsonl") if folder.is_dir() else ({}, [])
    n = max(1, len(records))
    usages: list[Mapping[str, int]] = [record.answer.usage for record in records if record.answer is not None]
    tokens = sum(usage.get("input_tokens", 0) + usage.get("output_tokens", 0) for usage in usages)
    return ComparedRun(folder.name, scores, sum(record.seconds for record in records) / n, tokens / n)


def markdown(runs: Sequence[ComparedRun]) -> str:
    """Every run against the first: differences in points of a hundred with intervals, then what each costs."""
    first, *others = runs
    lines: list[str] = []
    for other in others:
        lines += [*markdown_table(_differences(first, other)), ""]
    lines += [*markdown_table(_costs(runs)), ""]
    lines.append("Paired bootstrap over documents; shares in points of a hundred.")
    return "\n".join(lines) + "\n"


def html(runs: Sequence[ComparedRun]) -> str:
    """The same with the plot of quality against cost; nothing in it is loaded from anywhere."""
    first, *others = runs
    body = [f"<h1>docqa eval compare: {escape(first.scores.about.get('task', ''))}</h1>"]
    body += [html_table(_differences(first, other)) for other in others]
    body += [html_table(_costs(runs)), "<p>Paired bootstrap over documents; shares in points of a hundred.</p>"]
    body.append(f'<div class="plots">{quality_against_cost(runs)}</div>')
    return html_page("docqa eval compare", body)


def quality_against_cost(runs: Sequence[ComparedRun]) -> str:
    """A point for each run: its main metric with its interval, over what a question cost."""
    metric = next((name for name in PRIMARY if all(name in run.scores.scores for run in runs)), None)
    metric = metric or next(iter(compare(runs[0].scores, runs[-1].scores)))
    by_tokens = any(run.tokens for run in runs)
    points = [(run.name, _point(run, metric, run.tokens if by_tokens else run.seconds)) for run in runs]
    unit = "tokens" if by_tokens else "seconds"
    return plots.scatter(f"{metric} against cost", f"{unit} per question", metric, points)


def _point(run: ComparedRun, metric: str, cost: float) -> plots.Point:
    scores = run.scores.scores[metric]
    d = difference({key: (document, 0.0) for key, (document, _) in scores.items()}, scores)
    return plots.Point(cost, d.value, d.low, d.high, len(scores))


def _differences(a: ComparedRun, b: ComparedRun) -> Table:
    rows = [["metric", f"{b.name} − {a.name}", "95 % interval", "p", "documents"]]
    for name, d in compare(a.scores, b.scores).items():
        factor = 100 if parse(name).family.unit == "share" else 1
        bounds = f"{factor * d.low:+.2f} to {factor * d.high:+.2f}"
        rows.append([name, f"{factor * d.value:+.2f}", bounds, f"{d.p_value:.3f}", str(d.n_documents)])
    return rows


def _costs(runs: Sequence[ComparedRun]) -> Table:
    rows = [["run", "strategy", "model", "seconds per question", "tokens per question"]]
    for run in runs:
        about = run.scores.about
        rows.append(
            [run.name, about.get("strategy", ""), about.get("model", ""), f"{run.seconds:.3f}", f"{run.tokens:,.0f}"]
        )
    return rows
