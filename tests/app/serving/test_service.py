"""The server through the real `openai` client, as any program would ask it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
import pytest

from docqa.app.serving.service import Access
from docqa.errors import ModelRejected
from docqa.llm.base import Message
from docqa.llm.generation import Generation

from .served import served
from .word_generator import WordGenerator

ASKED: Any = [{"role": "user", "content": "How many ships came in?"}]
SAID = "Seven ships came in before noon."


def says(_: Generation) -> str:
    return SAID


@contextmanager
def client_of(model: WordGenerator, access: Access | None = None, key: str = "none") -> Iterator[openai.OpenAI]:
    with (
        served(model, access) as url,
        openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=20) as client,
    ):
        yield client


@pytest.fixture
def model() -> WordGenerator:
    return WordGenerator(says)


@pytest.fixture
def client(model: WordGenerator) -> Iterator[openai.OpenAI]:
    with client_of(model) as connected:
        yield connected


def test_a_reply_comes_whole_with_what_it_used(client: openai.OpenAI) -> None:
    for n_cached in (0, 5):
        reply = client.chat.completions.create(model="test-model", messages=ASKED)
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == (SAID, "stop")
        assert reply.usage is not None
        assert reply.usage.prompt_tokens_details is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (6, 6, 12)
        assert reply.usage.prompt_tokens_details.cached_tokens == n_cached


def test_a_stream_gives_the_pieces_then_the_reason_then_the_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="test-model", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 7 + ["stop"]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 6
    assert len({chunk.id for chunk in (*chunks, last)}) == 1


def test_a_stream_says_nothing_of_usage_unless_asked(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="test-model", messages=ASKED, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_how_to_draw_the_reply_reaches_the_model(client: openai.OpenAI, model: WordGenerator) -> None:
    parts: Any = [
        {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]}
    ]
    schema: Any = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    reply = client.chat.completions.create(
        model="test-model", messages=[*parts, *ASKED], temperature=0.5, seed=7, max_tokens=3, stop=["noon", "tide"],
        response_format={"type": "json_schema", "json_schema": {"name": "ships", "schema": schema, "strict": True}},
        user="somebody", n=1, top_p=1,
    )  # fmt: skip
    (asked,) = model.asked
    assert asked.messages == (Message("system", "Be brief."), Message("user", ASKED[0]["content"]))
    assert (asked.sampling.temperature, asked.sampling.seed, asked.sampling.max_output_tokens) == (0.5, 7, 3)
    assert asked.stop == ("noon", "tide")
    assert asked.schema is not None
    assert (asked.schema.name, asked.schema.definition) == ("ships", schema)
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("Seven ships came", "length")


def test_a_stop_text_ends_the_reply_before_it(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="test-model", messages=ASKED, stop=" before")
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("Seven ships came in", "stop")


def test_any_object_is_a_schema_too(client: openai.OpenAI, model: WordGenerator) -> None:
    client.chat.completions.create(model="test-model", messages=ASKED, response_format={"type": "json_object"})
    (asked,) = model.asked
    assert asked.schema is not None
    assert asked.schema.definition == {"type": "object"}


def test_without_a_limit_a_reply_may_fill_the_context(client: openai.OpenAI, model: WordGenerator) -> None:
    client.chat.completions.create(model="test-model", messages=ASKED)
    client.chat.completions.create(model="test-model", messages=ASKED, max_completion_tokens=5000)
    assert [asked.sampling.max_output_tokens for asked in model.asked] == [994, 994]


def test_the_model_says_how_much_it_can_read(client: openai.OpenAI) -> None:
    (card,) = client.models.list().data
    assert card.id == "test-model"
    assert card.model_dump()["max_model_len"] == 1000
    assert client.models.retrieve("test-model").id == "test-model"


def with_content(content: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content}]}


def with_form(**form: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", **form}}


@pytest.mark.parametrize(
    ("change", "code", "param", "says"),
    [
        (with_content("ship " * 1000), "context_length_exceeded", "messages", "1000 tokens"),
        ({"messages": []}, None, "messages", "at least 1"),
        (with_content("Ahoy", role="pirate"), None, "messages", "messages.0.role"),
        (with_content([{"type": "image_url", "image_url": {"url": "x"}}]), None, "messages", "type"),
        (with_content(7), None, "messages", "content"),
        ({"temperature": 3}, None, "temperature", "less than or equal to 2"),
        ({"temperature": "hot"}, None, "temperature", "number"),
        ({"max_tokens": 0}, None, "max_tokens", "greater than or equal to 1"),
        ({"stop": [""]}, None, "stop", "at least 1"),
        ({"n": 2}, "unsupported_parameter", "n", "'n'"),
        ({"tools": [{"type": "function"}]}, "unsupported_parameter", "tools", "'tools'"),
        ({"logit_bias": {"5": 100}}, "unsupported_parameter", "logit_bias", "'logit_bias'"),
        ({"beam_width": 4}, "unsupported_parameter", "beam_width", "'beam_width'"),
        ({"stream_options": {"include_usage": True}}, None, "stream_options", "stream"),
        (with_form(), None, "response_format", "required"),
        (with_form(type="yaml"), None, "response_format", "type"),
        (with_form(json_schema={"name": "x", "schema": {"type": 7}}), None, "response_format", "not valid"),
    ],
)
def test_a_bad_request_is_refused_by_name(
    client: openai.OpenAI, model: WordGenerator, change: dict[str, Any], code: str, param: str, says: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="test-model", messages=ASKED, extra_body=change)
    error = caught.value
    assert (error.code, error.param) == (code, param)
    assert says in str(error)
    assert model.asked == []


def test_another_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="'test-model'") as caught:
        client.chat.completions.create(model="other", messages=ASKED)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/v1/chat/completions", {"content-type": "application/json"}, b"{not json", 400),
        ("POST", "/v1/chat/completions", {"content-type": "application/json"}, b"[1]", 400),
        ("POST", "/v1/chat/completions", {"content-type": "application/json"}, b"[" * 100_000, 400),
        ("POST", "/v1/chat/completions", {"content-type": "application/json"}, b"\xff\xfe", 400),
        ("POST", "/v1/chat/completions", {"content-type": "text/plain"}, b"{}", 415),
        ("GET", "/v1/chat/completions", {}, b"", 405),
        ("POST", "/v1/completions", {"content-type": "application/json"}, b"{}", 404),
        ("POST", "/tokenize", {"content-type": "application/json"}, b'{"prompt": 4}', 400),
    ],
)
def test_what_is_no_chat_request_is_answered_in_form(
    model: WordGenerator, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    with served(model) as url:
        response = httpx2.request(method, url.removesuffix("/v1") + path, headers=headers, content=body)
    assert response.status_code == status
    assert response.json()["error"]["message"]


def test_a_web_page_under_another_name_does_not_get_in(model: WordGenerator) -> None:
    with served(model) as url:
        assert httpx2.get(f"{url}/models", headers={"host": "evil.example:8000"}).status_code == 400
        assert httpx2.get(f"{url}/models", headers={"host": "localhost:8000"}).status_code == 200


def test_health_needs_no_key_and_everything_else_does(model: WordGenerator) -> None:
    with client_of(model, Access("sesame"), key="wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model="test-model", messages=ASKED)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
        root = str(client.base_url).removesuffix("/v1/")
        assert httpx2.get(f"{root}/health").json()["status"] == "ok"
        assert httpx2.post(f"{root}/tokenize", json={"prompt": "x"}).status_code == 401
        assert client.with_options(api_key="sesame").models.list().data[0].id == "test-model"


def test_requests_are_served_one_at_a_time(model: WordGenerator) -> None:
    with client_of(model) as client, ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(client.chat.completions.create, model="test-model", messages=ASKED) for _ in range(16)]
        replies = [request.result().choices[0].message.content for request in asking]
    assert replies == [SAID] * 16
    assert not model.overlapped


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_its_generation_and_lets_the_next_one_in(stream: bool) -> None:
    gate = threading.Event()
    model = WordGenerator(says, gate=gate)
    with client_of(model) as client:
        url = f"{client.base_url}chat/completions"
        body = {"model": "test-model", "messages": ASKED, "stream": stream}
        if stream:
            with httpx2.stream("POST", url, json=body) as response:
                next(response.iter_lines())
        else:
            with pytest.raises(httpx2.ReadTimeout):
                httpx2.post(url, json=body, timeout=httpx2.Timeout(20, read=0.5))
        assert model.ended.wait(10), "the model works on although nobody listens"
        assert model.n_said == 0
        gate.set()
        reply = client.chat.completions.create(model="test-model", messages=ASKED)
        assert reply.choices[0].message.content == SAID
        root = str(client.base_url).removesuffix("/v1/")
        assert httpx2.get(f"{root}/health").json()["requests"] == 0


def test_what_goes_wrong_in_a_stream_is_its_last_event(capfd: pytest.CaptureFixture[str]) -> None:
    def fails(_: Generation) -> str:
        raise ZeroDivisionError("secret detail")

    with client_of(WordGenerator(fails)) as client:
        with pytest.raises(openai.APIError, match="the model failed: ZeroDivisionError"):
            list(client.chat.completions.create(model="test-model", messages=ASKED, stream=True))
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="test-model", messages=ASKED)
    assert "secret detail" not in str(caught.value)


def test_what_the_model_refuses_is_the_fault_of_the_request() -> None:
    def refuses(_: Generation) -> str:
        raise ModelRejected("the schema uses what this model cannot be held to")

    with client_of(WordGenerator(refuses)) as client, pytest.raises(openai.BadRequestError, match="cannot be held to"):
        client.chat.completions.create(model="test-model", messages=ASKED)


def test_when_too_many_wait_the_next_is_sent_away() -> None:
    gate = threading.Event()
    model = WordGenerator(says, gate=gate)
    with client_of(model) as client, ThreadPoolExecutor(70) as pool:
        asking = [pool.submit(client.chat.completions.create, model="test-model", messages=ASKED) for _ in range(70)]
        for _ in range(500):
            if sum(request.done() for request in asking) >= 5:
                break
            threading.Event().wait(0.01)
        gate.set()
        outcomes = [request.exception() for request in asking]
    refused = [error for error in outcomes if isinstance(error, openai.InternalServerError)]
    assert len(refused) == 5
    assert all(error.status_code == 503 and error.response.headers["retry-after"] for error in refused)
    assert outcomes.count(None) == 65


def test_events_are_json_a_line_each(model: WordGenerator) -> None:
    with served(model) as url:
        body = {"model": "test-model", "messages": ASKED, "stream": True}
        lines = [line for line in httpx2.post(f"{url}/chat/completions", json=body).text.split("\n") if line]
    assert lines[-1] == "data: [DONE]"
    assert all(json.loads(line.removeprefix("data: "))["object"] == "chat.completion.chunk" for line in lines[:-1])
