"""Pictures of the page's main states, for the documentation: `python -m tests.ui.pictures docs/page`.

They are taken of the sample report, by the Chromium that the tests use, and made small enough for a repository.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.app.slow_model import SlowServer, slow_server

from .browser import add_documents, ask, browsing, docqa_ui, stop_button, visitor

SAMPLE = Path(__file__).parents[2] / "samples" / "tidewater-annual-report.pdf"
SURPLUS = "What was the operating surplus in 2024?"
NOWHERE = "What is the salary of the managing director?"
GATE = "At what time was sluice gate 4 closed by hand in the storm of February 2024?"
_MAX_BYTES = 200_000
_N_COLOURS = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, slow_server("operating surplus") as slow, browsing() as browser:
        cache = Path(work) / "cache"
        cache.mkdir()
        measure(Path(work) / "runs" / "needles", cache)
        with docqa_ui(cache) as url:
            take_all(browser, url, folder)
        model = ("--model", "openai:test-model", "--base-url", slow.url, "--route", "chain")
        with docqa_ui(cache, *model) as url:
            take_running(browser, url, slow, folder)


def measure(out: Path, cache: Path) -> None:
    """A run of `docqa eval` where the page looks for some."""
    lengths = ("--lengths", "1000,4000,16000", "--depths", "0,0.25,0.5,0.75,1", "--each", "2")
    command = ["eval", "ruler/niah", *lengths, "--out", str(out), "--cache-dir", str(cache)]
    subprocess.run([sys.executable, "-m", "docqa.app.cli", *command], check=True, stdout=subprocess.DEVNULL)


def take_running(browser: Browser, url: str, slow: SlowServer, folder: Path) -> None:
    """In the middle of an answer."""
    with visitor(browser, url) as person:
        page = person.open()
        ask(page, SURPLUS)
        slow.let(1)
        expect(page.get_by_text("Read part 1 of").first).to_be_visible()
        keep(page, folder / "running.png")
        slow.let()


def take_all(browser: Browser, url: str, folder: Path) -> None:
    """What needs no model."""
    with visitor(browser, url) as person:
        page = person.open()
        keep(page, folder / "empty.png")
        add_documents(page, SAMPLE)
        ask(page, SURPLUS)
        settle(page)
        page.locator(".sentence").nth(1).hover()
        keep(page, folder / "answer.png")
        address = page.url
        page.locator(".card .crop").nth(1).click()
        settle(page)
        keep(page, folder / "whole-page.png")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Settings").click()
        expect(page.get_by_role("dialog").get_by_label("Tokens")).to_be_visible()
        keep(page, folder / "settings.png")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="New conversation").click()
        ask(page, NOWHERE)
        page.locator(".card img").first.wait_for()
        settle(page)
        keep(page, folder / "not-found.png")
        page.get_by_role("link", name="Evaluations").click()
        expect(page.get_by_role("img", name="Quality by length")).to_be_visible()
        keep(page, folder / "evaluation.png")
    with visitor(browser, url, look="dark") as person:
        page = person.open(address)
        settle(page)
        keep(page, folder / "dark.png")
    with visitor(browser, url, zoom=2.0) as person:
        page = person.open(address)
        settle(page)
        page.locator(".answer").scroll_into_view_if_needed()
        keep(page, folder / "zoom.png")


def settle(page: Page) -> None:
    """Wait until what is being shown has come to rest: no picture is missing, no part waits for the server."""
    expect(stop_button(page)).to_have_count(0)
    page.wait_for_load_state("networkidle")
    for crop in page.locator(".card img").all()[:2]:  # those in sight; the others are fetched when they come into it
        crop.evaluate("image => image.decode()")


def keep(page: Page, path: Path) -> None:
    """Write what the window shows, with fewer colours where it would be too large."""
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(800)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if shot.width > 1280:
        shot = shot.resize((1280, shot.height * 1280 // shot.width), Image.Resampling.LANCZOS)
    shot.quantize(_N_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < _MAX_BYTES, f"{path.name} has {path.stat().st_size} bytes"


if __name__ == "__main__":
    main()
