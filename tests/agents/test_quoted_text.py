"""Quotes and their pages are read from Markdown in the forms in which people write them."""

from __future__ import annotations

import pytest

from docqa.agents.markdown_blocks import blocks, plain
from docqa.agents.quoted_text import quotes_in

QUOTE = "The hall stands on larch piles"
PAGE_12 = [
    'The survey says "{}" (p. 12).',
    "The survey says “{}” (page 12).",
    "The survey says “{}” [p. 12].",
    "The survey says „{}“ (S. 12).",
    "The survey says «{}» (pp. 12).",
    "The survey says “{}.” (p. 12)",
    "The survey says “{},” p. 12, and no more.",
    "“{}” — p. 12",
    "“{}” (Survey 2020, p. 12)",
    "“{}” (survey.pdf, p. 12)",
    "“{}” (see survey.pdf, [p. 12](survey.pdf#page=12))",
    "On page 12, the survey says “{}”.",
    "p. 12: “{}”",
    "It is said that **“{}”** (*p.* 12).",
    "- a point: “{}” (p. 12)",
    "1. “{}” (p.12)",
    "| larch | “{}” | (p. 12) |",
    "> {} (p. 12)",
    "> {}\n> — p. 12",
    "> {} — survey.pdf, p. 12",
    "> “{}”\n>\n> — Survey, p. 12",
    "> {}\n\n— survey.pdf, p. 12",
    "> {}\n\n(p. 12)",
    "> {}[^a]\n\n[^a]: Survey, p. 12.",
    "The survey says “{}”.[^1]\n\n[^1]: survey.pdf, p. 12",
    "The survey says “{}”[^note].\n\n[^note]: Survey of the piles,\n    p. 12 at the top.",
    "Some claim.[^1]\n\n[^1]: survey.pdf, p. 12: “{}”",
    "> [!NOTE]\n\nSee “{}” (p. 12).",
    "The piles “{}” and the rest (p. 12) were dry. Others say little.",
    'The survey says that "{}" on page 12.',
    "“{}” — survey.pdf, p. 12",
    "“{}” – Survey of 2019–2020, p. 12.",
    "> {}.\n> — Survey of 2019–2020, p. 12",
    "The survey says ‘{}’ (p. 12).",
    "The members' survey says '{}' (p. 12).",
    "「{}」（p. 12）",
    "La encuesta dice «{}» (pág. 12).",
    "| “{}” | p. 12 |",
    "<q>{}</q> (p. 12)",
    "<blockquote>{}</blockquote> (p. 12)",
    "The survey says “{}” [the survey](survey.pdf#page=12).",
    "The survey says “{}” (survey.pdf#page=12).",
    "The survey says “{}” [3].\n\n[3] survey.pdf, p. 12",
    "The survey says “{}” [3].\n\n[3]: survey.pdf, p. 12",
    "Seen in chapter\n2024. The “{}” (p. 12) were\n[3] dry.",
]


@pytest.mark.parametrize("form", PAGE_12)
def test_a_quote_is_read_with_its_page(form: str) -> None:
    (found,) = [quoted for quoted in quotes_in(form.format(QUOTE)) if quoted.quote]
    assert found.quote.rstrip(".,") == QUOTE
    assert found.place is not None
    assert found.place.pages == ("12",)


@pytest.mark.parametrize(
    ("reference", "pages", "physical"),
    [
        ("pp. 12-14", ("12", "13", "14"), None),
        ("pages 12 to 14", ("12", "13", "14"), None),
        ("pp. 112–4", ("112", "113", "114"), None),
        ("pp. 3, 9", ("3", "9"), None),
        ("pp. 3 and 9", ("3", "9"), None),
        ("p. iv", ("iv",), None),
        ("p. 8 (PDF 12)", ("8",), 12),
        ("Seite 12", ("12",), None),
        ("pg. 12", ("12",), None),
        ("p. 3; p. 9", ("3", "9"), None),
        ("pp. 3, 5-7 and 9", ("3", "5", "6", "7", "9"), None),
        ("p. 3, emphasis added", ("3",), None),
        ("p. 3 and 40 %", ("3",), None),
    ],
)
def test_pages_are_read_in_the_usual_notations(reference: str, pages: tuple[str, ...], physical: int | None) -> None:
    (found,) = quotes_in(f"He says “{QUOTE}” ({reference}).")
    assert found.place is not None
    assert (found.place.pages, found.place.physical) == (pages, physical)


def test_each_of_several_quotes_has_its_own_page() -> None:
    text = 'It is "made of larch" (p. 3) and "not of oak" (p. 4). On page 5 it says "nine piles", on page 6 "ten".'
    assert [(q.quote, q.place and q.place.pages) for q in quotes_in(text)] == [
        ("made of larch", ("3",)),
        ("not of oak", ("4",)),
        ("nine piles", ("5",)),
        ("ten", ("6",)),
    ]


