"""The report of an evaluation as data, beside its Markdown and HTML: it can be drawn again without the examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from docqa.errors import UsageError
from docqa.eval import report
from docqa.eval.scoring import Evaluation, write_whole

FILE = "report.json"
SCHEMA = "docqa.eval.report/1"

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SavedReport:
    """Tables have their head as the first row. `drawings` are whole SVG pictures by name, titled and of fixed size."""

    about: Mapping[str, str]
    figures: Rows
    by_task: Rows
    remarks: tuple[str, ...]
    failures: Rows
    drawings: Mapping[str, str]


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write `report.json`, whole or not at all."""
    saved = SavedReport(
        evaluation.described,
        _rows(report.figures(evaluation)),
        _rows(report.by_task(evaluation)),
        tuple(report.remarks(evaluation)),
        _rows(report.failures(evaluation)),
        report.drawings(evaluation),
    )
    write_whole(folder / FILE, json.dumps({"schema": SCHEMA, **asdict(saved)}, ensure_ascii=False) + "\n")


def read_report(folder: Path) -> SavedReport:
    """Read the report of a run. Raises UsageError where the folder has none, or it is damaged."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise UsageError(f"{path}: expected the schema {SCHEMA!r}")
        tables = (_rows(data["figures"]), _rows(data["by_task"]), tuple(data["remarks"]), _rows(data["failures"]))
        drawings = {str(name): str(drawing) for name, drawing in data["drawings"].items()}
        return SavedReport({str(name): str(value) for name, value in data["about"].items()}, *tables, drawings)
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: no {FILE} is there; give the --out folder of a docqa eval run") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: cannot be read as a report: {type(error).__name__}") from error


def _rows(table: object) -> Rows:
    if not isinstance(table, list | tuple):
        raise TypeError("a table is a list of rows")
    return tuple(tuple(str(cell) for cell in row) for row in table)
