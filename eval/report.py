"""The report of an evaluation, as Markdown and as one self-contained HTML file with plots."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from docqa.answers import one_line
from docqa.checks import CERTAIN
from docqa.eval import plots
from docqa.eval.bootstrap import interval
from docqa.eval.examples import predict
from docqa.eval.metrics import Metric, Scored
from docqa.eval.scoring import Evaluation

PRIMARY = ("citation_f1", "typed_accuracy", "summhay_joint", "pair_accuracy", "evidence_hit")
_N_BINS = 5
_N_COLUMNS = 8
_FIGURE = re.compile(r"[-+]?[\d,]+(?:\.\d+)?(?: to .*)?")
_N_SHOWN_FAILURES = 20
_CAVEAT = (
    "Citation figures depend on the judge: only runs with tasksource/deberta-base-long-nli in parity mode can be set "
    "beside the L-CiteEval paper's."
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1f2933}"
    ":root{color-scheme:light;background:#fff}.wide{overflow-x:auto}.plots{display:flex;flex-wrap:wrap;align-items:flex-start;gap:1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #d3dae3;padding:.3rem .8rem;"
    "text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%;margin:.5rem 0}"
)

Table = Sequence[Sequence[str]]


def primary(evaluation: Evaluation) -> Metric:
    """The metric that plots show."""
    named = {metric.name: metric for metric in evaluation.rows}
    return next((named[name] for name in PRIMARY if name in named), next(iter(named.values())))


def markdown(evaluation: Evaluation) -> str:
    """The report without plots."""
    lines = [f"# docqa eval {evaluation.about.get('task', '')}".rstrip(), ""]
    lines += markdown_table([["setting", "value"], *map(list, evaluation.described.items())])
    lines += ["", *markdown_table(figures(evaluation)), "", *remarks(evaluation)]
    tasks, failed = by_task(evaluation), failures(evaluation)
    lines += ["", "## By task", "", *markdown_table(tasks)] if tasks else []
    if failed:
        lines += ["", "## Failures", "", *(f"- `{example_id}`: {error}" for example_id, error in failed)]
    return "\n".join(lines) + "\n"


def html(evaluation: Evaluation) -> str:
    """The report with plots; nothing in it is loaded from anywhere."""
    title = escape(f"docqa eval {evaluation.about.get('task', '')}")
    body = [f"<h1>{title}</h1>", html_table([["setting", "value"], *map(list, evaluation.described.items())])]
    body += [
        html_table(figures(evaluation)),
        *(f"<p>{escape(remark)}</p>" for remark in remarks(evaluation) if remark),
    ]
    tasks = by_task(evaluation)
    body += [html_table(tasks)] if tasks else []
    body.append(f'<div class="plots">{"".join(drawings(evaluation).values())}</div>')
    for example_id, error in failures(evaluation):
        body.append(f"<p><code>{escape(example_id)}</code>: {escape(error)}</p>")
    return html_page(f"docqa eval {evaluation.about.get('task', '')}", body)


def html_page(title: str, body: Sequence[str]) -> str:
    """A page with the style of reports; nothing in it is loaded from anywhere."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head = f'<meta charset="utf-8">{policy}<title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def drawings(evaluation: Evaluation) -> dict[str, str]:
    """The plots by name, as far as the examples have what they show."""
    metric = primary(evaluation)
    rows = [row for row in evaluation.rows[metric] if row.score is not None]
    shares = [m for m in evaluation.rows if m.family.unit == "share"]
    found = {"figures": plots.bars("Figures with 95 % intervals", [(str(m), _bar(evaluation, m)) for m in shares])}
    lengths = _binned(rows, lambda row: float(row.example.length))
    if len(lengths) > 1:
        found["length"] = plots.line(f"{metric} by length", "words of the documents", str(metric), lengths)
    if any(row.example.depth is not None for row in rows):
        found["depth"] = _depth_map(metric, rows)
    unit, cost_of = _costs(evaluation)
    costs = _binned(rows, lambda row: cost_of[row.example.id])
    if len(costs) > 1:
        found["cost"] = plots.line(f"{metric} against cost", f"{unit} per question", str(metric), costs)
    calibration = _calibration(evaluation)
    if calibration:
        title = "Calibration of support scores"
        found["calibration"] = plots.line(
            title, "support score", "citations on gold evidence", calibration, diagonal=True
        )
    return found


def _costs(evaluation: Evaluation) -> tuple[str, dict[str, float]]:
    """What each question cost: tokens where a language model was asked, seconds elsewhere."""
    tokens = {
        record.example_id: float(
            record.answer.usage.get("input_tokens", 0) + record.answer.usage.get("output_tokens", 0)
        )
        for record in evaluation.records
        if record.answer is not None
    }
    if any(tokens.values()):
        return "tokens", {record.example_id: tokens.get(record.example_id, 0.0) for record in evaluation.records}
    return "seconds", {record.example_id: record.seconds for record in evaluation.records}


def figures(evaluation: Evaluation) -> Table:
    """Every metric with its interval; the head comes first."""
    rows = [["metric", "value", "95 % interval", "examples", "documents"]]
    for metric, scored in evaluation.rows.items():
        i = evaluation.interval(metric)
        factor = 100 if metric.family.unit == "share" else 1
        n = len(scored) - evaluation.n_dropped(metric)
        bounds = f"{factor * i.low:.2f} to {factor * i.high:.2f}"
        rows.append([str(metric), f"{factor * i.value:.2f}", bounds, str(n), str(i.n_documents)])
    return rows


