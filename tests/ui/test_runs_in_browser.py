"""What happens to an answer while it is being made: nobody has to stay for it, and nobody gets another's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.app.slow_model import SlowServer, slow_server

from .browser import TIMEOUT_S, Visitor, add_documents, ask, docqa_ui, stop_button, visitor
from .pdf_of_ours import BRIDGE, write_report

ARCH, OPENED = (
    "Its main arch spans 503 metres between the two pylons.",
    "The harbour bridge was opened to traffic in 1932.",
)
WORKING = "Best passages"


@pytest.fixture(scope="module")
def model() -> Iterator[SlowServer]:
    with slow_server(r"main arch|opened to traffic") as server:
        yield server


@pytest.fixture
def slow(model: SlowServer) -> Iterator[SlowServer]:
    """The model's server with nothing let; what a test has left waiting takes nothing of what the next one lets."""
    yield model
    model.let_go()


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory, model: SlowServer) -> Iterator[str]:
    """A server whose model waits to be let. It remembers replies, so every test has questions of its own."""
    folder = tmp_path_factory.mktemp("runs")
    chosen = ("--model", "openai:test-model", "--base-url", model.url, "--route", "rag")
    with docqa_ui(folder / "cache", *chosen) as url:
        yield url


def asked(page: Page, slow: SlowServer, folder: Path, question: str) -> Page:
    """The page in the middle of an answer to a question about the bridge: the model has been asked."""
    add_documents(page, write_report(folder / "ostwick.pdf", BRIDGE).path)
    n_asked = slow.n_asked
    ask(page, question)
    expect(stop_button(page)).to_be_visible()
    deadline = time.monotonic() + TIMEOUT_S
    while slow.n_asked == n_asked:
        assert time.monotonic() < deadline, "the model was not asked"
        page.wait_for_timeout(50)
    return page


def shows_work(page: Page) -> None:
    """Assert that the page follows a run that goes on, step by step."""
    expect(page.get_by_test_id("stExpanderDetails").get_by_text(WORKING)).to_be_visible()
    expect(page.locator(".sentence")).to_have_count(0)


def test_a_reload_and_a_second_person_find_the_answer_that_is_being_made(
    browser: Browser, person: Visitor, slow: SlowServer, tmp_path: Path
) -> None:
    here = asked(person.open(), slow, tmp_path, "How long is the main arch?")
    shows_work(here)
    here.reload()
    shows_work(here)
    with visitor(browser, here.url) as other:
        there = other.open(here.url)
        shows_work(there)
        slow.let(1)
        for page in (here, there):
            expect(page.locator(".sentence")).to_have_count(1)
            expect(page.locator(".sentence")).to_contain_text(ARCH)
            expect(stop_button(page)).to_have_count(0)


def test_a_dropped_connection_finds_its_way_back(person: Visitor, tmp_path: Path, slow: SlowServer) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    person.context.route_web_socket("**/_stcore/stream", through)
    page = asked(person.open(), slow, tmp_path, "When was the bridge opened to traffic?")
    shows_work(page)
    sockets[-1].close()
    slow.let(1)
    expect(page.locator(".sentence")).to_contain_text(OPENED)
    assert len(sockets) > 1


def test_stop_stops_at_once_and_not_when_the_model_is_done(person: Visitor, slow: SlowServer, tmp_path: Path) -> None:
    page = asked(person.open(), slow, tmp_path, "What is the main arch made of?")
    shows_work(page)
    n_asked = slow.n_asked
    stop_button(page).click()
    expect(page.get_by_text("Stopped before anything was proved.")).to_be_visible()  # the model was never let
    expect(stop_button(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Ask again").first).to_be_visible()
    slow.let_go()
    page.reload()
    expect(page.get_by_text("Stopped before anything was proved.")).to_be_visible()
    assert slow.n_asked == n_asked


def test_two_people_at_once_do_not_mix(browser: Browser, page_url: str, slow: SlowServer, tmp_path: Path) -> None:
    questions = ("What does the main arch span?", "When was it opened to traffic?")
    with visitor(browser, page_url) as one, visitor(browser, page_url) as two:
        pages = [
            asked(person.open(), slow, tmp_path, question)
            for person, question in zip((one, two), questions, strict=True)
        ]
        for page in pages:
            shows_work(page)
        slow.let(2)
        for page, question, sentence in zip(pages, questions, (ARCH, OPENED), strict=True):
            expect(page.locator(".sentence")).to_have_count(1)
            expect(page.locator(".sentence")).to_contain_text(sentence)
            expect(page.get_by_test_id("stChatMessage").first).to_contain_text(question)
            expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
        assert pages[0].url != pages[1].url
