"""The server that the user named: its address, and what is and is not sent to it."""

from __future__ import annotations

import pytest

from docqa.errors import ModelRejected, UsageError
from docqa.llm.base import Message, Sampling
from docqa.llm.remote import RemoteLLM
from docqa.llm.scripted import ScriptedLLM
from docqa.llm.server import Server

from .openai_server import Kind, OpenAIServer, status

QUESTION = (Message("user", "Which colour has the sun?"),)


def test_only_what_the_protocol_needs_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "somebody's secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: somebody's secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://192.0.2.1/v1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:3128")
    with OpenAIServer(ScriptedLLM(lambda _: "Yellow."), Kind(tokenize_key="prompt")) as server:
        remote = server.remote()
        remote.complete(QUESTION)
        list(remote.stream(QUESTION))
        remote.count_tokens("How long is a text?")
        sent = {name for request in server.requests for name in request.headers}
        values = {value for request in server.requests for value in request.headers.values()}
    needed = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
    assert sent == needed
    assert "somebody's secret" not in values


def test_the_key_is_sent_to_the_server_and_shown_nowhere() -> None:
    with OpenAIServer(ScriptedLLM(["Yellow."]), Kind(api_key="sk-very-secret")) as server:
        remote = server.remote(api_key="sk-very-secret")
        assert remote.complete(QUESTION).text == "Yellow."
        server.fail(status(400, "the key sk-very-secret may not do this"))
        with pytest.raises(ModelRejected, match=r"the key \*\*\* may not") as caught:
            remote.complete(QUESTION)
    assert "sk-very-secret" not in repr(remote.server) + remote.fingerprint + str(caught.value)


def test_two_models_share_a_fingerprint_only_if_everything_but_the_key_is_the_same() -> None:
    def fingerprint(model: str = "m", url: str = "http://a", key: str = "", sampling: Sampling | None = None) -> str:
        remote = RemoteLLM(model, Server(url, key), sampling)
        remote.close()
        return remote.fingerprint

    assert fingerprint() == fingerprint(key="k") == fingerprint(url="http://a/v1/")
    others = [fingerprint(model="n"), fingerprint(url="http://b"), fingerprint(sampling=Sampling(0.5))]
    assert len({fingerprint(), *others}) == 4


@pytest.mark.parametrize(
    ("given", "base_url", "root_url"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1", "http://localhost:8000"),
        (" http://localhost:8000/v1/ ", "http://localhost:8000/v1", "http://localhost:8000"),
        ("https://api.example.org/openai/v1", "https://api.example.org/openai/v1", "https://api.example.org/openai"),
        ("http://[::1]:11434", "http://[::1]:11434/v1", "http://[::1]:11434"),
        ("https://example.org/custom", "https://example.org/custom", "https://example.org/custom"),
    ],
)
def test_an_address_is_completed(given: str, base_url: str, root_url: str) -> None:
    server = Server(given)
    assert (server.base_url, server.root_url) == (base_url, root_url)


@pytest.mark.parametrize(
    "given", ["", "localhost:8000", "ftp://a", "http://", "http://a:b", "http://u:p@a", "http://a?k=1"]
)
def test_an_address_that_cannot_be_one_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="expected an address such as"):
        Server(given)
