"""How PDFium shows a page: from rectangles of PDF user space to boxes of the displayed page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from docqa.documents import Box
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.pdfium import Extent, Handle, Rect

_PIXELS_PER_POINT = 100


@dataclass(frozen=True, slots=True)
class Display:
    """How user space is shown: the size of the displayed page in points and the affine map onto it.

    `x = ax * u + bx * v + cx` and `y = ay * u + by * v + cy` for the point (u, v) of user space.
    """

    width: float
    height: float
    ax: float
    bx: float
    cx: float
    ay: float
    by: float
    cy: float

    @property
    def is_level(self) -> bool:
        """Whether the page is shown as it was written, not turned; nearly all are."""
        return self.bx == 0 and self.ay == 0 and self.ax > 0 > self.by

    def box(self, rect: Rect | Extent) -> Box:
        """Return a rectangle of user space as a box of the displayed page."""
        left, bottom, right, top = rect
        if self.bx == 0 and self.ay == 0 and self.ax > 0 > self.by:
            return Box(
                self.ax * left + self.cx, self.by * top + self.cy, self.ax * right + self.cx, self.by * bottom + self.cy
            )
        xs = (self._x(left, bottom), self._x(right, top))
        ys = (self._y(left, bottom), self._y(right, top))
        return Box(min(xs), min(ys), max(xs), max(ys))

    def boxes(self, rects: Iterable[Rect | Extent]) -> list[Box]:
        """Return the boxes of many rectangles at a fraction of the cost."""
        if not self.is_level:
            return [self.box(rect) for rect in rects]
        ax, cx, by, cy = self.ax, self.cx, self.by, self.cy
        return [Box(ax * x0 + cx, by * y1 + cy, ax * x1 + cx, by * y0 + cy) for x0, y0, x1, y1 in rects]

    def clipped(self, box: Box, margin: float = 0.0) -> Box | None:
        """Return the part of a box, widened by a margin, that lies on the page; None when there is none."""
        x0, y0 = max(0.0, box.x0 - margin), max(0.0, box.y0 - margin)
        x1, y1 = min(self.width, box.x1 + margin), min(self.height, box.y1 + margin)
        return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _x(self, u: float, v: float) -> float:
        return self.ax * u + self.bx * v + self.cx

    def _y(self, u: float, v: float) -> float:
        return self.ay * u + self.by * v + self.cy


def display_of(page: Handle) -> Display:
    """Ask PDFium itself how it shows a page, so that boxes fit its pictures for any rotation and CropBox."""
    width, height = pdfium.page_width(page), pdfium.page_height(page)
    pixels = (round(width * _PIXELS_PER_POINT), round(height * _PIXELS_PER_POINT))
    if min(pixels) < 1 or max(pixels) > 2**30:
        return Display(width, height, 1, 0, 0, 0, -1, height)
    reach = 1000.0
    origin, right, up = (pdfium.to_device(page, pixels, *p) for p in ((0, 0), (reach, 0), (0, reach)))
    sx, sy = width / pixels[0], height / pixels[1]
    return Display(
        width,
        height,
        (right[0] - origin[0]) * sx / reach,
        (up[0] - origin[0]) * sx / reach,
        origin[0] * sx,
        (right[1] - origin[1]) * sy / reach,
        (up[1] - origin[1]) * sy / reach,
        origin[1] * sy,
    )
