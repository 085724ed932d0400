"""Tables from positioned words: what is found, how cells are put together, and above all what is left alone."""

from __future__ import annotations

import time

import pytest

from docqa.documents import Box
from docqa.retrieval.readers.tables import Line, Ruling, Table, Word, find_tables, is_leader, without_leader

CHAR = 5.0
PITCH = 12.0
PROSE = (
    "The barrage was closed in the spring of that year, and since",
    "then the water inside has followed the sea with a delay of",
    "about two hours, which is long enough to let the turbines run",
    "at high water as well as at low water; in 2019 this was found",
    "to give 14 hours of power a day, more than had been promised",
    "by the makers of the model on which the design was founded.",
)


def words_at(x: float, y: float, text: str) -> list[Word]:
    """Words set from x on in type whose letters are all equally wide, with one letter's width between words."""
    words = []
    for part in text.split(" "):
        if part:
            words.append(Word(part, Box(x, y, x + CHAR * len(part), y + 8)))
        x += CHAR * (len(part) + 1)
    return words


def line(y: float, *cells: tuple[float, str]) -> Line:
    """One line of cells, each at its left edge."""
    return Line(tuple(w for x, text in cells for w in words_at(x, y, text)))


def right(x1: float, text: str) -> tuple[float, str]:
    """A cell that ends at x1."""
    return x1 - CHAR * len(text), text


def page(*rows: tuple[tuple[float, str], ...], top: float = 100.0) -> list[Line]:
    """Lines of a page, one below the other."""
    return [line(top + PITCH * i, *cells) for i, cells in enumerate(rows)]


def numbers(label: str, *values: str) -> tuple[tuple[float, str], ...]:
    """A row with its label at the left and its values flush right at 300, 380, 460 and so on."""
    cells = [right(300 + 80 * i, value) for i, value in enumerate(values) if value]
    return (((50.0, label),) if label else ()) + tuple(cells)


def grid(lines: list[Line], table: Table) -> list[list[str]]:
    """The cells of a table as text."""
    return [[" ".join(lines[ref.line].words[ref.word].text for ref in cell) for cell in row] for row in table.rows]


INCOME = page(
    numbers("", "2024", "2023", "2022"),
    numbers("Electricity sales", "28,940", "25,610", "24,180"),
    numbers("Grants", "480", "640", "900"),
    numbers("Staff", "(6,905)", "(6,480)", "(6,120)"),
    numbers("Total", "22,515", "19,770", "18,960"),
)


def test_rows_and_columns_of_numbers_are_a_table() -> None:
    (table,) = find_tables(INCOME)
    assert grid(INCOME, table) == [
        ["", "2024", "2023", "2022"],
        ["Electricity sales", "28,940", "25,610", "24,180"],
        ["Grants", "480", "640", "900"],
        ["Staff", "(6,905)", "(6,480)", "(6,120)"],
        ["Total", "22,515", "19,770", "18,960"],
    ]
    assert (table.n_header_rows, table.first_line, table.last_line) == (1, 0, 4)


def test_every_word_of_the_lines_stands_in_exactly_one_cell() -> None:
    (table,) = find_tables(INCOME)
    refs = [ref for row in table.rows for cell in row for ref in cell]
    assert len(refs) == len(set(refs))
    assert set(refs) == {(i, k) for i, found in enumerate(INCOME) for k in range(len(found.words))}


def test_a_currency_sign_far_from_its_number_stays_in_its_cell() -> None:
    rows: list[tuple[tuple[float, str], ...]] = [
        ((50.0, "Sales"), (230.0, "$"), right(300, "1,821"), (330.0, "$"), right(400, "97"))
    ]
    rows += [
        ((50.0, name), right(300, a), right(400, b)) for name, a, b in (("Rent", "310", "4"), ("Net", "1,511", "93"))
    ]
    lines = page(*rows)
    (table,) = find_tables(lines)
    assert grid(lines, table)[0] == ["Sales", "$ 1,821", "$ 97"]


def test_a_percent_sign_and_a_bracket_stay_with_their_number() -> None:
    rows = [
        ((50.0, n), (260.0, f"({v}) %"), right(400, v))
        for n, v in (("North", "5.3"), ("South", "1.2"), ("East", "0.9"))
    ]
    lines = page(*rows)
    (table,) = find_tables(lines)
    assert [row[1] for row in grid(lines, table)] == ["(5.3) %", "(1.2) %", "(0.9) %"]


def test_dot_leaders_stand_in_no_cell() -> None:
    rows = [((50.0, f"{name} " + ". " * 12), right(300, a), right(380, b)) for name, a, b in TRIPLES]
    lines = page(*rows)
    (table,) = find_tables(lines)
    assert grid(lines, table) == [list(t) for t in TRIPLES]


