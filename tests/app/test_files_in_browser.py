"""The files that docqa writes for people, opened in a real Chromium: whole, quiet, and asking nobody for anything."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.ui.browser import browsing, chromium

from .conftest import DocqaCommand
from .test_eval_commands import articles

HOSTILE = "</script><script>fetch('http://evil.example')</script><img src=http://evil.example/x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    with browsing() as browser:
        yield browser


@contextmanager
def opened(browser: Browser, file: Path) -> Iterator[Page]:
    """The file in a window; leaving fails when it asked for anything else or complained."""
    page = browser.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(file.as_uri())
    yield page
    page.close()
    assert [url for url in asked if not url.startswith("data:image/png")] == [file.as_uri()]
    assert complaints == []


def test_an_evidence_file_shows_its_pictures_and_keeps_to_itself(
    docqa: DocqaCommand, browser: Browser, lease: Path, tmp_path: Path
) -> None:
    docqa("ask", str(lease), "When does it end unless it is renewed in writing?", "--export", "evidence.html")
    with opened(browser, tmp_path / "evidence.html") as page:
        assert page.locator("section.answer").inner_text().count("31 May 2027") == 1
        widths = page.locator("img").evaluate_all("pictures => pictures.map(p => p.complete && p.naturalWidth)")
        assert widths
        assert min(widths) >= 600
        page.locator("a.mark").first.click()
        assert page.locator("figure:target").count() == 1


def test_hostile_words_in_an_evidence_file_do_nothing(
    docqa: DocqaCommand, browser: Browser, lease: Path, tmp_path: Path
) -> None:
    answer = json.loads(docqa("ask", str(lease), "What is the yearly rent?", "--json").out)
    answer["question"] = answer["statements"][0]["text"] = answer["route"]["reason"] = HOSTILE
    answer["statements"][0]["citations"][0].update(document=HOSTILE, locator=HOSTILE, quote=HOSTILE)
    (tmp_path / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    docqa("export", "answer.json", str(lease), "-o", "evidence.html")
    with opened(browser, tmp_path / "evidence.html") as page:
        assert HOSTILE in page.locator("h1").inner_text()


def test_the_reports_of_an_evaluation_draw_their_plots_and_keep_to_themselves(
    docqa: DocqaCommand, browser: Browser, tmp_path: Path
) -> None:
    towns = [{**town, "title": f"{HOSTILE} {n}"} for n, town in enumerate(articles(3, 3))]
    (tmp_path / "towns.json").write_text(json.dumps({"data": towns}), encoding="utf-8")
    for strategy in ("rag", "chain"):
        docqa("eval", "squad", "--data", "towns.json", "--strategy", strategy, "--out", strategy, "-q")
    docqa("eval", "compare", "rag", "chain", "--out", "both")
    for name, title in (("rag/report.html", "Figures with 95 % intervals"), ("both/comparison.html", "against cost")):
        with opened(browser, tmp_path / name) as page:
            box = page.locator("svg", has_text=title).bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) > 100
