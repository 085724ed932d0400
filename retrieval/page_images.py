"""Pictures of pages with marked boxes: what a person looks at to see that a quote stands where an answer says.

Knows no answer and no screen. A page is drawn from its file, by PDFium in a child process, and boxes are painted over
it; where the file is gone, or its format has no pages, there is no picture, and the caller shows the words instead.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw

from docqa.documents import Box
from docqa.errors import UnreadableDocument

DrawPage = Callable[[str, int, float], bytes | None]
"""From a document's id, a 0-based page and dots per inch to a PNG; `Library.picture` is one."""

DPI = 144.0
MARGIN_PT = 36.0
_LEAST_CROP_PT = (300.0, 72.0)
_MARKER, _EDGE = (255, 233, 120), (214, 158, 0)
_BLEED_PT = 1.0
_N_KEPT = 24


class PageImages:
    """Draws pages and marks boxes on them; keeps the last pictures, so that to show one again costs nothing.

        images = PageImages(library.picture)
        images.crop(citation.sha256, citation.part, citation.boxes)

    Pictures are PNG bytes. Boxes are points on the displayed page, as `Citation.boxes` holds them; `dpi` 144 means two
    pixels to the point, and very large pages are drawn at fewer. Threads may share one object.
    """

    def __init__(self, draw: DrawPage, n_kept: int = _N_KEPT) -> None:
        self._draw = draw
        self._n_kept = n_kept
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, document_id: str, page_index: int, boxes: Sequence[Box] = (), dpi: float = DPI) -> bytes | None:
        """The whole page with the boxes marked; None where no picture of it can be made."""
        if not boxes:
            return self._plain_page(document_id, page_index, dpi)
        return self._made(
            ("page", document_id, page_index, dpi, tuple(boxes)),
            lambda: self._from_page(document_id, page_index, dpi, lambda picture: _marked(picture, boxes)),
        )

    def crop(
        self, document_id: str, page_index: int, boxes: Sequence[Box], dpi: float = DPI, margin_pt: float = MARGIN_PT
    ) -> bytes | None:
        """The part of the page around the boxes, which are marked, with `margin_pt` points of page on every side.

        A small part is widened to 300 by 72 points, so that the words around it can be read. The whole page where there
        are no boxes; None where no picture can be made.
        """
        if not boxes:
            return self._plain_page(document_id, page_index, dpi)

        def cropped(picture: Image.Image) -> Image.Image:
            left, top, right, bottom = _around(boxes, picture, margin_pt)
            return _marked(picture.crop((left, top, right, bottom)), boxes, (left, top))

        return self._made(
            ("crop", document_id, page_index, dpi, tuple(boxes), margin_pt),
            lambda: self._from_page(document_id, page_index, dpi, cropped),
        )

    def forget(self, document_id: str) -> None:
        """Drop the pictures of a document that is kept no longer."""
        with self._lock:
            for key in [key for key in self._kept if document_id in key]:
                del self._kept[key]

    def _plain_page(self, document_id: str, page_index: int, dpi: float) -> bytes | None:
        return self._made((document_id, page_index, dpi), lambda: self._draw(document_id, page_index, dpi))

    def _from_page(
        self, document_id: str, page_index: int, dpi: float, change: Callable[[Image.Image], Image.Image]
    ) -> bytes | None:
        png = self._plain_page(document_id, page_index, dpi)
        return None if png is None else _png(change(_opened(png)))

    def _made(self, key: tuple[object, ...], make: Callable[[], bytes | None]) -> bytes | None:
        """What is kept under the key, or is made now; that there is no picture is not kept, as a file may come back."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            png = make()
        except UnreadableDocument:
            return None
        if png is not None:
            with self._lock:
                self._kept[key] = png
                while len(self._kept) > self._n_kept:
                    self._kept.popitem(last=False)
        return png


def _opened(png: bytes) -> Image.Image:
    """The picture; its pixels to the inch are in `info`, as a large page was drawn at fewer than asked for."""
    return Image.open(io.BytesIO(png)).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=3)  # as small as 9 on pages of text, and seven times as fast
    return file.getvalue()


def _scale(picture: Image.Image) -> float:
    """Pixels to the point."""
    return float(picture.info["dpi"][0]) / 72


def _marked(picture: Image.Image, boxes: Sequence[Box], origin: tuple[int, int] = (0, 0)) -> Image.Image:
    """The picture as if a text marker had gone over the boxes: what is black stays black.

    `origin` is the pixel of the page at the picture's top left corner.
    """
    scale = _scale(picture)
    ink = Image.new("RGB", picture.size, "white")
    pen = ImageDraw.Draw(ink)
    for box in boxes:
        x0, y0, x1, y1 = _pixels(box, scale, _BLEED_PT)
        corners = (x0 - origin[0], y0 - origin[1], x1 - origin[0], y1 - origin[1])
        pen.rectangle(corners, fill=_MARKER, outline=_EDGE)
    return ImageChops.multiply(picture, ink)


def _pixels(box: Box, scale: float, margin_pt: float) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (round(side * scale) for side in box)
    margin = round(margin_pt * scale)
    return min(x0, x1) - margin, min(y0, y1) - margin, max(x0, x1) + margin, max(y0, y1) + margin


def _around(boxes: Sequence[Box], picture: Image.Image, margin_pt: float) -> tuple[int, int, int, int]:
    """The pixels of the crop: half-open, on the picture, at least one of them."""
    scale = _scale(picture)
    whole = Box(min(b.x0 for b in boxes), min(b.y0 for b in boxes), max(b.x1 for b in boxes), max(b.y1 for b in boxes))
    x0, y0, x1, y1 = _pixels(whole, scale, margin_pt)
    least_width, least_height = (round(points * scale) for points in _LEAST_CROP_PT)
    left, right = _widened(x0, x1, least_width, picture.width)
    top, bottom = _widened(y0, y1, least_height, picture.height)
    return left, top, right, bottom


def _widened(start: int, end: int, least: int, most: int) -> tuple[int, int]:
    """The stretch, or one of `least` pixels around it, moved and cut so that it lies within 0 and `most`."""
    missing = max(0, least - (end - start))
    start, end = start - missing // 2, end + missing - missing // 2
    shift = max(0, -start) - max(0, end - most) if end - start <= most else 0
    start, end = max(0, start + shift), min(most, end + shift)
    return (start, end) if start < end else (0, most)
