"""The page as a person has it: `docqa ui` in a process of its own, looked at with a real Chromium.

Chromium is the system's (Debian's package `chromium`, or what CHROMIUM names); Playwright only drives it. Whatever the
page asks of another host is kept, so that a test can say that there was nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, ViewportSize, expect, sync_playwright

TIMEOUT_S = 120.0  # on a busy machine; what is there is found at once
expect.set_options(timeout=1000 * TIMEOUT_S)


def chromium() -> str | None:
    """Where Chromium is, None when there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def docqa_ui(cache_dir: Path, *arguments: str) -> Iterator[str]:
    """A running `docqa ui`; gives the page's address."""
    port = free_port()
    command = [sys.executable, "-m", "docqa.app.cli", "ui", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(cache_dir / "config")}
    with subprocess.Popen(
        [*command, "--cache-dir", str(cache_dir), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=cache_dir.parent,
        bufsize=1,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("docqa: the page is at http://127.0.0.1:"), line
            yield line.split()[5]
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def free_port() -> int:
    """A port that nobody listens at."""
    with closing(socket.socket()) as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
        return port


@dataclass
class Visitor:
    """A person with a browser of their own; `strays` are requests that left the page's server."""

    url: str
    context: BrowserContext
    strays: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """A new tab with the page, ready to be used."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path if path.startswith("http") else self.url + path)
        expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
        return page

    def note(self, request: Request) -> None:
        """Keep a request that goes to another host."""
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self.strays.append(request.url)


@contextmanager
def visitor(
    browser: Browser,
    url: str,
    size: tuple[int, int] = (1280, 800),
    zoom: float = 1.0,
    look: Literal["light", "dark"] = "light",
) -> Iterator[Visitor]:
    """A visitor whose window has `size` pixels; zoomed by 2 the page has half as much room, as in a real browser.

    Afterwards nothing may have gone to another host, and no script of the page may have failed.
    """
    width, height = (round(side / zoom) for side in size)
    room: ViewportSize = {"width": width, "height": height}
    context = browser.new_context(
        viewport=room,
        device_scale_factor=zoom,
        color_scheme=look,
        reduced_motion="reduce",
    )
    context.set_default_timeout(1000 * TIMEOUT_S)
    person = Visitor(url, context)
    context.on("request", person.note)
    try:
        yield person
        assert person.strays == []  # no test has to remember to look
        assert person.complaints == []
    finally:
        context.close()


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless Chromium. Raises RuntimeError when there is none: without it nobody knows whether the page works."""
    path = chromium()
    if path is None:
        raise RuntimeError("chromium is not installed: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def add_documents(page: Page, *paths: Path) -> None:
    """Put files into the uploader on the left and wait until they have been read.

    Of a document that is known already the box is there at once; the uploader is empty when its file has been taken.
    """
    with page.expect_response(lambda response: "/upload_file/" in response.url):
        page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files(list(paths))
    expect(page.get_by_test_id("stFileUploaderFile")).to_have_count(0)
    for path in paths:
        expect(page.get_by_role("checkbox", name=path.name)).to_be_checked()


def ask(page: Page, question: str) -> None:
    """Type a question and send it."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")


def stop_button(page: Page) -> Locator:
    """What stops the answer that is being made; Streamlit has a button of that name outside the page's main part."""
    return page.get_by_role("main").get_by_role("button", name="Stop")
