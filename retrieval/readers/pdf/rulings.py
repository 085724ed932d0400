"""The thin straight lines that are drawn on a page, which part the cells of many tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

import pypdfium2_raw as raw

from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.display import Display
from docqa.retrieval.readers.pdf.pdfium import Handle
from docqa.retrieval.readers.tables import Ruling

_MAX_OBJECTS = 3_000
_MAX_THICKNESS_PT = 2.0
_MIN_LENGTH_PT = 12.0


class Rulings(Sequence[Ruling]):
    """The rulings of an open page, looked for when somebody asks, since few tables need them to be told."""

    def __init__(self, page: Handle, display: Display) -> None:
        self._page = page
        self._display = display

    @cached_property
    def _found(self) -> tuple[Ruling, ...]:
        return rulings(self._page, self._display)

    @overload
    def __getitem__(self, index: int) -> Ruling: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Ruling]: ...
    def __getitem__(self, index: int | slice) -> Ruling | Sequence[Ruling]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)


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
