"""What the PDF reader makes of pages, and how it refuses files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.constants import PageLabelStyle
from reportlab.pdfgen.canvas import Canvas

from docqa.documents import Page, Region, Span
from docqa.errors import PasswordRequired, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers.base import Limits, OcrMode, ReadOptions
from docqa.retrieval.readers.ocr.engines import available_engines
from docqa.retrieval.readers.pdf.reader import PdfReader

from .pdf_samples import LEFT, RIGHT, by_hand, drawn, picture, rewrite, text_page, two_columns

OFF = ReadOptions(ocr="off")
PROSE = [f"Line {i} of the report says something that fills most of the width of this page." for i in range(12)]


def read(path: Path, options: ReadOptions = OFF, first_page: int = 0) -> list[Page]:
    with PdfReader().open(path, options, first_page) as reading:
        return list(reading)


def page_by_hand(path: Path, content: bytes, to_unicode: dict[str, str] | None = None) -> Page:
    path.write_bytes(by_hand(content, to_unicode))
    return read(path)[0]


def text_of(page: Page, region: Region) -> str:
    return page.text[region.start_char : region.end_char]


def regions(page: Page, kind: str) -> list[str]:
    return [text_of(page, r) for r in page.regions if r.kind == kind]


@pytest.mark.parametrize("row_by_row", [False, True])
def test_columns_come_one_after_the_other_however_the_file_wrote_them(tmp_path: Path, row_by_row: bool) -> None:
    page = read(two_columns(tmp_path / "c.pdf", row_by_row).path)[0]
    assert " ".join(page.text.split()) == f"{LEFT} {RIGHT}"


def test_a_full_width_title_stays_above_mixed_columns(tmp_path: Path) -> None:
    path = two_columns(tmp_path / "c.pdf", row_by_row=True).path

    def add_title(writer: PdfWriter) -> None:
        title = drawn(
            tmp_path / "t.pdf", [text_page("A history of the harbour and of its merchants and painters", top=800)]
        )
        writer.pages[0].merge_page(writer.__class__(clone_from=title).pages[0])

    rewrite(path, add_title)
    text = " ".join(read(path)[0].text.split())
    assert text == f"A history of the harbour and of its merchants and painters {LEFT} {RIGHT}"


def test_cells_of_a_table_are_apart_and_its_rows_are_regions(tmp_path: Path) -> None:
    rows = [("Year ended", "2021", "2020"), ("Revenue", "1,250", "1,100"), ("Cost of sales", "(700)", "(640)")]
    rows += [("Gross profit", "550", "460"), ("Net income", "210", "180")]

    def draw(canvas: Canvas) -> None:
        text_page(*PROSE[:3])(canvas)
        for i, row in enumerate(rows):
            for x, cell in zip((60, 300, 400), row, strict=True):
                canvas.drawString(x, 680 - 16 * i, cell)
        text_page(*PROSE[3:6], top=580)(canvas)

    page = read(drawn(tmp_path / "t.pdf", [draw]))[0]
    assert page.health.has_table
    assert regions(page, "row") == ["\t".join(row) for row in rows]
    (table,) = [r for r in page.regions if r.kind == "table"]
    assert table.header == "Year ended\t2021\t2020"
    assert page.text == "\n".join([*PROSE[:3], *("\t".join(r) for r in rows), *PROSE[3:6]])


def test_boxes_of_a_table_cell_lie_in_its_column(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for i in range(6):
            for x, cell in zip((60, 300, 400), (f"Item number {i}", f"{i},100", f"{i},200"), strict=True):
                canvas.drawString(x, 680 - 16 * i, cell)

    path = drawn(tmp_path / "t.pdf", [draw])
    reader, page = PdfReader(), read(path)[0]
    start = page.text.index("3,200")
    ((box,),) = reader.boxes(path, page, [Span(start, start + 5)], OFF)
    reader.close()
    assert box.x0 == pytest.approx(400, abs=2)
    assert box.y1 == pytest.approx(842 - (680 - 48), abs=3)


CLEANING = [
    (b"BT /F1 12 Tf 50 300 Td (AAA) Tj ET", {"A": "\ufb03"}, "ffiffiffi"),
    (b"BT /F2 12 Tf 50 300 Td (years 2019-) Tj 0 -14 Td (2020 in Anglo-) Tj 0 -14 Td (American six-) Tj ET", {}, None),
    (b"BT /F1 12 Tf 50 300 Td (aSbNc) Tj ET", {"S": "\u00ad", "N": "\u00a0"}, "ab c"),
    (b"BT /F1 12 Tf 50 300 Td (caE) Tj ET", {"E": "fe\u0301"}, "caf\u00e9"),
    (b"BT /F1 12 Tf 50 300 Td (B one) Tj ET", {"B": "\uf0b7"}, "\u2022 one"),
    (b"BT /F2 12 Tf 50 300 Td (  much   space  ) Tj 0 -14 Td (   ) Tj 0 -14 Td (end ) Tj ET", {}, "much space\nend"),
]


@pytest.mark.parametrize(("content", "codes", "expected"), CLEANING)
def test_text_is_clean(tmp_path: Path, content: bytes, codes: dict[str, str], expected: str | None) -> None:
    expected = expected or "years 2019-\n2020 in Anglo-American six-"
    assert page_by_hand(tmp_path / "c.pdf", content, codes).text == expected


def test_right_to_left_text_is_in_logical_order_with_its_digits_as_they_are(tmp_path: Path) -> None:
    hebrew = {chr(ord("a") + i): chr(0x5D0 + i) for i in range(20)}
    shown = b"BT /F1 12 Tf 50 350 Td (fed) Tj ET BT /F2 12 Tf 90 350 Td (123) Tj ET BT /F1 12 Tf 120 350 Td (cba) Tj ET"
    page = page_by_hand(tmp_path / "r.pdf", shown, hebrew)
    assert page.text == "\u05d0\u05d1\u05d2 123 \u05d3\u05d4\u05d5"


HIDDEN: dict[str, bytes] = {
    "render mode 3": b"BT 3 Tr /F2 12 Tf 50 200 Td (secret words) Tj ET",
    "white on white": b"BT 1 g /F2 12 Tf 50 200 Td (secret words) Tj ET",
    "tiny": b"BT /F2 0.4 Tf 50 200 Td (secret words) Tj ET",
    "outside the page": b"BT /F2 12 Tf -400 200 Td (secret words) Tj ET",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_text_that_nobody_sees_is_marked(tmp_path: Path, how: str) -> None:
    page = page_by_hand(tmp_path / "h.pdf", b"BT /F2 12 Tf 50 350 Td (Everybody sees this line.) Tj ET " + HIDDEN[how])
    assert [t.strip() for t in regions(page, "hidden")] == ["secret words"]
    assert page.health.n_hidden_chars >= len("secretwords")


def test_white_text_on_a_dark_ground_is_not_hidden(tmp_path: Path) -> None:
    content = b"0 0 0.5 rg 40 180 300 40 re f BT 1 g /F2 12 Tf 50 200 Td (Seen by everybody) Tj ET"
    page = page_by_hand(tmp_path / "w.pdf", content)
    assert page.text == "Seen by everybody"
    assert page.health.n_hidden_chars == 0


def test_an_invisible_text_layer_over_a_scan_is_the_text_of_the_page(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawImage(picture("A scanned letter"), 0, 0, 595, 842)
        text = canvas.beginText(60, 700)
        text.setTextRenderMode(3)
        text.textLine("A scanned letter to the harbour master")
        canvas.drawText(text)

    page = read(drawn(tmp_path / "s.pdf", [draw]))[0]
    assert page.text == "A scanned letter to the harbour master"
    assert page.health.source == "text"
    assert page.health.note == "text layer over a scan"
    assert page.health.n_hidden_chars == 0


def scan(path: Path) -> Path:
    words = "The ferry leaves at nine\nfrom the northern pier\nand returns before dark"
    return drawn(path, [lambda canvas: canvas.drawImage(picture(words), 0, 0, 595, 842) and None])


def test_a_scan_without_ocr_is_reported_as_unreadable(tmp_path: Path) -> None:
    (page,) = read(scan(tmp_path / "s.pdf"))
    assert page.health.source == "unreadable"
    assert page.health.note == "no text layer; OCR is off"


def test_a_scan_is_read_by_ocr_with_boxes_where_the_words_are(tmp_path: Path) -> None:
    if not any(engine.usable for engine in available_engines(("eng",))) and not os.environ.get("CI"):
        pytest.skip("no OCR engine is installed")
    path = scan(tmp_path / "s.pdf")
    (page,) = read(path, ReadOptions(ocr="auto"))
    assert page.health.source == "ocr"
    assert page.health.ocr_confidence is not None
    assert page.health.ocr_confidence > 0.5
    assert "from the northern pier" in page.text
    start = page.text.index("northern")
    ((box,),) = PdfReader().boxes(path, page, [Span(start, start + 8)], OFF)
    line = 842 * (150 + 58 + 15) / 1754  # the second of lines 58 pixels apart, on a picture 1754 pixels high
    assert box.y0 - 6 < line < box.y1 + 6
    assert all(page.text[w.start_char : w.end_char].strip() for w in page.words)


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_an_empty_page_is_blank(tmp_path: Path, mode: OcrMode) -> None:
    pages = read(drawn(tmp_path / "b.pdf", [text_page("Some words on a page."), lambda _: None]), ReadOptions(ocr=mode))
    assert [p.health.source for p in pages] == ["text", "blank"]


def test_headings_are_found_by_size_and_number_and_outline(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.bookmarkPage("results")
        canvas.addOutlineEntry("What we found", "results", 0)
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(60, 800, "A study of piers")
        canvas.setFont("Helvetica-Bold", 11)
        canvas.drawString(60, 740, "2.1 Method of work")
        canvas.setFont("Helvetica", 11)
        text_page(*PROSE[:5], top=720)(canvas)
        canvas.drawString(60, 620, "What we found")
        text_page(*PROSE[5:], top=600)(canvas)

    page = read(drawn(tmp_path / "h.pdf", [draw]))[0]
    found = {text_of(page, r): r.level for r in page.regions if r.kind == "heading"}
    assert list(found) == ["A study of piers", "2.1 Method of work", "What we found"]
    assert found["What we found"] == 1
    assert found["A study of piers"] < found["2.1 Method of work"]


def test_plain_prose_has_no_headings_tables_or_hidden_text(tmp_path: Path) -> None:
    page = read(drawn(tmp_path / "p.pdf", [text_page(*PROSE)]))[0]
    assert page.text == "\n".join(PROSE)
    assert page.regions == ()


def test_printed_labels_and_physical_numbers_are_both_kept(tmp_path: Path) -> None:
    path = drawn(tmp_path / "l.pdf", [text_page(f"This is page {i} of the file.") for i in range(4)])

    def label(writer: PdfWriter) -> None:
        writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN)
        writer.set_page_label(2, 3, style=PageLabelStyle.DECIMAL)

    rewrite(path, label)
    assert [(p.index, p.number, p.label) for p in read(path)] == [(0, 1, "i"), (1, 2, "ii"), (2, 3, "1"), (3, 4, "2")]


def test_a_later_first_page_gives_the_same_pages(tmp_path: Path) -> None:
    path = drawn(tmp_path / "m.pdf", [text_page(*PROSE[: 1 + i % 7]) for i in range(40)])
    assert read(path, first_page=23) == read(path)[23:]


def encrypted(path: Path) -> Path:
    rewrite(
        drawn(path, [text_page("A confidential line of text.")]), lambda w: w.encrypt("sesame", algorithm="RC4-128")
    )
    return path


def test_an_encrypted_file_is_read_with_its_password(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "e.pdf")
    with PdfReader().open(path, ReadOptions(password="sesame", ocr="off")) as reading:
        assert reading.encrypted
        assert [p.text for p in reading] == ["A confidential line of text."]


@pytest.mark.parametrize(("password", "cause"), [(None, "is encrypted; give --password"), ("x", "wrong --password")])
def test_a_missing_or_wrong_password_is_asked_for(tmp_path: Path, password: str | None, cause: str) -> None:
    path = encrypted(tmp_path / "e.pdf")
    with pytest.raises(PasswordRequired) as caught:
        PdfReader().open(path, ReadOptions(password=password))
    assert str(caught.value) == f"{path}: {cause}"


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "is empty (0 bytes)"),
    "text": (lambda p: p.write_text("Dear Sir, this is not a PDF."), "is not a PDF: it does not begin with %PDF-"),
    "header only": (lambda p: p.write_bytes(b"%PDF-1.7\n%garbage"), "cannot be read as a PDF"),
    "folder": (lambda p: p.mkdir(), "is a directory"),
    "missing": (lambda p: None, "no such file or directory"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_pdf_is_refused_in_one_line_with_the_cause(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.pdf"
    make, cause = BAD[kind]
    make(path)
    with pytest.raises(UnreadableDocument) as caught:
        PdfReader().open(path, OFF)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert cause in message
    assert "\n" not in message


def test_a_truncated_file_that_can_be_repaired_is_read(tmp_path: Path) -> None:
    path = drawn(tmp_path / "t.pdf", [text_page(*PROSE), text_page(*PROSE)])
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"xref")])
    assert [p.text for p in read(path)] == ["\n".join(PROSE)] * 2


@pytest.mark.parametrize("limits", [Limits(max_pages=2), Limits(max_file_bytes=100)])
def test_a_file_over_the_limits_is_unsafe(tmp_path: Path, limits: Limits) -> None:
    path = drawn(tmp_path / "l.pdf", [text_page("One more page.")] * 3)
    with pytest.raises(UnsafeDocument, match="the limit is"):
        PdfReader().open(path, ReadOptions(limits=limits))


def test_the_reader_loads_no_pdf_library_into_the_program() -> None:
    code = (
        "import sys, docqa.retrieval.readers.pdf.reader;"
        "print([m for m in sys.modules if m.split('.')[0] in ('pypdfium2', 'pypdfium2_raw', 'pypdf', 'numpy', 'PIL')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"
