"""Times several ways of doing the same, one after the other in every round, so that a busy moment meets them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seconds:
    """Medians over the rounds. `processor` is what the threads of this process have used, `wall` what has passed."""

    processor: float
    wall: float


def measured(
    ways: Mapping[str, Callable[[], object]], n_rounds: int, before: Callable[[], object] | None = None
) -> dict[str, Seconds]:
    """Run every way once in each round; `before` is called ahead of each and is not counted."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name, way in ways.items():
            if before is not None:
                before()
            processor, wall = time.process_time(), time.perf_counter()
            way()
            taken[name].append((time.process_time() - processor, time.perf_counter() - wall))
    medians = ((name, *map(statistics.median, zip(*pairs, strict=True))) for name, pairs in taken.items())
    return {name: Seconds(processor, wall) for name, processor, wall in medians}
