"""How much a server reads, and how many tokens a text has, as each kind of server tells it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from docqa import tokens
from docqa.llm.scripted import ScriptedLLM
from docqa.llm.token_counting import least_tokens, most_tokens

from .openai_server import Kind, OpenAIServer

OLLAMA_CARD: Mapping[str, Any] = {"owned_by": "library"}
LOADED = {"models": [{"name": "other:latest"}, {"name": "test-model:latest", "context_length": 4096}]}


@pytest.mark.parametrize(
    ("card", "pages", "n_tokens", "source"),
    [
        ({"max_model_len": 32768}, {"/props": {"default_generation_settings": {"n_ctx": 1}}}, 32768, "/v1/models"),
        ({"context_window": 131072}, {}, 131072, "/v1/models"),
        ({"meta": {"n_ctx": 16384, "n_ctx_train": 131072}}, {}, 16384, "/v1/models meta.n_ctx"),
        (
            {"meta": {"n_ctx_train": 131072}},
            {"/props": {"default_generation_settings": {"n_ctx": 2048}}},
            2048,
            "/props n_ctx",
        ),
        (OLLAMA_CARD, {"/api/ps": LOADED}, 4096, "/api/ps"),
        (
            OLLAMA_CARD,
            {"/api/ps": {"models": []}, "/api/show": {"model_info": {}, "parameters": "stop x\nnum_ctx    16384"}},
            16384,
            "/api/show",
        ),
        (OLLAMA_CARD, {"/api/ps": {"models": []}, "/api/show": {"model_info": {}}}, 4096, "/api/show"),
        ({"meta": {"n_ctx_train": 131072}}, {}, 131072, "/v1/models meta.n_ctx_train"),
        ({"max_model_len": "many"}, {"/props": ["odd"], "/api/ps": {"models": None}}, 8192, "assumption"),
    ],
)
def test_the_context_length_is_found_where_each_server_keeps_it(
    card: Mapping[str, Any], pages: Mapping[str, Any], n_tokens: int, source: str
) -> None:
    with OpenAIServer(ScriptedLLM([]), Kind(model_card=card, pages=pages)) as server:
        remote = server.remote()
        assert remote.context_length == n_tokens
        assert remote.found_context.source == source
        n_requests = len(server.requests)
        assert remote.context_length == n_tokens
        assert len(server.requests) == n_requests <= 7
        assert server.chats == []


def test_an_ollama_model_is_loaded_so_that_its_size_is_known() -> None:
    pages: dict[str, Any] = {"/api/ps": {"models": []}, "/api/generate": {"done": True}}
    with OpenAIServer(ScriptedLLM([]), Kind(model_card=OLLAMA_CARD, pages=pages)) as server:
        remote = server.remote()
        n_asked = 0

        class Running(dict[str, Any]):
            def items(self) -> Any:  # json.dumps asks a dict for its items: a look at a model that loads meanwhile
                nonlocal n_asked
                n_asked += 1
                return (LOADED if n_asked > 1 else {"models": []}).items()

        pages["/api/ps"] = Running(models=[])
        assert remote.context_length == 4096
        posted = [request.body for request in server.requests if request.path == "/api/generate"]
    assert posted == [{"model": "test-model", "stream": False}]


def test_what_the_user_says_goes_before_what_the_server_says() -> None:
    with OpenAIServer(ScriptedLLM([])) as server:
        assert server.remote(context_length=1234).context_length == 1234
        assert server.requests == []


def test_an_assumed_length_is_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    with OpenAIServer(ScriptedLLM([]), Kind(model_card={})) as server, caplog.at_level(logging.WARNING, "docqa"):
        remote = server.remote()
        assert remote.context_length == 8192
    assert remote.found_context.assumed
    assert "8192 tokens are assumed; set context_length" in caplog.text


@pytest.mark.parametrize("key", ["prompt", "content"])
def test_long_texts_are_counted_by_the_server_and_each_only_once(key: Any) -> None:
    text = "This sentence is forty characters long. " * 100
    with OpenAIServer(ScriptedLLM([]), Kind(tokenize_key=key, tokens_per_char=0.5)) as server:
        remote = server.remote()
        assert remote.count_tokens(text) == 2000
        n_requests = len(server.requests)
        assert remote.count_tokens(text) == 2000
        assert len(server.requests) == n_requests


@pytest.mark.parametrize("per_char", [0.2, 0.5, 1.0])
def test_short_texts_are_estimated_on_the_high_side_without_a_request(per_char: float) -> None:
    texts = ("The tenant shall give notice in writing.", "Die Kündigung bedarf der Schriftform.", "Срок аренды истёк.")
    with OpenAIServer(ScriptedLLM([]), Kind(tokenize_key="prompt", tokens_per_char=per_char)) as server:
        remote = server.remote()
        remote.count_tokens("")
        n_requests = len(server.requests)
        for text in texts:
            assert per_char * len(text) <= remote.count_tokens(text) <= 3 * per_char * len(text)
        assert len(server.requests) == n_requests


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The tenant shall give notice in writing. " * 100, 0.75, 1.25),
        ("Die Kündigung bedarf der Schriftform. " * 100, 0.75, 1.5),
        ("Срок аренды истёк в марте. " * 100, 0.45, 2.0),
    ],
)
def test_without_a_tokenizer_the_bounds_are_those_of_known_vocabularies(text: str, least: float, most: float) -> None:
    own = tokens.count_tokens(text).n_tokens
    with OpenAIServer(ScriptedLLM([])) as server:
        assert 1.2 * own <= server.remote().count_tokens(text) <= most * own + 1
    assert least * own - 1 <= least_tokens(text) <= 0.75 * own


def test_without_a_tokenizer_every_digit_may_be_a_token() -> None:
    figures = "1,204,518\t1,339,071\n" * 50
    assert most_tokens(figures) >= sum(character.isdigit() for character in figures)
