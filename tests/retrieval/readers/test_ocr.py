"""Both OCR engines read drawn text; what is missing is said with its remedy."""

from __future__ import annotations

import importlib.util
import io
import logging
import os
import shutil
import socket
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont

from docqa.documents import Box
from docqa.errors import UsageError
from docqa.retrieval.readers.ocr import rapid, tesseract
from docqa.retrieval.readers.ocr.engines import OcrFailed, OcrPage, OcrUnavailable, available_engines, recognise
from docqa.retrieval.readers.ocr.reading_order import in_reading_order

FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
IN_CI = bool(os.environ.get("CI"))
ENGINES = [
    pytest.param(
        "tesseract",
        marks=pytest.mark.skipif(shutil.which("tesseract") is None and not IN_CI, reason="tesseract is not installed"),
    ),
    pytest.param(
        "rapidocr",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("rapidocr") is None and not IN_CI, reason="rapidocr is not installed"
        ),
    ),
]
TEXT = (
    "The barrage gates open twice a day.",
    "Each turbine yields 1,250 kW at spring tide.",
    "Maintenance takes eleven days in summer",
    "and about three weeks in a stormy winter.",
    "Harbour seals were counted in August.",
    "The cooperative has 11,840 households.",
)
RIGHT = (
    "A second column begins here",
    "and is read after the first,",
    "never across the white gap",
    "that stands between them.",
    "Its last line mentions a gale",
    "which broke a mooring rope.",
)


def picture(*columns: tuple[int, tuple[str, ...]], width: int = 1500) -> tuple[bytes, list[Box]]:
    """A PNG with columns of lines at their left edges, and the box of the ink of each line."""
    image = Image.new("L", (width, 430), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(FONT), 28)
    boxes = []
    for x, lines in columns:
        for i, text in enumerate(lines):
            draw.text((x, 40 + 58 * i), text, font=font, fill=0)
            boxes.append(Box(*draw.textbbox((x, 40 + 58 * i), text, font=font)))
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(200, 200))
    return out.getvalue(), boxes


@lru_cache
def one_column(engine: str) -> OcrPage:
    """The page of TEXT, recognised once for several tests."""
    return recognise(picture((60, TEXT))[0], ("eng",), engine)


def texts(page: OcrPage) -> list[str]:
    return [w.text for w in page.words]


