"""Cost and quality of routers on a matrix, beside the fixed strategies, random mixing at their cost, and controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from benchmarks.router_matrix import STRATEGIES, Cell, Row
from docqa.eval.bootstrap import Difference, difference

Choice = Callable[[Row], str]
"""From a row to the name of the column that is taken."""

_TWICE = ("rag", "rag_k12")


def print_table(rows: Sequence[Row], choices: Mapping[str, Choice] | None = None) -> None:
    """Score, share read and time; for routers also the lead over mixing, with its 95 % interval over documents."""
    routers = {"rules": by_name("rules"), **(choices or {})}
    n_documents = len({row.document for row in rows})
    share = np.mean([not row.answerable for row in rows])
    print(f"{len(rows)} questions about {n_documents} documents, {share:.0%} of them without an answer")
    print(f"{'':28}{'score':>7}{'read':>7}{'ms':>9}")
    for name in STRATEGIES:
        print_line(name, [row.cells[name] for row in rows])
    for name, choose in routers.items():
        taken = [row.cells[choose(row)] for row in rows]
        print_line(name, taken)
        print_line("  random mixing at its cost", mixed(rows, mean(cell.read for cell in taken)))
        lead = lead_over_mixing(rows, taken)
        print(f"{'  lead':28}{lead.value:7.3f} ({lead.low:+.3f} to {lead.high:+.3f})")
    print_line("oracle", [best(row, STRATEGIES) for row in rows])
    print_line("better of two rags", [best(row, _TWICE) for row in rows])


def by_name(name: str) -> Choice:
    """The column that is always taken."""
    return lambda _: name


def mixed(rows: Sequence[Row], read: float) -> list[Cell]:
    """The best that a coin between two fixed strategies scores on the mean when it reads so much: no router at all.

    Where even the cheapest strategy reads more, that one stands in.
    """
    means = {name: mean(row.cells[name].read for row in rows) for name in STRATEGIES}
    coins = [(a, b, _share(means[a], means[b], read)) for a, b in combinations(STRATEGIES, 2)]
    coins += [(name, name, 0.0) for name in STRATEGIES if means[name] <= read + 1e-9]
    mixtures = [
        [_between(row.cells[a], row.cells[b], share) for row in rows] for a, b, share in coins if share is not None
    ]
    cheapest = [row.cells[min(means, key=lambda name: means[name])] for row in rows]
    return max(mixtures or [cheapest], key=lambda cells: mean(cell.score for cell in cells))


def _share(a: float, b: float, read: float) -> float | None:
    """How often the second of two has to be taken so that so much is read; None where no coin does that."""
    if a == b:
        return None
    share = (read - a) / (b - a)
    return share if 0 <= share <= 1 else None


def _between(a: Cell, b: Cell, share: float) -> Cell:
    def mixture(x: float, y: float) -> float:
        return (1 - share) * x + share * y

    return Cell(mixture(a.score, b.score), mixture(a.read, b.read), mixture(a.seconds, b.seconds))


def lead_over_mixing(rows: Sequence[Row], taken: Sequence[Cell]) -> Difference:
    """By how much the cells that were taken score above mixing at the same cost."""
    mixture = mixed(rows, mean(cell.read for cell in taken))
    keys = [str(number) for number in range(len(rows))]
    documents = [row.document for row in rows]
    before = {k: (d, cell.score) for k, d, cell in zip(keys, documents, mixture, strict=True)}
    after = {k: (d, cell.score) for k, d, cell in zip(keys, documents, taken, strict=True)}
    return difference(before, after)


def best(row: Row, names: Iterable[str]) -> Cell:
    """The cell with the best score, of equals the one that reads least."""
    return max((row.cells[name] for name in names), key=lambda cell: (cell.score, -cell.read))


def print_line(name: str, cells: Sequence[Cell]) -> None:
    """One row of the table."""
    score, read, seconds = (mean(getattr(cell, field) for cell in cells) for field in ("score", "read", "seconds"))
    print(f"{name:28}{score:7.3f}{read:7.3f}{1000 * seconds:9.1f}")


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean, 0 of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0