TRIPLES = (("Revenue", "1,204", "1,150"), ("Costs", "904", "877"), ("Surplus", "300", "273"))


def test_dots_glued_to_a_word_are_cut_off_its_text() -> None:
    assert without_leader("Product......") == "Product"
    assert without_leader("etc.") == "etc."
    assert is_leader("....")
    assert is_leader(".")
    assert not is_leader("1.")


def test_a_wrapped_label_is_joined_to_the_row_of_its_values() -> None:
    lines = page(
        numbers("Sales", "28,940", "25,610"),
        numbers("Net cash from operating activities and", "", ""),
        numbers("similar sources", "1,240", "1,385"),
        numbers("Grants", "480", "640"),
        numbers("Costs of insurance", "77", "78"),
        numbers("including brokers", "", ""),
    )
    (table,) = find_tables(lines)
    assert [row[0] for row in grid(lines, table)] == [
        "Sales",
        "Net cash from operating activities and similar sources",
        "Grants",
        "Costs of insurance including brokers",
    ]


def test_a_section_title_keeps_a_row_of_its_own() -> None:
    lines = page(
        numbers("Sales", "28,940", "25,610"),
        numbers("Operating costs:", "", ""),
        numbers("Staff", "6,905", "6,480"),
        numbers("Insurance", "1,460", "1,385"),
    )
    (table,) = find_tables(lines)
    assert grid(lines, table)[1] == ["Operating costs:", "", ""]


def test_lines_of_a_header_are_joined_column_by_column() -> None:
    lines = page(
        numbers("", "December", "December"),
        numbers("", "31, 2024", "31, 2023"),
        numbers("Cash", "9,345", "5,480"),
        numbers("Spares", "4,060", "3,480"),
    )
    (table,) = find_tables(lines)
    assert grid(lines, table)[0] == ["", "December 31, 2024", "December 31, 2023"]
    assert table.n_header_rows == 1


def test_a_title_over_several_columns_is_a_header_row_of_its_own() -> None:
    lines = page(((280.0, "Year ended December 31"),), *(numbers(*row) for row in HEADED))
    (table,) = find_tables(lines)
    assert table.n_header_rows == 2
    assert "Year ended December 31" in grid(lines, table)[0]
    assert grid(lines, table)[1] == ["", "2024", "2023", "2022"]


HEADED = (("", "2024", "2023", "2022"), ("Cash", "9,345", "5,480", "6,250"), ("Spares", "4,060", "3,480", "3,120"))


def test_titles_that_nearly_touch_are_parted_at_their_columns() -> None:
    head = Line(
        tuple(
            Word(text, Box(x0, 100, x1, 108))
            for text, x0, x1 in (
                ("Year", 50, 70),
                ("Power", 232, 262),
                ("(MW)", 265, 294),
                ("Yield", 300, 328),
                ("(GWh)", 331, 370),
            )
        )
    )
    lines = [
        head,
        *page(numbers("2023", "72", "172"), numbers("2024", "73", "185"), numbers("2025", "73", "190"), top=112),
    ]
    (table,) = find_tables(lines)
    assert grid(lines, table)[0] == ["Year", "Power (MW)", "Yield (GWh)"]


def test_titles_without_a_gap_are_parted_when_each_column_gets_one() -> None:
    rows = [((50.0, y), right(150, a), right(200, b), right(250, c)) for y, a, b, c in TOWNS]
    lines = page(((50.0, "Year"), (115.0, "Harwick Stowminster Pellhaven")), *rows)
    (table,) = find_tables(lines)
    assert grid(lines, table)[0] == ["Year", "Harwick", "Stowminster", "Pellhaven"]


TOWNS = (("1990", "3,810", "1,367", "2,432"), ("2000", "4,225", "1,389", "2,439"), ("2010", "4,479", "1,292", "2,423"))


def test_a_raised_footnote_mark_joins_the_cell_below_it() -> None:
    lines = [*page(*(numbers(*r) for r in HEADED)), *page(numbers("Loans", "44,900", "48,700", "52,300"), top=136)]
    lines.insert(3, Line((Word("(2)", Box(465, 131, 475, 138)),)))
    (table,) = find_tables(lines)
    assert grid(lines, table)[-1] == ["Loans", "44,900", "48,700", "52,300 (2)"]


def test_the_caption_above_is_kept_with_the_unit() -> None:
    lines = page(
        ((50.0, "Table 3: Balance sheet"),), ((50.0, "(in thousands of euros)"),), *(numbers(*r) for r in HEADED)
    )
    (table,) = find_tables(lines)
    assert table.caption == "Table 3: Balance sheet (in thousands of euros)"
    assert table.first_line == 2


