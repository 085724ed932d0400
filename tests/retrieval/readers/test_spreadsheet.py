"""Excel workbooks, written by openpyxl, and CSV files of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from docqa.documents import Page, Span, locator
from docqa.errors import NoTextFound
from docqa.retrieval.readers.flow import MAX_PAGE_ROWS
from docqa.retrieval.readers.number_formats import shower
from tests.retrieval.readers.samples import marked, read, replace_part, whole, write_xlsx


def sheet_pages(tmp_path: Path, rows: Iterable[Sequence[object]]) -> list[Page]:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    return read(tmp_path / "made.xlsx")


def csv_pages(tmp_path: Path, content: bytes, name: str = "a.csv") -> list[Page]:
    (tmp_path / name).write_bytes(content)
    return read(tmp_path / name)


def header(page: Page) -> str:
    return next(region.header for region in page.regions if region.kind == "table")


def test_a_sheet_shows_values_as_excel_shows_them_under_their_real_rows(tmp_path: Path) -> None:
    (page,) = read(write_xlsx(tmp_path / "a.xlsx"))
    assert (page.place, page.number) == ("sheet Sales", None)
    assert page.text.split("\n")[1:] == ["2021-03-05\tNorth\t1,234.50\t12.5%", "2021-03-06\tSouth\t99.00\t50.0%"]
    assert header(page) == "Day\tRegion\tAmount\tShare"
    start = page.text.index("South")
    assert locator(page, Span(start, start + 5)) == "sheet Sales, row 4"


def test_cells_of_all_kinds(tmp_path: Path) -> None:
    day = datetime(2024, 2, 29, 13, 5)
    (page,) = sheet_pages(
        tmp_path,
        [["k", "v"], ["t", True], ["f", False], ["n", 0.1 + 0.2], ["d", day], ["c", time(9, 30)], ["e", "#DIV/0!"]],
    )
    assert marked(page, "row")[1:] == [
        "t\tTRUE",
        "f\tFALSE",
        "n\t0.3",
        "d\t2024-02-29 13:05:00",
        "c\t09:30:00",
        "e\t#DIV/0!",
    ]


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("General", 1234567.0, "1234567"),
        ("0.00", 2.5, "2.50"),
        ("#,##0", -1234567.0, "-1,234,567"),
        ("#,##0;(#,##0)", -1234.0, "(1,234)"),
        ('#,##0.00;[Red]-#,##0.00;"nil"', 0.0, "nil"),
        ("0.0%", 0.1234, "12.3%"),
        ('"$"#,##0.00', 5.0, "$5.00"),
        ("[$€-407] #,##0.00", 5.0, "€ 5.00"),
        ("#,##0.00 [$kr-41D]", 5.0, "5.00 kr"),
        ('0.0,,"M"', 12_345_678.0, "12.3M"),
        ("0.00E+00", 12345.0, "1.23E+04"),
        ("# ?/?", 0.5, "0.5"),
        ("@", 7.0, "7"),
        ("dd.mm.yyyy", 44260.0, "2021-03-05"),
        ('d "de" mmmm', 44260.0, "2021-03-05"),
        ("h:mm AM/PM", 0.75, "18:00:00"),
        ("[h]:mm:ss", 1.5, "36:00:00"),
        ("yyyy-mm-dd", 1.0, "1900-01-01"),
        ("yyyy-mm-dd", 61.0, "1900-03-01"),
        ("yyyy-mm-dd", -5.0, "-5"),
        ('0 "days"', 3.0, "3 days"),
    ],
)
def test_number_formats(code: str, number: float, shown: str) -> None:
    assert shower(code)(number) == shown


def test_dates_of_the_1904_system_are_four_years_later() -> None:
    assert shower("yyyy-mm-dd", from_1904=True)(0.0) == "1904-01-01"


def test_dates_agree_with_openpyxl(tmp_path: Path) -> None:
    days = [date(1900, 3, 1) + timedelta(days=733 * step) for step in range(90)]
    (page,) = sheet_pages(tmp_path, [[day, "x"] for day in days])
    assert [row.split("\t")[0] for row in marked(page, "row")] == [day.isoformat() for day in days]


def test_a_formula_shows_its_stored_value_and_is_noted_without_one(tmp_path: Path) -> None:
    (page,) = sheet_pages(tmp_path, [["Item", "Sum"], ["a", "=SUM(B9:B10)"]])
    assert marked(page, "row")[1] == "a\t=SUM(B9:B10)"
    assert page.health.note == "formulas without a stored value are shown as formulas"
    path = tmp_path / "made.xlsx"
    replace_part(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v/>", b"<v>41</v>").replace(b"<v></v>", b"<v>41</v>"),
    )
    (page,) = read(path)
    assert marked(page, "row")[1] == "a\t41"
    assert page.health.note == ""


def test_what_is_hidden_is_read_and_marked(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Name", "Pay"])
    book.active.append(["Ada", 10])
    book.active.row_dimensions[2].hidden = True
    book.active.column_dimensions["B"].hidden = True
    secret = book.create_sheet("Secret")
    secret.append(["x", "y"])
    secret.sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    first, second = read(tmp_path / "a.xlsx")
    assert first.health.note == "hidden columns; hidden rows"
    assert first.health.n_hidden_chars == len("Ada\t10")
    assert (second.place, second.health.note) == ("sheet Secret (hidden)", "hidden sheet")


def test_a_long_sheet_is_cut_into_pages_that_repeat_the_header(tmp_path: Path) -> None:
    pages = sheet_pages(tmp_path, [["Number", "Word"], *([n, f"w{n}"] for n in range(1200))])
    assert [sum(region.kind == "row" for region in page.regions) for page in pages] == [
        MAX_PAGE_ROWS,
        MAX_PAGE_ROWS,
        201,
    ]
    assert {header(page) for page in pages} == {"Number\tWord"}
    assert {page.place for page in pages} == {"sheet Sheet"}
    assert pages[2].regions[-1].number == 1201


def test_the_header_is_found_below_a_title_and_beside_an_empty_margin(tmp_path: Path) -> None:
    (page,) = sheet_pages(
        tmp_path, [["", "Report 2021"], [], ["", "Region", "2020", "2021"], ["", "North", 5, 6], ["", "South", 7, 8]]
    )
    assert header(page) == "Region\t2020\t2021"
    assert marked(page, "row") == ["Report 2021", "Region\t2020\t2021", "North\t5\t6", "South\t7\t8"]


def test_a_sheet_of_numbers_has_no_header(tmp_path: Path) -> None:
    (page,) = sheet_pages(tmp_path, [[1, 2], [3, 4]])
    assert header(page) == ""


def test_a_cell_in_the_last_column_makes_no_giant_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1"] = "first", "last"
    book.save(tmp_path / "a.xlsx")
    assert whole(read(tmp_path / "a.xlsx")) == "first\tlast"


def test_hostile_references_are_survived(tmp_path: Path) -> None:
    cells = (
        '<row r="99999999999999999999"><c r="ZZZ1"><v>1</v></c><c r="-"><v>2</v></c></row>'
        '<row r="x"><c t="s"><v>77</v></c>'
        '<c t="s"><v>-1</v></c><c s="999"><v>3</v></c><c><v>1e999</v></c><c><v>nan</v></c></row>'
    )
    sheet = (
        f"<worksheet><cols><col min='-5' max='99999999' hidden='1'/></cols><sheetData>{cells}</sheetData></worksheet>"
    )
    path = replace_part(write_xlsx(tmp_path / "a.xlsx"), "xl/worksheets/sheet1.xml", lambda _: sheet.encode())
    (page,) = read(path)
    assert marked(page, "row")[1] == "\t\t3\t1e999\tnan"
    assert [region.number for region in page.regions if region.kind == "row"] == [1, 2]


def test_an_empty_workbook_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextFound, match="has no text in it"):
        sheet_pages(tmp_path, [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"name,city\nAda,London\n"),
        ("a.csv", b"name;city\r\nAda;London\r\n"),
        ("a.csv", b"name\tcity\nAda\tLondon\n"),
        ("a.csv", b"name|city\nAda|London\n"),
        ("a.tsv", b"name\tcity\nAda\tLondon"),
        ("a.csv", b"\xef\xbb\xbfname,city\nAda,London\n"),
        ("a.csv", "name,city\nAda,London\n".encode("utf-16")),
        ("a.csv", "name;city\nAda;London\n".encode("utf-16-le")),
        ("a.csv", b'"name","city"\r"Ada","London"\r'),
    ],
)
def test_csv_of_every_dialect_and_encoding(tmp_path: Path, name: str, content: bytes) -> None:
    (page,) = csv_pages(tmp_path, content, name)
    assert page.text == "name\tcity\nAda\tLondon"
    assert (page.place, header(page)) == ("", "name\tcity")
    assert locator(page, Span(len("name\tcity\n"), len(page.text))) == "row 2"


def test_quoted_newlines_and_delimiters_stay_in_their_cell(tmp_path: Path) -> None:
    (page,) = csv_pages(tmp_path, b'id;note\n1;"two\nlines; and ""quotes"""\n\n2;"commas, too"\n')
    assert marked(page, "row") == ["id\tnote", '1\ttwo lines; and "quotes"', "2\tcommas, too"]
    assert [region.number for region in page.regions if region.kind == "row"] == [1, 2, 4]