def remarks(evaluation: Evaluation) -> list[str]:
    """What one must know to read the figures."""
    dropped = max(evaluation.n_dropped(metric) for metric in evaluation.rows)
    found = [
        f"{len(evaluation.records)} examples, {evaluation.n_failed} failed (each counts as the worst of every metric). "
        "Shares are in percent; intervals are bootstrapped over documents."
    ]
    if dropped:
        found.append(f"{dropped} empty answers enter no mean of the citation metrics: parity with the original scorer.")
    return found + ([_CAVEAT] if any(m.name.startswith("citation_") for m in evaluation.rows) else [])


def failures(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The first examples that ended in an error, each with what it says."""
    failed = [(record.example_id, one_line(record.error)) for record in evaluation.records if record.answer is None]
    return failed[:_N_SHOWN_FAILURES]


def by_task(evaluation: Evaluation) -> Table:
    """Every metric's figure for each task of a benchmark that has several; empty for one that has not."""
    names = list(dict.fromkeys(row.example.task for row in next(iter(evaluation.rows.values()))))
    if len(names) < 2:
        return []
    table = [["task", "examples", *map(str, evaluation.rows)]]
    for name in names:
        cells = []
        for metric, rows in evaluation.rows.items():
            of_task = [row for row in rows if row.example.task == name]
            factor = 100 if metric.family.unit == "share" else 1
            cells.append(f"{factor * metric.family.aggregate(of_task):.2f}")
        table.append([name, str(len(of_task)), *cells])
    return table


def _bar(evaluation: Evaluation, metric: Metric) -> plots.Point:
    i = evaluation.interval(metric)
    return plots.Point(0.0, i.value, i.low, i.high, i.n_documents)


def _binned(rows: Sequence[Scored], key: Callable[[Scored], float]) -> list[plots.Point]:
    """Up to five bins of equal size by the key, each with its mean and interval."""
    ordered = sorted((row for row in rows if key(row) > 0), key=key)
    n_bins = min(_N_BINS, len({key(row) for row in ordered}))
    points = []
    for n in range(n_bins):
        group = ordered[len(ordered) * n // n_bins : len(ordered) * (n + 1) // n_bins]
        if group:
            i = interval(group)
            points.append(plots.Point(key(group[len(group) // 2]), i.value, i.low, i.high, len(group)))
    return points


def _depth_map(metric: Metric, rows: Sequence[Scored]) -> str:
    """Means by depth, in quarters, and by length; of many lengths some are put together and named by the longest."""
    deep = [row for row in rows if row.example.depth is not None]
    lengths = _bounds([row.example.length for row in deep])
    cells: dict[tuple[float, int], list[float]] = {}
    for row in deep:
        length = next(bound for bound in lengths if row.example.length <= bound)
        cells.setdefault((round(4 * (row.example.depth or 0.0)) / 4, length), []).append(row.score or 0.0)
    depths = sorted({depth for depth, _ in cells})
    values = tuple(
        tuple(sum(cells[d, n]) / len(cells[d, n]) if (d, n) in cells else None for n in lengths) for d in depths
    )
    grid = plots.Grid(tuple(f"{d:.0%}" for d in depths), tuple(f"{n:,}" for n in lengths), values)
    return plots.heat_map(
        f"{metric} by depth and length", "depth of the evidence", "words of the document, up to", grid
    )


def _bounds(values: Sequence[int]) -> list[int]:
    """The values in order, each once; of more than eight, the upper bounds of eight groups of equal size."""
    different = sorted(set(values))
    if len(different) <= _N_COLUMNS:
        return different
    return [different[len(different) * (n + 1) // _N_COLUMNS - 1] for n in range(_N_COLUMNS)]


def _calibration(evaluation: Evaluation) -> list[plots.Point]:
    """Citations by the support score they carry, against the share of them that stand on gold evidence.

    Quotations are left out: that a statement is the cited words themselves says nothing of whether they answer.
    """
    bins: dict[int, list[tuple[float, float]]] = {}
    for row, record in zip(next(iter(evaluation.rows.values())), evaluation.records, strict=True):
        if record.answer is None or not row.example.gold or not predict(row.example, record.answer).answered:
            continue
        for citation in record.answer.citations:
            if citation.support is not None and citation.support.judge not in CERTAIN:
                right = float((citation.document, citation.part) in row.example.gold)
                score = citation.support.score
                bins.setdefault(min(int(score * _N_BINS), _N_BINS - 1), []).append((score, right))
    points = []
    for _, pairs in sorted(bins.items()):
        x, y = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
        margin = 1.96 * (y * (1 - y) / len(pairs)) ** 0.5
        points.append(plots.Point(x, y, max(0.0, y - margin), min(1.0, y + margin), len(pairs)))
    return points


def markdown_table(rows: Table) -> list[str]:
    """The lines of a table whose first row is its head."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, *body = ["| " + " | ".join(row) + " |" for row in cells]
    return [head, "|" + " --- |" * len(rows[0]), *body]


def html_table(rows: Table) -> str:
    """A table whose first row is its head; a wide one scrolls by itself."""
    head, *body = rows
    lines = ["".join(f"<th>{escape(cell)}</th>" for cell in head)]
    lines += ["".join(f"<td{' class=n' if _FIGURE.fullmatch(c) else ''}>{escape(c)}</td>" for c in row) for row in body]
    return f'<div class="wide"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'
