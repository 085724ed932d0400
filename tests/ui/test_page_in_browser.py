"""The page in a real browser: what a person does, and what the person then sees."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from docqa.agents.events import Finished
from docqa.app.run_log import Run, RunLog
from docqa.documents import Box
from tests.app.answers_of_ours import ANSWERED

from .browser import Visitor, add_documents, ask, visitor
from .pdf_of_ours import BRIDGE, Report, write_report

QUESTION = "How long is the main arch of the bridge?"
SENTENCE = "Its main arch spans 503 metres between the two pylons."
PIXELS_PER_POINT = 2


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return write_report(tmp_path_factory.mktemp("report") / "ostwick.pdf", BRIDGE)


@pytest.fixture(scope="module")
def address(browser: Browser, page_url: str, report: Report) -> str:
    """Where the answer to the question is, after somebody has uploaded the document and asked."""
    with visitor(browser, page_url) as person:
        page = person.open()
        add_documents(page, report.path)
        ask(page, QUESTION)
        expect(page.locator(".sentence").first).to_contain_text(SENTENCE)
        return page.url


@pytest.fixture
def answered(person: Visitor, address: str) -> Page:
    """The page with the answer to the question."""
    page = person.open(address)
    expect(page.locator(".sentence").first).to_contain_text(SENTENCE)
    return page


def picture(page: Page, image: Locator) -> Image.Image:
    """The picture that an element shows, from the server."""
    source = image.evaluate("image => image.src")
    return Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB")


def marked_box(shown: Image.Image) -> tuple[int, int, int, int]:
    """The pixels around all that is marked: the marker's yellow has far less blue than red, also over print."""
    red, _, blue = (channel.astype(int) for channel in np.moveaxis(np.asarray(shown), 2, 0))
    rows, columns = np.nonzero(red - blue > 60)
    assert rows.size, "nothing is marked"
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_the_marked_pixels_lie_on_the_quoted_words(answered: Page, report: Report) -> None:
    card = answered.locator(".card").first
    expect(card).to_contain_text("ostwick.pdf, p. 2")
    expect(card.locator(".badge").first).to_have_text("verbatim")
    expect(card.locator("img")).to_be_visible()
    crop = picture(answered, card.locator("img"))
    card.get_by_role("button", name="Whole page").click()
    whole = picture(answered, answered.locator("dialog img.page"))

    index, words = report.box_of(SENTENCE)
    assert index == 1
    marked = marked_box(whole)
    shown = Box(*(side / PIXELS_PER_POINT for side in marked))
    assert shown.x0 <= words.x0 + 1 <= shown.x0 + 4
    assert shown.x1 - 4 <= words.x1 - 1 <= shown.x1
    assert shown.y0 <= words.y0 + 1.5 <= shown.y0 + 7
    assert shown.y1 - 7 <= words.y1 - 1.5 <= shown.y1

    inner = marked_box(crop)
    assert (inner[2] - inner[0], inner[3] - inner[1]) == (marked[2] - marked[0], marked[3] - marked[1])
    left, top = marked[0] - inner[0], marked[1] - inner[1]
    assert whole.crop((left, top, left + crop.width, top + crop.height)).tobytes() == crop.tobytes()


def test_a_click_shows_the_whole_page_with_its_neighbours_and_its_text(answered: Page) -> None:
    answered.locator(".card .crop").first.click()
    viewer = answered.locator("dialog.viewer")
    expect(viewer).to_be_visible()
    expect(viewer.get_by_role("heading")).to_have_text("ostwick.pdf, p. 2")
    expect(viewer.locator("img.page")).to_have_attribute("alt", f"ostwick.pdf, p. 2, marked: “{SENTENCE}”")
    answered.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("heading")).to_have_text("ostwick.pdf, p. 3")
    expect(viewer.get_by_role("button", name="After")).to_be_disabled()
    expect(viewer.locator("img.page")).to_have_js_property("naturalWidth", 1190)
    viewer.get_by_role("button", name="Back to the quote").click()
    viewer.get_by_role("button", name="Text").click()
    expect(viewer.locator("mark")).to_have_text(SENTENCE)
    answered.keyboard.press("Escape")
    expect(viewer).to_be_hidden()


def test_sentence_and_evidence_mark_each_other_by_mouse_and_by_keyboard(answered: Page) -> None:
    sentence, card = answered.locator(".sentence").first, answered.locator(".card").first
    sentence.hover()
    expect(card).to_contain_class("marked")
    answered.mouse.move(1, 1)
    expect(card).not_to_contain_class("marked")
    card.focus()
    expect(sentence).to_contain_class("marked")
    card.blur()
    expect(sentence).not_to_contain_class("marked")
    sentence.focus()
    expect(card).to_contain_class("marked")
    answered.keyboard.press("Enter")
    expect(card).to_be_in_viewport()


def test_what_is_not_there_is_said_with_the_proof(answered: Page) -> None:
    answered.get_by_role("button", name="New conversation").click()
    ask(answered, "Who wrote the symphony about photosynthesis in Brazil?")
    expect(answered.get_by_text("Nowhere in the documents")).to_be_visible()
    expect(answered.get_by_text("Read 3 of 3 pages").last).to_be_visible()
    expect(answered.locator(".sentence")).to_have_count(0)


def test_a_follow_up_stays_in_the_conversation_and_an_old_one_is_found_again(answered: Page, address: str) -> None:
    ask(answered, "And when was it opened to traffic?")
    expect(answered.locator(".answer").nth(1)).to_contain_text("1932")
    answered.get_by_role("button", name="New conversation").click()
    expect(answered.locator(".sentence")).to_have_count(0)
    answered.get_by_role("button", name=QUESTION).first.click()
    expect(answered.locator(".answer").nth(1)).to_contain_text("1932")
    assert address.split("conversation=")[1][:8] in answered.url


