"""HTML of all ages and qualities."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.documents import Page
from docqa.errors import NoTextFound, UnsafeDocument
from docqa.retrieval.readers import html
from tests.retrieval.readers.samples import marked, read, whole, write_html


def pages_of(tmp_path: Path, content: str | bytes) -> list[Page]:
    path = tmp_path / "made.html"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path)


def body(tmp_path: Path, markup: str) -> Page:
    (page,) = pages_of(tmp_path, f"<!doctype html><body>{markup}</body>")
    return page


def test_a_page_is_cut_at_its_headings(tmp_path: Path) -> None:
    first, second = read(write_html(tmp_path / "a.html"))
    assert (first.place, second.place) == ("Harbour", "Harbour > Rules")
    assert first.text == "Harbour\n\nShips & boats arrive\ndaily."
    assert marked(second, "paragraph") == ["• No fires", "• No noise", "See the map."]
    assert marked(second, "row") == ["Berth\tDepth", "A\t9 m"]
    assert all(words not in whole([first, second]) for words in ("About", "alert", "color"))


def test_text_before_the_first_heading_is_named_by_the_title(tmp_path: Path) -> None:
    page = pages_of(tmp_path, "<title>My  page</title><p>Intro<h1>Head</h1><p>Text")[0]
    assert (page.place, page.text) == ("My page", "Intro")


@pytest.mark.parametrize(
    "hiding",
    [
        "hidden",
        "aria-hidden='true'",
        "style='display: none'",
        "style='VISIBILITY:hidden'",
        "style='font-size:0px'",
        "style='font-size: 0'",
        "style='opacity:0'",
        "style='position:absolute;left:-9999px'",
        "style='color:#fff;background-color:white'",
        "style='color: rgb(255, 255, 255); background: #ffffff'",
    ],
)
def test_what_the_markup_hides_is_kept_apart(tmp_path: Path, hiding: str) -> None:
    page = body(tmp_path, f"<p>Seen <span {hiding}>trap <b>deep</b></span> too.</p><p>After.</p>")
    assert marked(page, "paragraph") == ["Seen too.", "After."]
    assert marked(page, "hidden") == ["trap deep"]
    assert page.health.n_hidden_chars == len("trap deep")


@pytest.mark.parametrize(
    "style", ["font-size:0.9em", "opacity:0.5", "color:white;background:black", "left:-5px", "display:block"]
)
def test_ordinary_styles_hide_nothing(tmp_path: Path, style: str) -> None:
    assert marked(body(tmp_path, f"<p style='{style}'>Seen.</p>"), "hidden") == []


def test_hidden_rows_and_cells_leave_the_table(tmp_path: Path) -> None:
    page = body(
        tmp_path,
        "<table><tr><th>A<th>B<tr><td>1<td>2<span hidden>trap</span><tr hidden><td>3<td>4</table><p>End.</p>",
    )
    assert marked(page, "row") == ["A\tB", "1\t2"]
    assert marked(page, "hidden") == ["trap 34"]
    assert marked(page, "paragraph") == ["End."]


def test_spans_and_two_header_rows_are_laid_out(tmp_path: Path) -> None:
    page = body(
        tmp_path,
        "<table><caption>Sales</caption><thead><tr><th rowspan=2>Region<th colspan=2>2021<tr><th>Q1<th>Q2</thead>"
        "<tr><td rowspan=2>North<td>1<td>2<tr><td>3<td>4<tr><td colspan=2>all<td>10</table>",
    )
    table = next(region for region in page.regions if region.kind == "table")
    assert (table.title, table.header) == ("Sales", "Region\t2021 Q1\t2021 Q2")
    assert marked(page, "row")[2:] == ["North\t1\t2", "North\t3\t4", "all\t\t10"]


def test_a_table_for_layout_is_read_as_text(tmp_path: Path) -> None:
    page = body(
        tmp_path, "<table><tr><td><p>Left.</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    )
    assert marked(page, "paragraph") == ["Left."]
    assert marked(page, "row") == ["a\tb"]


def test_lists_are_numbered_as_shown(tmp_path: Path) -> None:
    page = body(
        tmp_path, "<ol start=3><li>three<ul><li>inner</ul><li>four<li value=9>nine</ol><dl><dt>Term<dd>Meaning</dl>"
    )
    assert marked(page, "paragraph") == ["3. three", "• inner", "4. four", "9. nine", "Term", "Meaning"]


def test_preformatted_text_keeps_its_lines(tmp_path: Path) -> None:
    assert body(tmp_path, "<pre>if x:\n\tgo\n\nend</pre>").text == "if x:\n    go\n\nend"


def test_two_line_breaks_part_paragraphs(tmp_path: Path) -> None:
    assert marked(body(tmp_path, "One.<br><br>Two,<br>still two."), "paragraph") == ["One.", "Two,\nstill two."]


def test_the_body_is_read_when_an_article_is_only_a_teaser(tmp_path: Path) -> None:
    text = whole(pages_of(tmp_path, f"<body><article>Teaser</article><div>{'The long story. ' * 40}</div></body>"))
    assert "Teaser" in text
    assert text.count("The long story.") == 40


def test_all_articles_are_read(tmp_path: Path) -> None:
    text = whole(
        pages_of(tmp_path, "<body><div>menu</div><article>First post.</article><article>Second post.</article></body>")
    )
    assert text == "First post.\nSecond post."


def test_cookie_banners_go_and_an_article_about_cookies_stays(tmp_path: Path) -> None:
    page = body(tmp_path, "<div class='cookie-banner'>We value your privacy <button>OK</button></div><p>Text.</p>")
    assert page.text == "Text."
    page = body(tmp_path, "<div class='cookie-recipes'><h1>Cookies</h1><p>Bake them.</p></div>")
    assert page.text == "Cookies\nBake them."


@pytest.mark.parametrize(
    "content",
    [
        "<meta charset='windows-1252'><p>Größe €</p>".encode("cp1252"),
        "<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-15'><p>Größe €</p>".encode("iso-8859-15"),
        "<?xml version='1.0' encoding='utf-8'?><html><p>Größe €</p></html>".encode(),
        "<html><p>Größe €</p></html>".encode("utf-16"),
        "<html><meta charset='utf-16'><p>Größe €</p></html>".encode(),
        "<html><meta charset='nonsense'><p>Größe €</p></html>".encode(),
        "<html><meta charset='unicode_escape'><p>Größe €</p></html>".encode(),
        b"<html><p>Gr&ouml;&szlig;e &#8364;</p></html>",
    ],
)
def test_encodings(tmp_path: Path, content: bytes) -> None:
    assert whole(pages_of(tmp_path, content)) == "Größe €"


def test_tag_soup_is_read(tmp_path: Path) -> None:
    page = body(
        tmp_path, "<p>one<p>two<b>bold<i>both</b>it</i><table><tr><td>a<td>b<tr><td>c<td>d</table>tail</div></p>"
    )
    assert marked(page, "paragraph") == ["one", "twobothit".replace("two", "twobold"), "tail"]
    assert marked(page, "row") == ["a\tb", "c\td"]


def test_markup_nested_beyond_reason_is_refused_and_deep_markup_is_read(tmp_path: Path) -> None:
    deep = "<div>" * 1000 + "deep" + "</div>" * 1000 + "<p>after</p>"
    assert whole(pages_of(tmp_path, f"<html><body>{deep}</body></html>")) == "deep\nafter"
    with pytest.raises(UnsafeDocument, match="nested more deeply"):
        pages_of(tmp_path, "<html><body>" + "<div>" * 100_000 + "deep")


def test_a_table_of_giant_spans_stays_small(tmp_path: Path) -> None:
    cells = "<tr><td colspan=99999999 rowspan=99999999>x</td><td>y</td></tr>" * 3000
    pages = pages_of(tmp_path, f"<html><body><table>{cells}</table></body></html>")
    assert sum(len(page.text) for page in pages) < 20_000_000


def test_a_file_too_large_for_a_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_HTML_BYTES", 1024)
    with pytest.raises(UnsafeDocument, match="MiB of HTML"):
        pages_of(tmp_path, "<html>" + "word " * 1000)


@pytest.mark.parametrize(
    "content", ["<html></html>", "<html><script>x</script></html>", "<html><body>&nbsp;</body></html>"]
)
def test_a_page_without_words_has_no_text(tmp_path: Path, content: str) -> None:
    with pytest.raises(NoTextFound):
        pages_of(tmp_path, content)
