"""An evidence file shows what proves an answer, takes nothing from outside, and can be checked again."""

from __future__ import annotations

import base64
import html as escaping
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docqa.answers import Answer
from docqa.app.doctor import one_page_pdf

from .conftest import LEASE, DocqaCommand

QUESTION = "When does it end unless it is renewed in writing?"
EVIL = "</script><script>alert(1)</script> <img src=http://evil.example/x> & \u2028 ]]> “quoted” *bold* [x](http://e.e)"


class Elements(HTMLParser):
    """Every element with its attributes, and the text that a person sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


Saved = Callable[..., Path]


@pytest.fixture
def saved(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> Saved:
    """Save an answer, changed as the test likes."""

    def save(change: Callable[[dict[str, Any]], object] = lambda _: None, question: str = QUESTION) -> Path:
        data = json.loads(docqa("ask", str(lease), question, "--json").out)
        change(data)
        path = tmp_path / "answer.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return save


def assert_takes_nothing_from_outside(page: str) -> None:
    elements = Elements(page)
    assert not {tag for tag, _ in elements.found} & {"link", "iframe", "object", "embed", "base", "form", "video"}
    assert [attributes.get("type") for attributes in elements.of("script")] == ["application/json"]
    for tag, attributes in elements.found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert re.match(r"data:image/png;base64,", attributes.get("src") or "data:image/png;base64,")
        assert (attributes.get("href") or "#").startswith("#")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(m["content"] for m in elements.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_file_shows_the_answer_its_verdicts_and_the_marked_page(
    docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path
) -> None:
    done = docqa("export", str(saved()), str(lease), "-o", "evidence.html")
    assert (done.code, done.out) == (0, "")
    page = (tmp_path / "evidence.html").read_text(encoding="utf-8")
    assert_takes_nothing_from_outside(page)
    elements = Elements(page)
    for words in (QUESTION, LEASE[1], "lease.pdf", "p. 1", "verbatim", "supports", "embedded", "rag", "SHA-256"):
        assert words in elements.text
    (picture, *_) = elements.of("img")
    assert picture["src"] is not None
    image = Image.open(io.BytesIO(base64.b64decode(picture["src"].partition(",")[2])))
    colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    assert (255, 233, 120) in colours  # the marker
    assert image.width >= 600


def test_the_file_can_be_checked_again_and_exported_again(
    docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path
) -> None:
    answer = saved()
    docqa("export", str(answer), str(lease), "-o", "evidence.html")
    again = docqa("verify", "evidence.html", str(lease), "--json")
    assert again.code == 0
    assert json.loads(again.out) == json.loads(docqa("verify", str(answer), str(lease), "--json").out)
    docqa("export", "evidence.html", str(lease), "-o", "second.html")
    assert (tmp_path / "second.html").read_bytes() == (tmp_path / "evidence.html").read_bytes()


def test_a_question_can_be_asked_and_exported_at_once(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    done = docqa("ask", str(lease), QUESTION, "--export", "asked.html")
    assert done.code == 0
    assert LEASE[1] in done.out
    assert "evidence in asked.html" in done.err
    assert docqa("verify", "asked.html", str(lease)).code == 0
    data = Elements((tmp_path / "asked.html").read_text(encoding="utf-8"))
    assert len(data.of("img")) >= 1


def test_text_of_a_document_or_a_model_is_escaped_everywhere(
    docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path
) -> None:
    def poison(data: dict[str, Any]) -> None:
        data["question"] = data["statements"][0]["text"] = EVIL
        data["warnings"] = [EVIL]
        data["route"]["reason"] = EVIL
        data["made_with"] = {EVIL: EVIL}
        data["documents"][0]["document"] = EVIL
        data["coverage"]["unreadable"] = [EVIL]
        citation = data["statements"][0]["citations"][0]
        citation.update(document=EVIL, locator=EVIL, quote=EVIL)
        citation["support"] = {"label": "supports", "score": 1.0, "judge": EVIL}
        refused = {"statement": EVIL, "action": "statement_removed", "citations": [citation]}
        data["check"]["refused"] = [refused]
        data["absence"] = {"reason": EVIL, "terms": [EVIL], "missing_terms": [EVIL], "nearest": [citation]}

    answer = saved(poison)
    docqa("export", str(answer), str(lease), "-o", "evidence.html")
    page = (tmp_path / "evidence.html").read_text(encoding="utf-8")
    assert_takes_nothing_from_outside(page)
    assert "<img src=http" not in page
    assert page.count("</script>") == 1
    embedded = re.search(r'id="docqa-answer">(.*?)</script>', page, re.DOTALL)
    assert embedded is not None
    assert Answer.from_json(json.loads(embedded.group(1))).question == EVIL
    assert escaping.escape("<script>alert(1)</script>") in page


@pytest.mark.parametrize(
    "forge",
    [
        lambda c: c.update(quote=LEASE[1].replace("2027", "2029")),
        lambda c: c.update(page=2, locator="p. 2"),
        lambda c: c.update(quote="The tenant may keep an elephant."),
    ],
    ids=["changed digit", "swapped page", "invented"],
)
def test_a_forged_citation_is_not_dressed_up(
    docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path, forge: Callable[[dict[str, Any]], None]
) -> None:
    answer = saved(lambda data: forge(data["statements"][0]["citations"][0]))
    done = docqa("export", str(answer), str(lease), "-o", "evidence.html")
    assert done.code in (4, 5)
    assert "quote" in done.err
    assert "it does not stand" in Elements((tmp_path / "evidence.html").read_text(encoding="utf-8")).text


def test_a_refusal_shows_its_proof(docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path) -> None:
    answer = saved(question="Who painted the warehouse of the Mongolian embassy?")
    assert docqa("export", str(answer), str(lease)).code == 0
    text = Elements((tmp_path / "evidence.html").read_text(encoding="utf-8")).text
    for words in ("not found", "Looked in 1 of 1 pages for", "Nearest passages", "Mongolian"):
        assert words in text


def test_a_format_without_pages_shows_the_words_instead_of_a_picture(docqa: DocqaCommand, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Hall\n\nThe hall stands on <b>larch</b> piles driven in 1802.\n")
    docqa("ask", "notes.md", "What does the hall stand on?", "--export", "evidence.html")
    elements = Elements((tmp_path / "evidence.html").read_text(encoding="utf-8"))
    assert elements.of("img") == []
    assert elements.of("mark")
    assert "larch" in elements.text
    assert docqa("verify", "evidence.html", "notes.md").code == 0


def test_what_was_refused_stays_visible(docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path) -> None:
    def refuse(data: dict[str, Any]) -> None:
        citation = {**data["statements"][0]["citations"][0], "verdict": "absent", "quote": "It ends never."}
        refused = {"statement": "It never ends.", "action": "statement_removed", "citations": [citation]}
        data["check"].update(statements_drafted=2, refused=[refused])

    docqa("export", str(saved(refuse)), str(lease), "-o", "evidence.html")
    text = Elements((tmp_path / "evidence.html").read_text(encoding="utf-8")).text
    for words in ("What the check did not let through", "It never ends.", "left out of the answer", "absent"):
        assert words in text
    docqa("export", str(saved(refuse)), str(lease), "-o", "evidence.md")
    assert "Left out, since no passage bears it out: It never ends." in (tmp_path / "evidence.md").read_text()


def test_an_answer_as_markdown_is_read_by_verify_and_holds(
    docqa: DocqaCommand, saved: Saved, lease: Path, tmp_path: Path
) -> None:
    answer = saved()
    assert docqa("export", str(answer), str(lease), "-o", "evidence.md").code == 0
    text = (tmp_path / "evidence.md").read_text(encoding="utf-8")
    assert "[^1]: lease.pdf, p. 1: “" in text
    done = docqa("verify", "evidence.md", str(lease), "--json")
    assert done.code == 0, done.out
    n_citations = len(json.loads(answer.read_text())["statements"])
    assert json.loads(done.out)["citations_that_hold"] == n_citations
    (tmp_path / "evidence.md").write_text(text.replace("2027", "2029"), encoding="utf-8")
    assert docqa("verify", "evidence.md", str(lease)).code in (4, 5)


def test_a_markdown_quote_may_hold_marks_and_quotation_marks(docqa: DocqaCommand, tmp_path: Path) -> None:
    line = "The “old_quay” *is* [safe] in `winter` & 5 < 6 | says #4 at 12:30 (p. 9)."
    (tmp_path / "quay.pdf").write_bytes(one_page_pdf([line.replace("“", '"').replace("”", '"')]))
    docqa("ask", "quay.pdf", "Is the old quay safe in winter?", "--export", "evidence.md")
    done = docqa("verify", "evidence.md", "quay.pdf")
    assert done.code == 0, done.out + (tmp_path / "evidence.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["answer.json", "lease.pdf", "-o", "evidence.pdf"], 2, "is .html or .md"),
        (["answer.json", "lease.pdf", "-o", "absent/evidence.html"], 2, "cannot be written"),
        (["absent.json", "lease.pdf"], 2, "cannot be read"),
        (["other.html", "lease.pdf"], 2, "holds no answer of docqa"),
        (["notes.md", "lease.pdf"], 2, "is no saved answer"),
        (["answer.json", "absent.pdf"], 3, "absent.pdf"),
    ],
)
def test_a_mistake_is_one_line(
    docqa: DocqaCommand, saved: Saved, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    saved()
    (tmp_path / "other.html").write_text("<!doctype html><p>no answer</p>")
    (tmp_path / "notes.md").write_text("no answer")
    done = docqa("export", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert said in done.err
    assert not list(tmp_path.glob(".evidence*"))


def test_a_bad_suffix_is_refused_before_the_question_is_asked(docqa: DocqaCommand, lease: Path) -> None:
    done = docqa("ask", str(lease), QUESTION, "--export", "evidence.docx")
    assert (done.code, done.out) == (2, "")
    assert "is .html or .md" in done.err


def test_damaged_values_are_one_line(docqa: DocqaCommand, saved: Saved, lease: Path) -> None:
    answer = saved(lambda data: data["statements"][0]["citations"][0].update(boxes=[["a", 1, 2, 3]]))
    done = docqa("export", str(answer), str(lease))
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "wrong type" in done.err
