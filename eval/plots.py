"""Small plots as SVG text: intervals, lines, a heat map, a calibration curve. Knows numbers and names only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 58, 52
_INK, _FAINT, _LINE, _BAR = "#1f2933", "#d3dae3", "#2563a8", "#8fb3d9"
_CHAR_WIDTH, _ROW = 6.5, 15.0  # of a label, about
_SMALL, _DASHES = 'font-size="10"', 'stroke-dasharray="5 4"'


@dataclass(frozen=True, slots=True)
class Point:
    """A value from 0 to 1 at x, with its interval and how many examples it stands for."""

    x: float
    y: float
    low: float
    high: float
    n: int


def bars(title: str, rows: Sequence[tuple[str, Point]]) -> str:
    """A horizontal bar from 0 to 1 for each name, with its interval; `x` of the points is not read."""
    row_height, label_width = 30, 190
    height = _TOP + row_height * len(rows) + 40
    span = _WIDTH - label_width - 80
    parts = [_title(title)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = label_width + span * tick
        parts += [_line((x, _TOP), (x, height - 36), _FAINT), _text(x, height - 18, f"{tick:g}", anchor="middle")]
    for index, (name, point) in enumerate(rows):
        y = _TOP + row_height * index + 15
        low, high = label_width + span * point.low, label_width + span * point.high
        parts += [
            _text(label_width - 10, y + 4, name, anchor="end"),
            f'<rect x="{label_width}" y="{y - 8}" width="{span * point.y:.1f}" height="16" fill="{_BAR}"/>',
            _line((low, y), (high, y), _INK),
            _line((low, y - 4), (low, y + 4), _INK),
            _line((high, y - 4), (high, y + 4), _INK),
            _text(_WIDTH - 12, y + 4, f"{100 * point.y:.1f}", anchor="end"),
        ]
    return _svg(parts, title, height)


def line(title: str, x_label: str, y_label: str, points: Sequence[Point], diagonal: bool = False) -> str:
    """Values over x with whiskers; `diagonal` draws where x equals y, for calibration. x that spans more than a factor
    of ten is drawn by its logarithm."""
    xs = [point.x for point in points]
    axis = _Axis(0.0, 1.0) if diagonal else _Axis(min(xs), max(xs), by_factors=0 < 10 * min(xs) < max(xs))
    x_of, y_of = axis.place, _height
    parts = [_title(title), *_axes(x_label, y_label, axis)]
    if diagonal:
        parts.append(_line((x_of(0.0), y_of(0.0)), (x_of(1.0), y_of(1.0)), _FAINT, _DASHES))
    path = " ".join(f"{x_of(p.x):.1f},{y_of(p.y):.1f}" for p in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{_LINE}" stroke-width="2"/>')
    for p in points:
        parts += [
            _line((x_of(p.x), y_of(p.low)), (x_of(p.x), y_of(p.high)), _INK),
            f'<circle cx="{x_of(p.x):.1f}" cy="{y_of(p.y):.1f}" r="4" fill="{_LINE}"/>',
            _text(x_of(p.x) + 7, y_of(p.y) - 7, f"n={p.n}", style=_SMALL),
        ]
    return _svg(parts, title)


def scatter(title: str, x_label: str, y_label: str, points: Sequence[tuple[str, Point]]) -> str:
    """A named point with its whisker for each system; x begins at 0."""
    highest = max((point.x for _, point in points), default=0.0) or 1.0
    axis = _Axis(0.0, highest)
    x_of, y_of = axis.place, _height
    parts = [_title(title), *_axes(x_label, y_label, axis)]
    taken: list[tuple[float, float, float]] = []
    for name, p in points:
        x, y = x_of(p.x), y_of(p.y)
        is_right = p.x > highest / 2
        width = _CHAR_WIDTH * len(name) + 8
        start = x - width if is_right else x
        label = _free_height(start, start + width, y - 8, taken)
        parts += [
            _line((x, y_of(p.low)), (x, y_of(p.high)), _INK),
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_LINE}"/>',
            _text(x - 8 if is_right else x + 8, label, name, anchor="end" if is_right else "start"),
        ]
    return _svg(parts, title)


def _free_height(start: float, end: float, height: float, taken: list[tuple[float, float, float]]) -> float:
    """Where a label from `start` to `end` covers none of those that are `taken`, to which it is added."""
    while any(start < b and a < end and abs(height - h) < _ROW for a, b, h in taken):
        height += _ROW
    taken.append((start, end, height))
    return height


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of values from 0 to 1, shape (rows, columns), None where there is none."""

    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]


