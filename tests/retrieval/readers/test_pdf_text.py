"""How lines, words, headings and headers of tables in PDFs read: what PDFium takes apart is put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from docqa.documents import Page, Span
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.reader import PdfReader

from .pdf_samples import by_hand, drawn, text_page

OFF = ReadOptions(ocr="off")
PROSE = [f"Line {i} of the report says something that fills most of the width of this page." for i in range(8)]


def read(path: Path) -> Page:
    with PdfReader().open(path, OFF) as reading:
        return next(iter(reading))


def regions(page: Page, kind: str) -> list[str]:
    return [page.text[r.start_char : r.end_char] for r in page.regions if r.kind == kind]


def with_raised(canvas: Canvas, place: tuple[float, float], *parts: str) -> None:
    """Write parts side by side; those that begin with "^" are small and raised."""
    x, y = place
    for part in parts:
        raised = part.startswith("^")
        size, text = (6.5, part[1:]) if raised else (11, part)
        canvas.setFont("Helvetica", size)
        canvas.drawString(x, y + 5 * raised, text)
        x += pdfmetrics.stringWidth(text, "Helvetica", size)
    canvas.setFont("Helvetica", 11)


RAISED = [
    (("we pay the difference back.", "^1", " In 2024 the price"), "we pay the difference back.1 In 2024 the price"),
    (("^1", " The body is financed by a levy"), "1 The body is financed by a levy"),
    (("The samples", "^12", ", however, are few"), "The samples12, however, are few"),
    (("Canada stores", "^(1)", " were closed"), "Canada stores(1) were closed"),
]


@pytest.mark.parametrize(("parts", "expected"), RAISED)
def test_a_raised_figure_does_not_break_its_line(tmp_path: Path, parts: tuple[str, ...], expected: str) -> None:
    def draw(canvas: Canvas) -> None:
        text_page(*PROSE[:2])(canvas)
        with_raised(canvas, (60, 700), *parts)
        text_page(*PROSE[2:4], top=680)(canvas)

    path = drawn(tmp_path / "r.pdf", [draw])
    page = read(path)
    assert page.text == "\n".join([*PROSE[:2], expected, *PROSE[2:4]])
    start = page.text.index(expected)
    reader = PdfReader()
    (boxes,) = reader.boxes(path, page, [Span(start, start + len(expected))], OFF)
    reader.close()
    assert len(boxes) == 1  # one printed line, one box
    assert boxes[0].x0 == pytest.approx(60, abs=2)


def test_columns_that_nearly_touch_stay_lines_of_their_own(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for i in range(6):
            canvas.drawString(60, 700 - 16 * i, f"left line number {i}")
        for i in range(6):
            canvas.drawString(155, 700 - 16 * i, f"right line number {i}")

    assert "left line number 1\n" in read(drawn(tmp_path / "c.pdf", [draw])).text


HYPHENS = [
    (("a resource-", "intensive way of work"), "a resource-intensive way of work"),
    (("the self-", "correction of models"), "the self-correction of models"),
    (("no self-", "ish motive at all"), "no selfish motive at all"),
    (("models were fine-tuned and fine-", "tuning is cheap"), "models were fine-tuned and fine-tuning is cheap"),
    (("the framework of under-", "standing"), "the framework of understanding"),
    (("most mod-", "ern and multi-", "modal models"), "most modern and multimodal models"),
    (("a dis-", "service to members"), "a disservice to members"),
]


@pytest.mark.parametrize(("lines", "expected"), HYPHENS)
def test_a_hyphen_at_a_line_end_stays_where_it_belongs_to_the_word(
    tmp_path: Path, lines: tuple[str, ...], expected: str
) -> None:
    page = read(drawn(tmp_path / "h.pdf", [text_page(*lines)]))
    assert page.text == expected


ACCENTS = [
    ("GarcAIa", {"A": "\u00b4", "I": "\u0131"}, "Garc\u00eda"),
    ("RocktA aschel", {"A": "\u00a8"}, "Rockt\u00e4schel"),
    ("JerA emy", {"A": "\u00b4"}, "Jer\u00e9my"),
    ("yA is", {"A": "\u02c6"}, "y\u02c6 is"),
    ("A xyz", {"A": "\u00b4"}, "\u00b4 xyz"),
]


@pytest.mark.parametrize(("shown", "codes", "expected"), ACCENTS)
def test_an_accent_that_stands_before_its_letter_is_composed(
    tmp_path: Path, shown: str, codes: dict[str, str], expected: str
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(by_hand(b"BT /F1 12 Tf 50 300 Td (%s) Tj /F2 12 Tf 150 0 Td (end) Tj ET" % shown.encode(), codes))
    page = read(path)
    assert page.text.startswith(f"{expected} end")
    reader = PdfReader()
    start = page.text.index("end")
    ((word,), (end,)) = reader.boxes(path, page, [Span(0, len(expected)), Span(start, start + 3)], OFF)
    reader.close()
    assert [word.x0, end.x0] == pytest.approx([50, 200], abs=3)


def titled(*titles: tuple[str, float]) -> Callable[[Canvas], None]:
    """Draw titles in large type with prose below them."""

    def draw(canvas: Canvas) -> None:
        for i, (title, size) in enumerate(titles):
            canvas.setFont("Helvetica", size)
            canvas.drawString(60, 800 - 18 * i, title)
        canvas.setFont("Helvetica", 11)
        text_page(*PROSE, top=700)(canvas)

    return draw


NO_HEADINGS = [
    "Figure 8: Examples of programs",
    "Tuesday, September 11, 2007 - 12:16 AM",
    "Page 3 of 15",
    "5/28/2020 Quick-Start Guide",
    "H. Jason Combs (PI)",
    "Yubo Ma1 , Yixin Cao2",
    "Requires improvement \u2014",
]


@pytest.mark.parametrize("line", NO_HEADINGS)
def test_captions_running_heads_and_names_are_no_headings(tmp_path: Path, line: str) -> None:
    page = read(drawn(tmp_path / "n.pdf", [titled((line, 15), ("A study of piers", 22))]))
    assert regions(page, "heading") == ["A study of piers"]


def test_a_heading_of_two_lines_is_whole(tmp_path: Path) -> None:
    page = read(drawn(tmp_path / "t.pdf", [titled(("Seniors are more likely to", 15), ("own a tablet", 15))]))
    assert regions(page, "heading") == ["Seniors are more likely to\nown a tablet"]


def test_prose_beside_much_small_print_is_no_heading(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for i, line in enumerate(["We ran each test", "five times and took", "However, only", "the mean is", "shown"]):
            canvas.drawString(60, 780 - 13 * i, line)
        canvas.setFont("Helvetica", 6)
        for i in range(40):
            canvas.drawString(60, 700 - 8 * i, f"small print {i} that goes on about this and that for most of a line")

    assert regions(read(drawn(tmp_path / "p.pdf", [draw])), "heading") == []


def test_entries_of_a_list_of_contents_are_no_headings(tmp_path: Path) -> None:
    entries = [(f"{i} Chapter of things {i + 3}", 14.0) for i in range(1, 5)]
    page = read(drawn(tmp_path / "c.pdf", [titled(("Contents", 20), *entries)]))
    assert regions(page, "heading") == ["Contents"]


def table(rows: Sequence[tuple[str, ...]], xs: tuple[float, ...]) -> Callable[[Canvas], None]:
    """Draw rows of cells, "" for none, with prose above and below."""

    def draw(canvas: Canvas) -> None:
        text_page(*PROSE[:3])(canvas)
        for i, row in enumerate(rows):
            for x, cell in zip(xs, row, strict=True):
                canvas.drawString(x, 680 - 15 * i, cell)
        text_page(*PROSE[3:6], top=660 - 15 * len(rows))(canvas)

    return draw


TITLES = [
    ("Price Range", ("High", "Low"), (300, 380)),  # reaches over both columns
    ("In euros", ("2022", "2023", "2024"), (280, 360, 440)),  # no wider than the column that it stands over
]


@pytest.mark.parametrize(("title", "columns", "xs"), TITLES)
def test_a_title_over_several_columns_is_in_the_header_of_each(
    tmp_path: Path, title: str, columns: tuple[str, ...], xs: tuple[float, ...]
) -> None:
    rows = [("",) * (1 + len(xs)), ("", *columns)]
    rows += [
        (f"Quarter {name}", *(f"{i}{k}.25" for k in range(len(xs)))) for i, name in enumerate(("one", "two", "six"), 2)
    ]
    draw = table(rows, (60, *xs))

    def with_title(canvas: Canvas) -> None:
        draw(canvas)
        right = xs[-1] + pdfmetrics.stringWidth(columns[-1], "Helvetica", 11)
        canvas.drawCentredString((xs[0] + right) / 2, 680, title)

    page = read(drawn(tmp_path / "t.pdf", [with_title]))
    (found,) = [r for r in page.regions if r.kind == "table"]
    assert found.header == "\t".join(["", *(f"{title} {column}" for column in columns)])


def test_numbers_scattered_over_a_map_are_no_table(tmp_path: Path) -> None:
    rows = [("17", "", "", "19", "", ""), ("", "18", "", "", "20", ""), ("", "", "24", "", "", "21")]
    rows += [("", "22", "", "", "", "25"), ("26", "", "", "27", "", ""), ("", "", "31", "", "33", "")]
    page = read(drawn(tmp_path / "m.pdf", [table(rows, (60, 130, 210, 290, 360, 440))]))
    assert not page.health.has_table


def test_a_sentence_that_leads_in_what_follows_is_no_row(tmp_path: Path) -> None:
    rows = [("Class A", "305,011,252"), ("Class B", "1,276,789,972"), ("Class C", "76,789,972"), ("Class D", "789,972")]
    draw = table(rows, (60, 400))

    def with_sentence(canvas: Canvas) -> None:
        draw(canvas)
        canvas.drawString(60, 620, "As of July 9 the number of shares held by members was:")
        for i, row in enumerate(rows[:3]):
            for x, cell in zip((60, 400), row, strict=True):
                canvas.drawString(x, 605 - 15 * i, cell)

    page = read(drawn(tmp_path / "s.pdf", [with_sentence]))
    assert all("As of July" not in row for row in regions(page, "row"))
