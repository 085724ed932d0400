"""Draw the losses of a run: `python -m training.plot RUN OUT.svg`; plain SVG, no plotting library needed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 760, 320, 48
COLOURS = tuple("#1b6ca8 #c0392b #2e7d32 #7b5ea7 #b26a00 #00838f #6d4c41 #ad1457 #546e7a #827717".split())


def read_log(run: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves of a run by loss; of a step that was logged twice the last counts."""
    curves: dict[str, dict[int, float]] = {}
    for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for name, value in record.items():
            if name not in ("step", "seconds"):
                curves.setdefault(name, {})[record["step"]] = value
    return {name: sorted(points.items()) for name, points in curves.items()}


def draw(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """The curves as SVG, loss upwards from 0, steps to the right."""
    last = max(step for points in curves.values() for step, _ in points)
    top = max(value for points in curves.values() for _, value in points)
    inner_width, inner_height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [f'<svg {frame} font-family="sans-serif" font-size="12">']
    for share in (0, 0.5, 1):
        y = HEIGHT - MARGIN - share * inner_height
        parts.append(f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y}" y2="{y}" stroke="#ccc"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y + 4}" text-anchor="end">{share * top:.2f}</text>')
    parts.append(f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - MARGIN + 18}" text-anchor="end">{last} steps</text>')
    for (name, points), colour in zip(sorted(curves.items()), COLOURS, strict=False):
        places = [(MARGIN + s / last * inner_width, HEIGHT - MARGIN - v / top * inner_height) for s, v in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        x, y = places[-1]
        parts.append(f'<text x="{x - 4:.1f}" y="{y - 6:.1f}" text-anchor="end" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    given.out.write_text(draw(read_log(given.run)), encoding="utf-8")


if __name__ == "__main__":
    main()