def heat_map(title: str, row_label: str, column_label: str, grid: Grid) -> str:
    """Cells from red (0) over yellow to green (1), each with its value in percent."""
    cell_height = 34
    cell_width = min(96.0, (_WIDTH - 150) / max(1, len(grid.column_names)))
    height = 72 + cell_height * len(grid.row_names) + 48
    parts = [_title(title), _text(16, 52, row_label, style=_SMALL)]
    for i, (row_name, values) in enumerate(zip(grid.row_names, grid.values, strict=True)):
        y = 64 + cell_height * i
        parts.append(_text(112, y + 21, row_name, anchor="end"))
        for j, value in enumerate(values):
            x = 124 + cell_width * j
            fill = "#eef1f5" if value is None else _shade(value)
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{cell_width - 2:.1f}" height="{cell_height - 2}" fill="{fill}"/>'
            )
            shown = "–" if value is None else f"{100 * value:.0f}"
            parts.append(_text(x + cell_width / 2 - 1, y + 21, shown, anchor="middle"))
    bottom = 64 + cell_height * len(grid.row_names)
    for j, name in enumerate(grid.column_names):
        parts.append(_text(124 + cell_width * (j + 0.5), bottom + 16, name, anchor="middle"))
    parts.append(_text(124, bottom + 38, column_label, style=_SMALL))
    return _svg(parts, title, height)


def _shade(value: float) -> str:
    """Red over yellow to green, pale enough for dark figures."""
    red, green = min(1.0, 2 - 2 * value), min(1.0, 2 * value)
    return f"rgb({150 + 90 * red:.0f},{150 + 75 * green:.0f},140)"


@dataclass(frozen=True, slots=True)
class _Axis:
    """A horizontal axis; `by_factors` gives equal factors equal room."""

    lowest: float
    highest: float
    by_factors: bool = False

    def place(self, value: float) -> float:
        """Where a value stands, in units of the drawing."""
        lowest, highest, at = (math.log(v) if self.by_factors else v for v in (self.lowest, self.highest, value))
        return _LEFT + (at - lowest) / ((highest - lowest) or 1.0) * (_WIDTH - _LEFT - _RIGHT - 24)

    def value(self, share: float) -> float:
        """What stands at a share of the axis from 0 to 1."""
        if self.by_factors:
            return float(self.lowest * (self.highest / self.lowest) ** share)
        return self.lowest + share * (self.highest - self.lowest)


def _height(share: float) -> float:
    """Where a value from 0 to 1 stands on the vertical axis."""
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _axes(x_label: str, y_label: str, axis: _Axis) -> list[str]:
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = axis.value(tick), _height(tick)
        parts += [
            _line((_LEFT, y), (_WIDTH - _RIGHT, y), _FAINT),
            _text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end"),
            _text(axis.place(x), _HEIGHT - _BOTTOM + 18, f"{x:.3g}" if x < 1000 else f"{x:,.0f}", anchor="middle"),
        ]
    parts.append(_text((_LEFT + _WIDTH) / 2, _HEIGHT - 10, x_label, anchor="middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text x="18" y="{middle}" text-anchor="middle" transform="rotate(-90 18 {middle})">{escape(y_label)}</text>'
    )
    return parts


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, style: str = "") -> str:
    (x0, y0), (x1, y1) = start, end
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" {style}/>'


def _text(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(text)}</text>'


def _title(text: str) -> str:
    return _text(16, 24, text, style='font-weight="600"')


def _svg(parts: Sequence[str], title: str, height: float = _HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">'
        f'<rect width="{_WIDTH}" height="{height:.0f}" fill="white"/>{"".join(parts)}</svg>'
    )
