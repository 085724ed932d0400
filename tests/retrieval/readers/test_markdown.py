"""Markdown as people write it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from docqa.documents import Page
from docqa.errors import NoTextFound
from docqa.retrieval.readers.markdown_inline import shown
from tests.retrieval.readers.samples import marked, read, whole, write_markdown


def pages_of(tmp_path: Path, text: str) -> list[Page]:
    (tmp_path / "made.md").write_text(text, encoding="utf-8")
    return read(tmp_path / "made.md")


def page_of(tmp_path: Path, text: str) -> Page:
    (page,) = pages_of(tmp_path, text)
    return page


def test_sections_lists_tables_and_code(tmp_path: Path) -> None:
    pages = read(write_markdown(tmp_path / "a.md"))
    assert [page.place for page in pages] == ["Field notes", "Site", "Site > Soil"]
    assert pages[1].text == "Site\nThe site is dry."
    assert marked(pages[2], "paragraph") == ["• clay", "• sand", "keep this\n  as it is"]
    assert marked(pages[2], "row") == ["Layer\tDepth", "top\t1 m"]
    assert next(region.header for region in pages[2].regions if region.kind == "table") == "Layer\tDepth"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("**bold** and *slanted* and ***both***", "bold and slanted and both"),
        ("__bold__ and _slanted_", "bold and slanted"),
        ("snake_case_name and 2*3*4 and a * b * c", "snake_case_name and 2*3*4 and a * b * c"),
        ("[text](http://a.b/c_(d)) and ![picture](x.png 'title')", "text and picture"),
        ("[**bold** link][1] and [plain][]", "bold link and plain"),
        ("`code *stays*` and ``a ` b``", "code *stays* and a ` b"),
        ("<https://example.org/a_b_c>", "https://example.org/a_b_c"),
        (r"\*not slanted\* and \_so\_", "*not slanted* and _so_"),
        ("H<sub>2</sub>O &amp; a < b > c", "H2O & a < b > c"),
        ("~~gone~~ but shown", "gone but shown"),
        ("[1] is a note, [x] a task", "[1] is a note, [x] a task"),
        ("[a [nested] text](u)", "a [nested] text"),
    ],
)
def test_marks_within_a_line(markup: str, text: str) -> None:
    assert shown(markup) == text


def test_headings_of_both_kinds_make_the_path(tmp_path: Path) -> None:
    pages = pages_of(tmp_path, "Top\n===\na\n\nSub\n---\nb\n\n### Deep ###\nc\n\n# Next\nd\n\n#hashtag\n")
    assert [page.place for page in pages] == ["Top", "Top > Sub", "Top > Sub > Deep", "Next"]
    assert marked(pages[3], "paragraph") == ["d", "#hashtag"]


def test_a_heading_inside_code_is_code(tmp_path: Path) -> None:
    page = page_of(tmp_path, "Text.\n\n```sh\n# not a heading\n<!-- stays -->\n```\n~~~\n```\n~~~\n")
    assert marked(page, "paragraph") == ["Text.", "# not a heading\n<!-- stays -->", "```"]


def test_comments_show_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, "Seen <!-- trap --> too.\n\n<!--\nmore\n\ntrap\n-->\nAfter.\n")
    assert page.text == "Seen too.\nAfter."


def test_the_text_of_a_footnote_is_kept(tmp_path: Path) -> None:
    page = page_of(tmp_path, "Revenue rose.[^1]\n\n[^1]: Without the branch in Kaliningrad.\n")
    assert "Without the branch in Kaliningrad." in page.text


def test_quotes_rules_and_definitions(tmp_path: Path) -> None:
    page = page_of(tmp_path, "> quoted\n> twice\n\n---\n\n[1]: http://example.org\n\nEnd.\n")
    assert marked(page, "paragraph") == ["quoted\ntwice", "End."]


def test_a_table_keeps_escaped_bars_and_ends_with_its_rows(tmp_path: Path) -> None:
    page = page_of(tmp_path, "a | b\n--|--\n1 \\| 2 | **3**\n| 4 |\nText.\n")
    assert marked(page, "row") == ["a\tb", "1 | 2\t3", "4"]
    assert marked(page, "paragraph") == ["Text."]


def test_numbered_and_nested_items_are_paragraphs(tmp_path: Path) -> None:
    page = page_of(tmp_path, "1. one\n2) two\n   goes on\n    * inner\n")
    assert marked(page, "paragraph") == ["1. one", "2) two\ngoes on", "• inner"]


def test_front_matter_that_never_ends_is_text(tmp_path: Path) -> None:
    assert "not matter" in whole(pages_of(tmp_path, "---\nnot matter\n" + "line\n" * 300))


@pytest.mark.parametrize(
    "mark", ["`", "*", "_", "[", "![", "](", "<", "\\", "|", "**_", "<a ", "[[]", "~~", "#", "> ", "- "]
)
def test_nothing_but_marks_takes_no_time(tmp_path: Path, mark: str) -> None:
    started = time.process_time()
    with suppress(NoTextFound):
        pages_of(tmp_path, mark * 20_000)
    assert time.process_time() - started < 5
