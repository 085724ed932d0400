"""Boxes are marked where they stand, on pictures that are drawn once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from docqa.documents import Box, Document, Span
from docqa.errors import StoreError, UnreadableDocument
from docqa.retrieval.library import Library
from docqa.retrieval.page_images import PageImages
from docqa.retrieval.readers.base import ReadOptions

from .readers.pdf_samples import two_columns

DPI = 144.0


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "cache", ReadOptions(ocr="off")) as library:
        yield library


@pytest.fixture
def document(library: Library, tmp_path: Path) -> Document:
    return library.add(two_columns(tmp_path / "harbour.pdf").path)


def pixels(png: bytes | None) -> NDArray[np.uint8]:
    assert png is not None
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def boxes_of(library: Library, document: Document, words: str) -> tuple[Box, ...]:
    start = document.pages[0].text.index(words)
    (boxes,) = library.boxes(document.id, 0, [Span(start, start + len(words))])
    return boxes


def test_the_marker_goes_over_the_quoted_line_and_leaves_its_ink_and_all_else_alone(
    library: Library, document: Document
) -> None:
    images = PageImages(library.picture)
    (box,) = boxes_of(library, document, "The harbour was built")
    plain, marked = pixels(images.page(document.id, 0)), pixels(images.page(document.id, 0, [box]))
    x0, y0, x1, y1 = (round(side * DPI / 72) for side in box)
    inside = np.zeros(plain.shape[:2], bool)
    inside[y0:y1, x0:x1] = True
    around = np.ones(plain.shape[:2], bool)
    around[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = False
    assert (marked[around] == plain[around]).all()
    white, black = (plain == 255).all(axis=2), (plain < 40).all(axis=2)
    assert (inside & white).sum() > 100
    assert (inside & black).sum() > 100
    assert (marked[inside & white] == marked[inside & white][0]).all()
    assert marked[inside & white][0][2] < 200  # no longer white: blue is taken away
    assert (marked[inside & black] <= plain[inside & black]).all()


def test_a_crop_holds_the_marked_words_and_the_page_around_them(library: Library, document: Document) -> None:
    images = PageImages(library.picture)
    boxes = boxes_of(library, document, "coal ships")
    crop, page = pixels(images.crop(document.id, 0, boxes, margin_pt=20)), pixels(images.page(document.id, 0, boxes))
    height, width = crop.shape[:2]
    assert (height, width) == (144, 600)  # 72 by 300 points at least
    (y, x), (y_crop, x_crop) = first_marked(page), first_marked(crop)
    y, x = y - y_crop, x - x_crop
    assert (page[y : y + height, x : x + width] == crop).all()
    assert all(x <= 2 * box.x0 and 2 * box.x1 <= x + width for box in boxes)
    assert all(y <= 2 * box.y0 and 2 * box.y1 <= y + height for box in boxes)


def first_marked(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """The first row and the first column in which there is colour."""
    rows, columns = np.nonzero(picture.max(axis=2) - picture.min(axis=2) > 50)
    return int(rows.min()), int(columns.min())


@pytest.mark.parametrize(
    "box",
    [Box(0, 0, 5, 5), Box(590, 835, 595, 842), Box(-50, -50, 700, 900), Box(2000, 2000, 2100, 2010), Box(9, 9, 2, 2)],
    ids=["first corner", "last corner", "larger than the page", "off the page", "inside out"],
)
def test_a_crop_never_leaves_the_page(library: Library, document: Document, box: Box) -> None:
    height, width = pixels(PageImages(library.picture).crop(document.id, 0, [box])).shape[:2]
    assert 144 <= height <= 1684
    assert 600 <= width <= 1190


def test_a_forgotten_document_has_no_pictures_any_more(library: Library, document: Document, tmp_path: Path) -> None:
    images = PageImages(library.picture)
    boxes = boxes_of(library, document, "coal ships")
    other = library.add(two_columns(tmp_path / "other.pdf", row_by_row=True).path)
    assert images.crop(document.id, 0, boxes) is not None
    assert images.page(other.id, 0) is not None
    for gone in (document, other):
        library.remove(gone.id)
    images.forget(document.id)
    with pytest.raises(StoreError):
        images.crop(document.id, 0, boxes)
    with pytest.raises(StoreError):
        images.page(document.id, 0)
    assert images.page(other.id, 0) is not None


def test_boxes_of_a_very_large_page_are_marked_where_they_stand(library: Library, tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "plan.pdf"), pagesize=(7200, 7200))
    canvas.setFont("Helvetica", 200)
    canvas.drawString(3000, 3000, "Engine room")
    canvas.save()
    plan = library.add(tmp_path / "plan.pdf")
    (box,) = boxes_of(library, plan, "Engine room")
    picture = pixels(PageImages(library.picture).page(plan.id, 0, [box]))
    scale = picture.shape[1] / 7200
    assert scale < 2  # it was drawn at fewer dots than asked for
    assert first_marked(picture) == pytest.approx((box.y0 * scale, box.x0 * scale), abs=4)


def test_a_page_is_drawn_once_however_often_it_is_shown(library: Library, document: Document) -> None:
    asked: list[int] = []

    def draw(document_id: str, page_index: int, dpi: float) -> bytes | None:
        asked.append(page_index)
        return library.picture(document_id, page_index, dpi)

    images, box = PageImages(draw), Box(50, 50, 90, 60)
    first = images.crop(document.id, 0, [box])
    assert images.crop(document.id, 0, [box]) is first
    assert images.page(document.id, 0, [box]) != images.page(document.id, 0)
    assert asked == [0]


def test_no_more_pictures_are_kept_than_asked_for(library: Library, document: Document) -> None:
    asked: list[float] = []

    def draw(document_id: str, page_index: int, dpi: float) -> bytes | None:
        asked.append(dpi)
        return library.picture(document_id, page_index, dpi)

    images = PageImages(draw, n_kept=1)
    for dpi in (20.0, 30.0, 20.0):
        assert images.page(document.id, 0, dpi=dpi)
    assert asked == [20.0, 30.0, 20.0]


def test_there_is_no_picture_of_a_format_without_pages_nor_of_a_file_that_is_gone_until_it_is_back(
    library: Library, document: Document, tmp_path: Path
) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n\nThe harbour is old.\n")
    notes = library.add(tmp_path / "notes.md")
    images = PageImages(library.picture)
    assert images.page(notes.id, 0) is None
    away = (tmp_path / "harbour.pdf").rename(tmp_path / "elsewhere.pdf")
    assert images.crop(document.id, 0, [Box(0, 0, 9, 9)]) is None
    away.rename(tmp_path / "harbour.pdf")
    assert images.crop(document.id, 0, [Box(0, 0, 9, 9)]) is not None


def test_a_page_that_cannot_be_drawn_has_no_picture() -> None:
    def draw(document_id: str, page_index: int, dpi: float) -> bytes | None:
        raise UnreadableDocument("x.pdf", "page 1 cannot be drawn")

    assert PageImages(draw).page("x", 0) is None
