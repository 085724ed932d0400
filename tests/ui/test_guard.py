"""What stands before the page: no foreign name, no foreign content."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from docqa.ui.guard import Guard
from docqa.ui.server import own_names


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})
    else:
        await send({"type": "websocket.accept"})


def sent(host: str, hosts: list[str], kind: str = "http") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    scope = {"type": kind, "headers": [(b"host", host.encode())]}
    asyncio.run(Guard(_app, hosts)(scope, None, send))  # type: ignore[arg-type]
    return messages


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost", "LOCALHOST:1", "[::1]:8501"])
def test_the_page_goes_by_its_own_names(host: str) -> None:
    assert sent(host, own_names("127.0.0.1"))[0]["status"] == 200
    assert sent(host, own_names("127.0.0.1"), "websocket")[0]["type"] == "websocket.accept"


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example:8501", "", "[::2]:8501"])
def test_another_name_that_leads_here_is_refused(host: str) -> None:
    assert sent(host, own_names("127.0.0.1"))[0]["status"] == 421
    assert sent(host, own_names("127.0.0.1"), "websocket")[0]["type"] == "websocket.close"


def test_a_page_that_is_open_to_others_goes_by_the_name_that_was_given() -> None:
    assert sent("reports.local:80", own_names("reports.local"))[0]["status"] == 200
    assert sent("127.0.0.1", own_names("reports.local"))[0]["status"] == 421
    assert sent("anything", own_names("0.0.0.0"))[0]["status"] == 200


def test_every_answer_forbids_the_browser_all_other_hosts() -> None:
    headers = dict(sent("127.0.0.1:8501", ["127.0.0.1"])[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws://127.0.0.1:8501 wss://127.0.0.1:8501" in policy
    assert "http" not in policy.replace("http://127", "")
    assert headers[b"x-content-type-options"] == b"nosniff"
