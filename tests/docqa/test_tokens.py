"""Token counts without a download."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from docqa import tokens
from docqa.tokens import TokenCount, count_tokens


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    tokens._encoding.cache_clear()


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize(("encoding", "n_tokens"), [("o200k_base", 2), ("cl100k_base", 2)])
def test_tokens_are_counted_with_sockets_blocked(encoding: str, n_tokens: int) -> None:
    assert count_tokens("hello world", encoding) == TokenCount(n_tokens, estimated=False)


@pytest.mark.usefixtures("no_sockets")
def test_text_that_looks_like_a_control_token_is_counted_as_text() -> None:
    assert count_tokens("<|endoftext|>").n_tokens > 1


@pytest.mark.usefixtures("no_sockets")
def test_an_unknown_vocabulary_gives_an_estimate_that_says_so() -> None:
    assert count_tokens("hello world!", "p50k_base") == TokenCount(3, estimated=True)


@pytest.mark.parametrize("value", [None, "/somewhere/of/the/user"])
def test_the_users_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    tokens._encoding.cache_clear()
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    if value is not None:
        monkeypatch.setenv("TIKTOKEN_CACHE_DIR", value)
    assert not count_tokens("hello").estimated
    assert os.environ.get("TIKTOKEN_CACHE_DIR") == value


def test_counting_does_not_import_llama_index() -> None:
    code = (
        "import sys\nfrom docqa.tokens import count_tokens\nassert not count_tokens('hi').estimated\n"
        "sys.exit(any(m == 'llama_index' or m.startswith('llama_index.') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
