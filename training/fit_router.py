"""Fits the router's weights on a matrix of questions and strategies, and prints what they are worth on the other half.

    python -m benchmarks.router_quality DATA --documents 40 --questions 12 --out build/router/lexical.jsonl
    python -m training.fit_router build/router/lexical.jsonl --reader lexical --write

Documents are split in halves by the hash of their names. On the first half a logistic regression for each strategy is
fitted to whether its answer was right; its penalty and the price of reading are those that do best in five folds over
documents. The other half is looked at once, for the table. `--write` puts the weights beside the code.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.router_matrix import STRATEGIES, Row, read_matrix
from benchmarks.router_tables import Choice, print_table
from docqa.agents.router.estimates import Economics
from docqa.agents.router.learned import NAMES, Learned, Weights, vector

WEIGHTS = Path(__file__).resolve().parent.parent / "agents" / "router" / "weights.json"
PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
PRICES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
N_FOLDS = 5
MAX_READ = 0.5  # of reading everything

Floats = NDArray[np.float64]


def main() -> None:
    """Read the command line, fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("matrix", type=Path)
    parser.add_argument("--reader", required=True, help="whose answers the matrix holds: lexical or trained")
    parser.add_argument("--write", action="store_true", help="put the weights into agents/router/weights.json")
    given = parser.parse_args()
    rows = read_matrix(given.matrix)
    dev, test = halves(rows)
    penalty, price = tuned(dev)
    weights = fitted(dev, penalty, price)
    print(f"{len(dev)} questions to fit on, penalty {penalty:g}, price {price:g}")
    print_table(test, {"learned": policy(weights), "learned, features shuffled": shuffled(weights, test)})
    if given.write:
        write(weights, given.reader, len(dev), penalty)


def halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows to fit on and rows to look at once, no document in both."""
    parts: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        parts[int(hashlib.sha256(row.document.encode()).hexdigest(), 16) % 2].append(row)
    return parts


def fitted(rows: Sequence[Row], penalty: float, price: float) -> Weights:
    """One regression for each strategy."""
    vectors = np.asarray([vector(row.features) for row in rows])
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    scaled = (vectors - mean) / scale
    logits = {
        name: regression(scaled, np.asarray([row.cells[name].score for row in rows]), penalty).round(4).tolist()
        for name in STRATEGIES
    }
    return Weights(mean.round(4).tolist(), scale.round(4).tolist(), logits, price)


def regression(vectors: Floats, labels: Floats, penalty: float, n_steps: int = 30) -> Floats:
    """The constant and the weights of a logistic regression with a quadratic penalty on the latter, by Newton steps."""
    design = np.column_stack([np.ones(len(vectors)), vectors])
    ridge = np.diag([1e-6, *[penalty] * vectors.shape[1]])
    found = np.zeros(design.shape[1])
    for _ in range(n_steps):
        chances = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (labels - chances) - ridge @ found
        curvature = design.T @ (design * (chances * (1 - chances))[:, None]) + ridge
        step = np.linalg.solve(curvature, gradient)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return found


def policy(weights: Weights) -> Choice:
    """The column that the router takes with these weights."""
    learned = Learned(weights)
    return lambda row: learned.decide(row.features, Economics()).strategy


def tuned(rows: Sequence[Row]) -> tuple[float, float]:
    """The penalty and the price that score best on held-out folds and read less than half; of equals the cheapest."""

    def worth(pair: tuple[float, float]) -> tuple[float, float]:
        chosen = list(cross_validated(rows, *pair))
        score = float(np.mean([row.cells[name].score for row, name in chosen]))
        read = float(np.mean([row.cells[name].read for row, name in chosen]))
        return (score if read < MAX_READ else 0.0, -read)

    return max(((penalty, price) for penalty in PENALTIES for price in PRICES), key=worth)


def cross_validated(rows: Sequence[Row], penalty: float, price: float) -> Iterator[tuple[Row, str]]:
    """Each row with what weights choose that were fitted without its document."""
    documents = sorted({row.document for row in rows})
    fold = {document: number % N_FOLDS for number, document in enumerate(documents)}
    for held_out in range(N_FOLDS):
        choose = policy(fitted([row for row in rows if fold[row.document] != held_out], penalty, price))
        yield from ((row, choose(row)) for row in rows if fold[row.document] == held_out)


def shuffled(weights: Weights, rows: Sequence[Row], seed: int = 0) -> Choice:
    """The control: each question is judged by the features of another one, so nothing but the mixture is left."""
    order = np.random.default_rng(seed).permutation(len(rows))
    other = {row.question: rows[int(number)] for row, number in zip(rows, order, strict=True)}
    choose = policy(weights)
    return lambda row: choose(other[row.question])


def write(weights: Weights, reader: str, n_questions: int, penalty: float) -> None:
    """Beside those of other readers."""
    known = json.loads(WEIGHTS.read_text(encoding="utf-8")) if WEIGHTS.exists() else {}
    known[reader] = {
        "names": list(NAMES),
        "mean": weights.mean,
        "scale": weights.scale,
        "logits": weights.logits,
        "price": weights.price,
        "fitted": {"questions": n_questions, "penalty": penalty},
    }
    WEIGHTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
