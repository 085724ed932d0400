"""A browser for all tests of the page, and a server with documents for those that only look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .browser import Visitor, browsing, chromium, docqa_ui, visitor


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium() is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache directory of the server."""
    return tmp_path_factory.mktemp("page") / "cache"


@pytest.fixture(scope="module")
def page_url(cache: Path) -> Iterator[str]:
    """A server that may not connect to anything."""
    with docqa_ui(cache, "--offline") as url:
        yield url


@pytest.fixture
def person(browser: Browser, page_url: str) -> Iterator[Visitor]:
    with visitor(browser, page_url) as person:
        yield person
