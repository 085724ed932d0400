"""What each strategy scores and costs on every question, and what the router makes of it: tables with their controls.

    python -m benchmarks.router_quality DATA [--model embedded:trained] [--documents 12] [--questions 6] [--out MATRIX]
    python -m benchmarks.router_quality --matrix MATRIX

Every strategy runs on every question, so routers are compared on the same answers. The score of a question is 1 when
the statements hold a reference answer or half of its content words, for an unanswerable question when it is declined.
The cost is the share of the documents' passages that was read. Beside the strategies stand: the router by its rules and
by the shipped weights; for each the best coin between two fixed strategies that reads as much; the oracle that knows
every score; and the better of two runs of the same strategy with a slightly different k, which shows how much of the
oracle's lead is luck. The weights were fitted on half of the documents (`training/fit_router.py`): only the other half
counts for them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.router_matrix import Row, chosen, matrix, read_matrix
from benchmarks.router_tables import print_table
from docqa.app.config import Settings


def main() -> None:
    """Run the matrix or read one, keep it, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "data", type=Path, nargs="?", help="folder of squad, covidqa, loogle, lciteeval, mmlongbench_doc"
    )
    parser.add_argument("--model", default="embedded", help="embedded, embedded:trained or openai:NAME")
    parser.add_argument("--base-url", default="", help="of the model's server")
    parser.add_argument("--documents", type=int, default=12, help="documents of each set")
    parser.add_argument("--questions", type=int, default=6, help="questions of each document")
    parser.add_argument("--seconds", type=float, default=1800.0, help="stop asking after so long")
    parser.add_argument("--out", type=Path, help="write the matrix here, one JSON object a line")
    parser.add_argument("--matrix", type=Path, help="take the matrix that was written before")
    given = parser.parse_args()
    if given.matrix is None and given.data is None:
        parser.error("name the folder of the data, or a matrix with --matrix")
    rows = asked(given) if given.matrix is None else read_matrix(given.matrix)
    print_table(rows)
    for name in sorted({row.set for row in rows}):
        print(f"\n{name}")
        print_table([row for row in rows if row.set == name])


def asked(given: argparse.Namespace) -> list[Row]:
    """The matrix, made now; each row is written as soon as it is there."""
    examples = chosen(given.data, given.documents, given.questions)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_dir=Path(folder), model=given.model, base_url=given.base_url)
        for row in matrix(examples, settings, given.seconds):
            rows.append(row)
            _keep(row, given.out, first=len(rows) == 1)
    print(f"{len(rows)} of {len(examples)} questions, {given.model}")
    return rows


def _keep(row: Row, path: Path | None, *, first: bool) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if first else "a", encoding="utf-8") as file:
            file.write(row.to_json() + "\n")


if __name__ == "__main__":
    main()
