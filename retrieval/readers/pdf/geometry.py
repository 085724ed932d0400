"""What boxes of a displayed page have to do with each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docqa.documents import Box


def union(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around at least one box."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return Box(min(x0s), min(y0s), max(x1s), max(y1s))


def beside(a: Box, b: Box) -> bool:
    """Say whether two boxes stand on one line: they share at least half of the lower one's height."""
    shared = min(a.y1, b.y1) - max(a.y0, b.y0)
    return shared > 0 and shared >= 0.5 * min(a.y1 - a.y0, b.y1 - b.y0)


def merged_lines(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Merge neighbours in reading order that stand on one line into one box for each line."""
    lines: list[Box] = []
    for box in boxes:
        if lines and beside(lines[-1], box):
            lines[-1] = union((lines[-1], box))
        else:
            lines.append(box)
    return tuple(lines)