def test_back_and_forward_go_through_the_conversations(answered: Page, address: str) -> None:
    answered.get_by_role("button", name="New conversation").click()
    expect(answered.locator(".sentence")).to_have_count(0)
    ask(answered, "What carries forty passengers?")
    expect(answered.locator(".sentence").first).to_contain_text("ferry")
    there = answered.url
    answered.go_back()
    expect(answered.locator(".sentence")).to_have_count(0)
    answered.go_back()
    expect(answered.locator(".sentence").first).to_contain_text(SENTENCE)
    assert answered.url == address
    answered.go_forward()
    answered.go_forward()
    expect(answered.locator(".sentence").first).to_contain_text("ferry")
    assert answered.url == there


def test_what_was_refused_is_shown_when_asked_for_and_without_its_document(person: Visitor, cache: Path) -> None:
    with closing(RunLog(cache, notify=pytest.fail)) as log:
        log.begin(Run("ab12", "c0c0c0c0", ANSWERED.question, ("ab",), owner="0" * 16))
        log.append("ab12", Finished(ANSWERED), "done")
    page = person.open("/?run=ab12")
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator(".card").last).to_contain_text("OCR 71%")
    expect(page.get_by_text("p. 14 was read by OCR.")).to_be_visible()
    page.get_by_text("Show what was refused (1)").click()
    expect(page.locator(".card")).to_have_count(3)
    refused = page.locator(".card").last
    expect(refused).to_contain_text("Left out of the answer")
    expect(refused).to_contain_text("on another page")
    expect(page.locator(".card .crop")).to_have_count(0)  # there is no such document to take pictures of
    refused.get_by_role("button", name="Whole page").click()
    expect(page.locator("dialog[open] .text")).to_contain_text("is not in the library")


def test_a_file_that_another_site_sends_is_refused(person: Visitor, cache: Path) -> None:
    page = person.open()
    with page.expect_request("**/_stcore/upload_file/**") as sent:
        page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(
            {"name": "note.txt", "mimeType": "text/plain", "buffer": b"The lamp is red."}
        )
    assert sent.value.headers["x-xsrftoken"]
    expect(page.get_by_role("checkbox", name="note.txt")).to_be_checked()
    kept = set((cache / "uploads").rglob("*"))
    evil: FilePayload = {"name": "evil.txt", "mimeType": "text/plain", "buffer": b"The lamp is green."}
    reply = page.request.put(
        sent.value.url, multipart={"file": evil}
    )  # with the cookie, which another site can send too
    assert reply.status == 403
    assert set((cache / "uploads").rglob("*")) == kept


@pytest.mark.parametrize(("label", "suffix"), [("Web page", "html"), ("Markdown", "md"), ("JSON", "json")])
def test_an_answer_is_taken_away_as_a_file_that_docqa_verifies(
    answered: Page, report: Report, tmp_path: Path, label: str, suffix: str
) -> None:
    answered.get_by_role("button", name="Save").first.click()
    with answered.expect_download() as waited:
        answered.get_by_role("button", name=label).click()
    path = tmp_path / waited.value.suggested_filename
    waited.value.save_as(path)
    assert path.suffix == f".{suffix}"
    assert SENTENCE in path.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "docqa.app.cli", "verify", str(path), str(report.path)]
    done = subprocess.run([*command, "--cache-dir", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


SCRIPT = "<script>window.hacked = 1</script>"
IMAGE = "<img src=http://elsewhere.example/a.png onerror=window.hacked=1>"
MARKDOWN = "![x](http://elsewhere.example/b.png)"
LONG = "unbreakable" * 40


def test_a_hostile_document_does_no_harm(person: Visitor, tmp_path: Path) -> None:
    path = tmp_path / f"evil <b> {MARKDOWN.replace('/', ':')} {'w' * 60}.txt"
    sentence = f"The hostile sentence holds {SCRIPT} and {IMAGE} and {MARKDOWN} and {LONG} at its end."
    path.write_text(f"{sentence}\n", encoding="utf-8")
    page = person.open()
    page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(path)
    expect(page.get_by_role("checkbox", name="evil").first).to_be_checked()
    ask(page, f"What does the hostile sentence hold? {SCRIPT} {MARKDOWN} {LONG}")
    expect(page.locator(".sentence").first).to_contain_text(SCRIPT)
    expect(page.locator(".card").first).to_contain_text(IMAGE)
    page.get_by_role("button", name="Show in context").first.click()
    expect(page.locator("dialog mark")).to_contain_text(MARKDOWN)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src*=elsewhere]").count() == 0
    for wide in ("html", "dialog .body", ".card >> nth=0", ".answer"):
        spare = page.locator(wide).evaluate("each => each.clientWidth - each.scrollWidth")
        assert spare >= -1, wide


def test_each_side_fits_at_twice_the_size_and_in_the_dark(browser: Browser, page_url: str, address: str) -> None:
    with visitor(browser, page_url, zoom=2.0, look="dark") as person:
        page = person.open(address)
        expect(page.locator(".card img").first).to_be_visible()
        assert page.locator("html").evaluate("each => each.scrollWidth - each.clientWidth") <= 1
        sentence, card = (page.locator(part).first.bounding_box() for part in (".sentence", ".card"))
        assert sentence is not None
        assert card is not None
        assert sentence["y"] + sentence["height"] <= card["y"]  # one below the other, nothing on top of anything
        background = page.locator(".card").first.evaluate("each => getComputedStyle(each).backgroundColor")
        assert sum(map(int, background.removeprefix("rgb(").rstrip(")").split(","))) < 200