def test_the_caption_below_is_found_when_there_is_none_above() -> None:
    lines = page(*(numbers(*r) for r in HEADED), ((50.0, "Table 7: What was left"),))
    (table,) = find_tables(lines)
    assert table.caption == "Table 7: What was left"


def test_two_tables_under_each_other_are_parted_by_their_years() -> None:
    block = [numbers(*r) for r in HEADED]
    tables = find_tables(page(*block, *block))
    assert [(t.first_line, t.last_line, t.n_header_rows) for t in tables] == [(0, 2, 1), (3, 5, 1)]


def test_prose_above_and_below_is_no_part_of_the_table() -> None:
    rows = [((50.0, text),) for text in PROSE]
    (table,) = find_tables(page(*rows, *(numbers(*r) for r in HEADED), *rows))
    assert (table.first_line, table.last_line) == (6, 8)


def test_a_text_table_of_three_columns_is_found() -> None:
    rows = [("Prefix", "Package", "Range"), ("P", "Plastic", "Commercial"), ("D", "Cerdip", "Commercial")]
    rows += [("N", "Carrier", "Commercial"), ("TD", "Cerdip", "Extended")]
    lines = page(*(((50.0, a), (150.0, b), (270.0, c)) for a, b, c in rows))
    (table,) = find_tables(lines)
    assert grid(lines, table) == [list(r) for r in rows]


def test_two_columns_of_text_are_a_table_only_between_rulings() -> None:
    rows = [("Term", "Meaning"), ("Neap", "small range"), ("Spring", "great range"), ("Slack", "no current")]
    lines = page(*(((50.0, a), (200.0, b)) for a, b in rows))
    rulings = [Ruling(48, 98 + PITCH * i, 320, 98 + PITCH * i) for i in range(5)]
    assert find_tables(lines) == ()
    (table,) = find_tables(lines, rulings)
    assert grid(lines, table) == [list(r) for r in rows]


NO_TABLES = {
    "prose": [((50.0, text),) for text in PROSE],
    "prose in two columns": [((50.0, a[:38]), (290.0, b[:38])) for a, b in zip(PROSE, reversed(PROSE), strict=True)]
    * 4,
    "contents with leaders": [
        ((50.0, f"{i} Chapter {name} " + "." * 30), right(400, str(3 * i)))
        for i, name in enumerate("ABCDEFGH", start=1)
    ],
    "contents in three columns": [
        ((50.0, f"{i}.1"), (90.0, f"Section {name}"), right(400, str(7 * i)))
        for i, name in enumerate("ABCDEFGH", start=1)
    ],
    "numbered list": [((50.0, f"{i}."), (80.0, f"{text} {i}")) for i, text in enumerate(PROSE, start=1)],
    "bibliography": [((50.0, f"[{i}]"), (90.0, f"Author, {text} 19{i}0")) for i, text in enumerate(PROSE, start=1)],
    "equations": [((120.0, f"x = y + {i}"), right(500, f"({i})")) for i in range(1, 6)],
    "code": [((50.0, str(i)), (90.0, f"value_{i} = compute(value, {i})")) for i in range(10, 18)],
    "footnotes": [((50.0, f"({i})"), (80.0, f"{text}")) for i, text in enumerate(PROSE, start=1)],
    "an axis of a chart": [
        ((50.0, letter), right(100, str(100 - 20 * i))) if i % 2 else ((50.0, letter),)
        for i, letter in enumerate("score")
    ],
    "form": [((50.0, "Delaware"), (300.0, "77-0019522")), ((50.0, "(State)"), (300.0, "(Number)"))],
    "prose beside numbers": [((50.0, text[:40]), right(400, f"{90 - i}.5")) for i, text in enumerate(PROSE * 2)],
    "nothing": [],
}


@pytest.mark.parametrize("rows", NO_TABLES.values(), ids=list(NO_TABLES))
def test_what_is_no_table_is_left_alone(rows: list[tuple[tuple[float, str], ...]]) -> None:
    assert find_tables(page(*rows)) == ()


def test_a_jump_back_up_ends_a_table() -> None:
    tables = find_tables([*page(*(numbers(*r) for r in HEADED)), *page(*(numbers(*r) for r in HEADED))])
    assert [(t.first_line, t.last_line) for t in tables] == [(0, 2), (3, 5)]


def test_lines_without_words_do_no_harm() -> None:
    assert find_tables([Line(()), *INCOME, Line(())])[0].first_line == 1


def test_a_full_page_takes_a_few_milliseconds() -> None:
    lines = page(*(numbers(f"Item number {i} of the list", f"{i},240", f"{i},385", f"{i}07") for i in range(60)))
    best = min(_seconds(lines) for _ in range(5))
    assert best < 0.05


def _seconds(lines: list[Line]) -> float:
    start = time.process_time()
    find_tables(lines)
    return time.process_time() - start
