"""`docqa ui` from the command line: mistakes in one line, and where the page is."""

from __future__ import annotations

import importlib.util
import socket
from contextlib import closing

import pytest

from .conftest import DocqaCommand


def test_without_the_extra_one_line_names_it(docqa: DocqaCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docqa.app.ui_command.find_spec", lambda name: None)
    run = docqa("ui")
    assert (run.code, run.out) == (2, "")
    assert run.err == "docqa: docqa ui needs the extra `ui`: pip install 'docqa[ui]'\n"


def test_a_port_in_use_is_one_line(docqa: DocqaCommand) -> None:
    assert importlib.util.find_spec("streamlit") is not None
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        run = docqa("ui", "--no-browser", "--port", port)
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert f"port {port} is in use" in run.err


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--host", "no.such.host.invalid"), ("--model", "parrot")])
def test_what_cannot_be_served_is_one_line(docqa: DocqaCommand, arguments: tuple[str, ...]) -> None:
    run = docqa("ui", "--no-browser", *arguments)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
