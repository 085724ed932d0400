"""Boxes of cited spans, compared with the ink that PDFium itself puts on the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from docqa.documents import Box, Page, Span
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.reader import PdfReader

from .pdf_samples import Sample, by_hand, ligature_rich, turned, two_columns

OPTIONS = ReadOptions(ocr="off")
DPI = 100.0
CROP = (90.0, 300.0, 480.0, 760.0)

MAKERS: dict[str, Callable[[Path], Sample]] = {
    "two columns": two_columns,
    "two columns, written row by row": lambda path: two_columns(path, row_by_row=True),
    "ligatures": ligature_rich,
    "upright, cropped": lambda path: turned(path, 0, CROP),
    "turned by 90": lambda path: turned(path, 90),
    "turned by 180": lambda path: turned(path, 180, CROP),
    "turned by 270, cropped": lambda path: turned(path, 270, CROP),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[PdfReader]:
    reader = PdfReader()
    yield reader
    reader.close()


def read(reader: PdfReader, path: Path) -> list[Page]:
    with reader.open(path, OPTIONS) as reading:
        return list(reading)


def span_of(page: Page, sentence: str) -> Span:
    found = re.search(r"\s+".join(map(re.escape, sentence.split())), page.text)
    assert found, f"{sentence!r} is not in {page.text!r}"
    return Span(*found.span())


def ink(reader: PdfReader, path: Path, index: int) -> NDArray[np.bool_]:
    image = Image.open(io.BytesIO(reader.render(path, index, DPI)))
    return np.asarray(image.convert("L")) < 245


def inside(boxes: tuple[Box, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels have their centre in one of the boxes."""
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]]
    x, y = (xs + 0.5) * 72 / DPI, (ys + 0.5) * 72 / DPI
    mask = np.zeros(shape, bool)
    for b in boxes:
        mask |= (x >= b.x0) & (x <= b.x1) & (y >= b.y0) & (y <= b.y1)
    return mask


@pytest.mark.parametrize("kind", MAKERS)
def test_the_boxes_of_every_sentence_cover_its_ink_tightly(reader: PdfReader, tmp_path: Path, kind: str) -> None:
    sample: Sample = MAKERS[kind](tmp_path / "sample.pdf")
    page = read(reader, sample.path)[0]
    spans = [span_of(page, s) for s in sample.sentences]
    for k, (sentence, boxes) in enumerate(
        zip(sample.sentences, reader.boxes(sample.path, page, spans, OPTIONS), strict=True)
    ):
        marks = ink(reader, sample.path, k + 1)
        assert marks.any()
        assert " ".join(page.text[slice(*spans[k])].split()) == sentence
        assert not (marks & ~inside(boxes, marks.shape)).any(), f"ink of {sentence!r} outside its boxes"
        for box in boxes:
            rows, columns = np.nonzero(marks & inside((box,), marks.shape))
            slack = np.array([columns.min(), rows.min()]) * 72 / DPI - (box.x0, box.y0)
            slack_after = (box.x1, box.y1) - np.array([columns.max() + 1, rows.max() + 1]) * 72 / DPI
            assert max(*slack, *slack_after) < 2.0, f"a box of {sentence!r} is larger than its ink"


def test_the_size_of_a_page_is_that_of_its_picture(reader: PdfReader, tmp_path: Path) -> None:
    path = turned(tmp_path / "t.pdf", 270, CROP).path
    page = read(reader, path)[0]
    height, width = ink(reader, path, 0).shape
    assert (page.width, page.height) == pytest.approx((460, 390))
    assert (width, height) == pytest.approx((page.width * DPI / 72, page.height * DPI / 72), abs=1)


def test_one_line_gives_one_box_and_a_sentence_of_three_lines_three(reader: PdfReader, tmp_path: Path) -> None:
    sample = two_columns(tmp_path / "c.pdf")
    page = read(reader, sample.path)[0]
    lines = [page.text.index("The harbour"), page.text.index("\n")]
    sentence = span_of(page, "Fishing boats paid four pence a day, and coal ships paid a shilling.")
    one, some = reader.boxes(sample.path, page, [Span(*lines), sentence], OPTIONS)
    assert len(one) == 1
    assert len(some) == 1 + page.text.count("\n", *sentence)


def test_a_word_cut_at_a_line_end_is_whole_and_has_two_boxes(reader: PdfReader, tmp_path: Path) -> None:
    path = tmp_path / "h.pdf"
    path.write_bytes(by_hand(b"BT /F2 12 Tf 50 300 Td (The panel con-) Tj 0 -15 Td (sists of nine.) Tj ET"))
    page = read(reader, path)[0]
    assert page.text == "The panel consists of nine."
    word = span_of(page, "consists")
    ((first, second),) = reader.boxes(path, page, [word], OPTIONS)
    assert first.y1 < second.y1
    assert first.x0 > second.x0
    hyphen = reader.boxes(path, page, [Span(word.start_char, word.start_char + 3)], OPTIONS)[0][0]
    assert first.x1 > hyphen.x1  # the hyphen itself is covered when the whole word is cited


def test_boxes_survive_characters_outside_the_basic_plane_and_unmapped_ones(reader: PdfReader, tmp_path: Path) -> None:
    path = tmp_path / "s.pdf"
    codes = {"C": "\U0001d400", "H": "\x02", "E": "e\u0301"}
    path.write_bytes(by_hand(b"BT /F1 12 Tf 50 300 Td (CHCE) Tj /F2 12 Tf 60 0 Td (end) Tj ET", codes))
    page = read(reader, path)[0]
    assert page.text == "\U0001d400\U0001d400\u00e9 end"
    for word, left in (("\u00e9", 50 + 9 * 3), ("end", 110)):
        start = page.text.index(word)
        ((box,),) = reader.boxes(path, page, [Span(start, start + len(word))], OPTIONS)
        assert box.x0 == pytest.approx(left, abs=4)


def test_a_page_that_says_something_else_now_gets_no_boxes(reader: PdfReader, tmp_path: Path) -> None:
    path = two_columns(tmp_path / "c.pdf").path
    page = read(reader, path)[0]
    other = Page(page.index, page.text.replace("harbour", "airport"), page.number)
    assert reader.boxes(path, other, [Span(0, 20)], OPTIONS) == [()]


def test_a_page_can_be_drawn_at_any_resolution(reader: PdfReader, tmp_path: Path) -> None:
    path = two_columns(tmp_path / "c.pdf").path
    small, large = (Image.open(io.BytesIO(reader.render(path, 0, dpi))) for dpi in (36, 100))
    assert small.size == (298, 421)
    assert large.size == (826, 1169)
    assert small.mode == "RGB"