def test_two_quotes_may_share_a_page() -> None:
    found = quotes_in('It is "made of larch" and "not of oak" (p. 3).')
    assert [q.place and q.place.pages for q in found] == [("3",), ("3",)]


def test_a_page_of_the_next_sentence_is_not_that_of_a_quote() -> None:
    first, second = quotes_in(f'He wrote "{QUOTE} for a century". The costs rose by 4 % (p. 30).')
    assert (first.quote, first.place) == (f"{QUOTE} for a century", None)
    assert (second.quote, second.statement, second.place and second.place.pages) == (
        "",
        "The costs rose by 4 %.",
        ("30",),
    )


def test_the_statement_is_the_sentence_around_a_quote_without_marks_and_places() -> None:
    (found,) = quotes_in('First this. The hall "stands on larch piles" (p. 12), they say. Then that.')
    assert found.statement == "The hall stands on larch piles, they say."


def test_where_a_sentence_has_a_footnote_pages_in_brackets_are_no_places() -> None:
    text = "A list “of all piles” (p. 9) is long.[^1] “It is of larch” (p. 3).\n\n[^1]: survey.pdf, p. 12: “is long”"
    assert [(q.quote, q.place and q.place.pages) for q in quotes_in(text) if q.place] == [
        ("It is of larch", ("3",)),
        ("is long", ("12",)),
    ]


@pytest.mark.parametrize(
    "words", ["Growth in 2020–2021 was high", "the tower—built in 1804—fell", "the tower — built in 1804 — fell"]
)
def test_the_dashes_of_a_blockquote_are_its_own(words: str) -> None:
    assert [q.quote for q in quotes_in(f"> {words} (p. 3)\n\n> {words} — Survey, p. 3")] == [words, words]


def test_the_words_of_a_quote_go_on_over_any_line_break() -> None:
    assert [q.quote for q in quotes_in("“larch piles\\\nof the year  \n1802. They” (p. 3)")] == [
        "larch piles of the year 1802. They"
    ]


def test_an_escaped_bracket_is_no_tag() -> None:
    assert plain(r"of \<t\> and <b>x</b>") == "of <t> and x"


def test_short_words_in_quotation_marks_without_a_page_are_not_quotes() -> None:
    assert quotes_in('The so-called "experts" disagree.') == ()
    (found,) = quotes_in(f'The survey says "{QUOTE}".')
    assert found.place is None


@pytest.mark.parametrize(
    "text",
    [
        "```\nHe says “{}” (p. 12).\n```",
        "# He says “{}” (p. 12)",
        "<!-- “{}” (p. 12) -->",
        "It costs 12 p. and weighs 3 pp.",
        "See page 12 for more.",
        "Step 12 (of 14).",
        "",
    ],
)
def test_code_headings_comments_and_other_numbers_hold_no_quotes(text: str) -> None:
    assert quotes_in(text.format(QUOTE)) == ()


def test_a_long_quote_needs_no_spaces_and_one_in_a_note_no_length() -> None:
    assert [q.quote for q in quotes_in("他说“租约到期前不得转让给他人”。他笑了“好”。")] == ["租约到期前不得转让给他人"]
    assert [q.quote for q in quotes_in("So.[^1]\n\n[^1]: notes.md, paragraph 2: “Rent due”")] == ["Rent due"]


def test_lines_are_counted_from_one() -> None:
    assert [q.line for q in quotes_in(f"One.\n\n> {QUOTE} (p. 1)\n\n- “{QUOTE}” (p. 2)\n- “{QUOTE}” (p. 3)")] == [
        3,
        5,
        6,
    ]


def test_marks_of_emphasis_links_and_html_are_no_part_of_the_words() -> None:
    text = "The **hall** stands on [larch *piles*](http://x.y/z_(a)) by snake_case <b>and</b> 3 \\* 4 &amp; `code`."
    assert plain(text) == "The hall stands on larch piles by snake_case and 3 * 4 & code."


def test_blocks_end_where_paragraphs_items_and_footnotes_end() -> None:
    text = "a\nb\n\n- c\n- d\n  e\n\n> f\n> g\n\n[^1]: h\n\n    i\n\nj\n***\nk"
    assert [(b.kind, b.text, b.line) for b in blocks(text)] == [
        ("text", "a b", 1),
        ("text", "c", 4),
        ("text", "d e", 5),
        ("quote", "f g", 8),
        ("footnote", "h", 11),
        ("text", "i", 13),
        ("text", "j", 15),
        ("text", "k", 17),
    ]


@pytest.mark.parametrize(
    "text", ['"' * 999, "(" * 2000, "[" * 2000, ">" * 3000, "“" * 2000 + "”" * 2000, "*" * 5000, "[^" * 999]
)
def test_hostile_markdown_is_read_in_no_time(text: str) -> None:
    import time

    started = time.process_time()
    quotes_in(text)
    assert time.process_time() - started < 2
