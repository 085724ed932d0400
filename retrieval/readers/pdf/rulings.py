"""The thin straight lines that are drawn on a page, which part the cells of many tables."""

from __future__ import annotations

import pypdfium2_raw as raw

from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.display import Display
from docqa.retrieval.readers.pdf.pdfium import Handle
from docqa.retrieval.readers.tables import Ruling

_MAX_OBJECTS = 3_000
_MAX_THICKNESS_PT = 2.0
_MIN_LENGTH_PT = 12.0


def rulings(page: Handle, display: Display) -> tuple[Ruling, ...]:
    """Return the horizontal and vertical lines of a page; none for a page with thousands of objects (a drawing)."""
    n_objects = pdfium.count_objects(page)
    if n_objects > _MAX_OBJECTS:
        return ()
    found = []
    for i in range(n_objects):
        page_object = pdfium.get_object(page, i)
        if pdfium.object_type(page_object) == raw.FPDF_PAGEOBJ_PATH and (rect := pdfium.bounds(page_object)):
            box = display.box(rect)
            thin, long = sorted((box.x1 - box.x0, box.y1 - box.y0))
            if thin <= _MAX_THICKNESS_PT and long >= _MIN_LENGTH_PT:
                found.append(Ruling(*box))
    return tuple(found)