@pytest.mark.parametrize("n_lines", [30, 30_000])
def test_a_quote_that_never_closes_swallows_nothing(tmp_path: Path, n_lines: int) -> None:
    lines = b"".join(b"%d,word\n" % number for number in range(n_lines))
    pages = csv_pages(tmp_path, b'id,text\n5,"open\n' + lines)
    rows = [row for page in pages for row in marked(page, "row")]
    assert rows[:3] == ["id\ttext", "5\topen", "0\tword"]
    assert len(rows) == n_lines + 2


def test_western_european_csv_is_decoded(tmp_path: Path) -> None:
    text = "Stadt;Straße;Größe\nMünchen;Königsallee für Fußgänger;37 m²\nZürich;Höhenweg über dem Fluß;99 €\n"
    assert "Königsallee für Fußgänger" in whole(csv_pages(tmp_path, text.encode("cp1252")))


def test_a_declared_separator_is_no_row(tmp_path: Path) -> None:
    (page,) = csv_pages(tmp_path, b"sep=;\na,b;c,d\n1;2\n")
    assert marked(page, "row") == ["a,b\tc,d", "1\t2"]


def test_a_field_longer_than_a_page_is_cut_and_keeps_its_row(tmp_path: Path) -> None:
    pages = csv_pages(tmp_path, b"id,text\n1," + b"word " * 20_000 + b"\n2,end\n")
    assert len(pages) > 4
    assert {region.number for region in pages[2].regions if region.kind == "row"} == {2}
    assert whole(pages).count("word") == 20_000
