"""What happens to an answer while it is being made: nobody has to stay for it, and nobody gets another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.app.slow_model import SlowServer, slow_server

from .browser import Visitor, add_documents, ask, docqa_ui, visitor
from .pdf_of_ours import BRIDGE, write_report

ARCH, OPENED = (
    "Its main arch spans 503 metres between the two pylons.",
    "The harbour bridge was opened to traffic in 1932.",
)
WORKING = "Best passages"


@pytest.fixture(scope="module")
def slow() -> Iterator[SlowServer]:
    with slow_server(r"main arch|opened to traffic") as server:
        yield server


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory, slow: SlowServer) -> Iterator[str]:
    """A server whose model waits to be let, with a document that has been read."""
    folder = tmp_path_factory.mktemp("runs")
    model = ("--model", "openai:test-model", "--base-url", slow.url, "--route", "rag")
    with docqa_ui(folder / "cache", *model) as url:
        yield url


@pytest.fixture
def asked(person: Visitor, tmp_path: Path) -> Page:
    """The page in the middle of an answer."""
    page = person.open()
    add_documents(page, write_report(tmp_path / "ostwick.pdf", BRIDGE).path)
    ask(page, "How long is the main arch?")
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible()
    return page


def shows_work(page: Page) -> None:
    """Assert that the page follows a run that goes on, step by step."""
    expect(page.get_by_test_id("stExpanderDetails").get_by_text(WORKING)).to_be_visible()
    expect(page.locator(".sentence")).to_have_count(0)


def test_a_reload_and_a_second_person_find_the_answer_that_is_being_made(
    browser: Browser, asked: Page, slow: SlowServer
) -> None:
    shows_work(asked)
    asked.reload()
    shows_work(asked)
    with visitor(browser, asked.url) as other:
        there = other.open(asked.url)
        shows_work(there)
        slow.let(1)
        for page in (asked, there):
            expect(page.locator(".sentence").first).to_contain_text(ARCH)
            expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_have_count(0)


def test_a_dropped_connection_finds_its_way_back(person: Visitor, tmp_path: Path, slow: SlowServer) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    person.context.route_web_socket("**/_stcore/stream", through)
    page = person.open()
    add_documents(page, write_report(tmp_path / "ostwick.pdf", BRIDGE).path)
    ask(page, "When was the bridge opened to traffic?")
    shows_work(page)
    sockets[-1].close()
    slow.let(1)
    expect(page.locator(".sentence").first).to_contain_text(OPENED)
    assert len(sockets) > 1


def test_stop_stops(asked: Page, slow: SlowServer) -> None:
    n_asked = slow.n_asked
    asked.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    expect(asked.get_by_text("Stopping").first).to_be_visible()
    slow.let(1)
    expect(asked.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_have_count(0)
    expect(asked.get_by_role("button", name="Ask again").first).to_be_visible()
    assert slow.n_asked <= n_asked + 1


def test_two_people_at_once_do_not_mix(browser: Browser, page_url: str, slow: SlowServer, tmp_path: Path) -> None:
    report = write_report(tmp_path / "ostwick.pdf", BRIDGE)
    with visitor(browser, page_url) as one, visitor(browser, page_url) as two:
        ours, theirs = one.open(), two.open()
        for page, question in ((ours, "How long is the main arch?"), (theirs, "When was it opened to traffic?")):
            add_documents(page, report.path)
            ask(page, question)
            shows_work(page)
        slow.let(2)
        expect(ours.locator(".sentence").first).to_be_visible()
        expect(theirs.locator(".sentence").first).to_be_visible()
        expect(ours.get_by_test_id("stChatMessage").first).to_contain_text("How long is the main arch?")
        expect(theirs.get_by_test_id("stChatMessage").first).to_contain_text("When was it opened to traffic?")
        for page in (ours, theirs):
            expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
        assert ours.url != theirs.url