def share_found(page: OcrPage, lines: tuple[str, ...]) -> float:
    expected = " ".join(lines).split()
    found = set(texts(page))
    return sum(word in found for word in expected) / len(expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_drawn_words_are_recognised(engine: str) -> None:
    page = one_column(engine)
    assert page.engine == engine
    assert share_found(page, TEXT) >= 0.9
    assert page.confidence > 0.8
    assert all(0 <= w.confidence <= 1 for w in page.words)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_columns_come_out_one_after_the_other(engine: str) -> None:
    page = recognise(picture((60, TEXT), (960, RIGHT))[0], ("eng",), engine)
    read = " ".join(texts(page))
    assert share_found(page, TEXT + RIGHT) >= 0.9
    assert read.index("households") < read.index("second")
    assert read.index("second") < read.index("mooring")


@pytest.mark.parametrize("engine", ENGINES)
def test_boxes_lie_on_the_ink_of_their_line(engine: str) -> None:
    _, boxes = picture((60, TEXT))
    page = one_column(engine)
    for line, box in zip(TEXT, boxes, strict=True):
        for word in [w for w in page.words if w.text in line.split() and len(w.text) > 4]:
            middle = (word.box.y0 + word.box.y1) / 2
            assert box.y0 - 6 < middle < box.y1 + 6
            assert box.x0 - 12 < word.box.x0 < word.box.x1 < box.x1 + 12


@pytest.mark.parametrize("engine", ENGINES)
def test_words_of_a_line_share_block_and_line_and_run_to_the_right(engine: str) -> None:
    page = one_column(engine)
    lines: dict[tuple[int, int], list[float]] = {}
    for word in page.words:
        lines.setdefault((word.block, word.line), []).append(word.box.x0)
    assert len(lines) == len(TEXT)
    assert all(xs == sorted(xs) for xs in lines.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_picture_gives_no_words(engine: str) -> None:
    page = recognise(picture()[0], ("eng",), engine)
    assert (page.words, page.confidence) == ((), 0.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_picture_fails_with_one_line(engine: str) -> None:
    with pytest.raises(OcrFailed, match=engine) as caught:
        recognise(b"no picture at all", ("eng",), engine)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not tesseract.finds_orientation() and not IN_CI, reason="tesseract or its pack osd is missing")
@pytest.mark.parametrize(("turned", "across"), [(90, True), (180, False), (270, True)])
def test_a_scan_that_lies_on_its_side_or_head_is_read_with_boxes_on_the_picture_as_it_is(
    turned: int, across: bool
) -> None:
    upright = Image.open(io.BytesIO(picture((60, TEXT))[0]))
    page_sized = Image.new("L", (1500, 1500), 255)
    page_sized.paste(upright, (0, 100))
    page_sized.paste(upright, (0, 700))
    out = io.BytesIO()
    image = page_sized.rotate(turned, expand=True)
    image.save(out, "PNG", dpi=(200, 200))
    page = recognise(out.getvalue(), ("eng",), "tesseract")
    assert share_found(page, TEXT) >= 0.9
    for word in page.words:
        if len(word.text) > 5:
            assert (word.box.y1 - word.box.y0 > word.box.x1 - word.box.x0) == across
            ink = image.crop((int(word.box.x0), int(word.box.y0), int(word.box.x1), int(word.box.y1)))
            assert (ink.histogram()[0]) > 0  # black pixels


@pytest.mark.parametrize("engine", ["tesseract"])
@pytest.mark.skipif(shutil.which("tesseract") is None and not IN_CI, reason="tesseract is not installed")
def test_a_picture_that_takes_too_long_fails(engine: str) -> None:
    with pytest.raises(OcrFailed, match="longer than"):
        recognise(picture((60, TEXT))[0], ("eng",), engine, timeout_s=0.001)


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="tesseract, rapidocr"):
        recognise(b"", ("eng",), "eyes")


@pytest.fixture
def _no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PATH", str(tmp_path))
    yield
    tesseract._installed.cache_clear()


@pytest.mark.usefixtures("_no_tesseract")
def test_without_the_program_tesseract_is_unavailable_with_a_remedy() -> None:
    with pytest.raises(OcrUnavailable, match="install tesseract-ocr"):
        recognise(picture((60, TEXT))[0], ("eng",), "tesseract")
    found = {e.name: e for e in available_engines(("eng",))}
    assert not found["tesseract"].usable
    assert list(found) == ["tesseract", "rapidocr"]


@pytest.mark.usefixtures("_no_tesseract")
def test_a_script_that_no_engine_reads_names_both_reasons() -> None:
    with pytest.raises(OcrUnavailable, match=r"no OCR for rus \(tesseract: .*; rapidocr: "):
        recognise(picture((60, TEXT))[0], ("rus",))


@pytest.mark.skipif(shutil.which("tesseract") is None and not IN_CI, reason="tesseract is not installed")
def test_a_missing_language_pack_is_named() -> None:
    status = tesseract.status(("eng", "xx_yy"))
    assert not status.usable
    assert "tesseract-ocr-xx-yy" in status.reason


def test_a_language_that_is_an_option_does_not_reach_the_command_line() -> None:
    assert not tesseract.status(("--psm",)).usable
    assert not rapid.status(("--psm",)).usable


@pytest.mark.skipif(importlib.util.find_spec("rapidocr") is None and not IN_CI, reason="rapidocr is not installed")
def test_rapidocr_opens_no_socket_and_leaves_logging_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    rapid._engine.cache_clear()
    recognise(picture((60, TEXT))[0], ("eng",), "rapidocr")
    assert (root.level, list(root.handlers)) == before
    assert capfd.readouterr() == ("", "")


def a_line(text: str, x: float, y: float) -> list[tuple[str, Box, float]]:
    """A recognised line whose letters are ten pixels wide."""
    words = []
    for word in text.split():
        words.append((word, Box(x, y, x + 10 * len(word), y + 20), 1.0))
        x += 10 * (len(word) + 1)
    return words


def read(lines: list[list[tuple[str, Box, float]]]) -> list[str]:
    return [line[0][0] for block in in_reading_order(lines) for line in block]


def test_a_title_across_both_columns_is_read_before_them() -> None:
    title = a_line("Title over the whole width of the two columns of this page", 0, 0)
    left = [a_line(f"L{i} some words of prose", 0, 40 + 30 * i) for i in range(4)]
    right = [a_line(f"R{i} some words of prose", 320, 40 + 30 * i) for i in range(4)]
    rows = [line for pair in zip(left, right, strict=True) for line in pair]
    assert read([*rows, title]) == ["Title", "L0", "L1", "L2", "L3", "R0", "R1", "R2", "R3"]


def test_cells_of_a_table_stay_row_by_row() -> None:
    rows = [line for i in range(5) for line in (a_line(f"N{i}", 0, 30 * i), a_line(f"V{i}", 400, 30 * i + 2))]
    assert read(list(reversed(rows))) == [name for i in range(5) for name in (f"N{i}", f"V{i}")]


def test_no_lines_give_no_blocks() -> None:
    assert in_reading_order([]) == []
