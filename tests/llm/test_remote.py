"""RemoteLLM through the real `openai` client against a real HTTP server: right answers, clear errors, counted calls."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from docqa.errors import (
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelRejected,
    ModelUnreachable,
    TruncatedReply,
)
from docqa.llm.base import Completion, Message, Sampling, Schema, Usage
from docqa.llm.remote import RemoteLLM
from docqa.llm.scripted import Limits, Reply, ScriptedLLM
from docqa.llm.server import Patience, Server

from .openai_server import Fault, Kind, OpenAIServer, status

QUESTION = (Message("system", "Answer in one word."), Message("user", "Which colour has the sun?"))
SCHEMA = Schema(
    "colour",
    {
        "type": "object",
        "properties": {"colour": {"type": "string"}},
        "required": ["colour"],
        "additionalProperties": False,
    },
)


def scripted(*replies: Reply) -> ScriptedLLM:
    return ScriptedLLM(replies)


def test_a_reply_comes_back_with_the_servers_own_count() -> None:
    script = scripted(Completion("Yellow.", Usage(21, 2, cached_tokens=16)))
    with OpenAIServer(script) as server:
        completion = server.remote().complete(QUESTION)
        assert completion == Completion("Yellow.", Usage(21, 2, 16, n_calls=1))
        assert script.calls[0].messages == QUESTION
        body = server.chats[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("test-model", 0.0, 1024)


@pytest.mark.parametrize(
    ("fault", "n_calls"),
    [
        (status(429, "slow down", retry_after=3), 2),
        (status(500), 2),
        (status(503, "loading the model"), 2),
        (Fault(drop_after=-1), 2),
        (Fault(drop_after=40), 2),
        (Fault(body='{"choices": [{"index'), 2),
        (Fault(body='{"choices": []}'), 2),
        (Fault(body='{"object": "chat.completion"}'), 2),
        (Fault(body="<html>log in</html>", content_type="text/html"), 2),
    ],
)
def test_one_passing_fault_costs_one_more_call_and_no_answer(fault: Fault, n_calls: int) -> None:
    with OpenAIServer(scripted("Yellow.")) as server:
        server.fail(fault)
        assert server.remote().complete(QUESTION).text == "Yellow."
        assert len(server.chats) == n_calls


@pytest.mark.parametrize(
    ("fault", "error", "said", "n_calls"),
    [
        (status(429, "slow down"), ModelUnreachable, "429: slow down", 5),
        (status(429, "slow down", retry_after=3600), ModelUnreachable, "asks to wait 3600 s", 1),
        (status(429, "pay first", code="insufficient_quota"), ModelRejected, "quota is used up: pay first", 1),
        (status(500, "out of memory"), ModelUnreachable, "500: out of memory", 5),
        (Fault(drop_after=-1), ModelUnreachable, "dropped the connection", 5),
        (Fault(drop_after=40), ModelUnreachable, "dropped the connection", 5),
        (Fault(body='{"choices": [{"index'), MalformedReply, "no valid JSON", 2),
        (Fault(body='{"choices": []}'), MalformedReply, "no choices", 2),
        (Fault(body='{"choices": [{"message": {"content": 7}}]}'), MalformedReply, "no message of text", 2),
        (Fault(body='{"choices": [7]}'), MalformedReply, "no message of text", 2),
        (Fault(body="[]"), MalformedReply, "OpenAI protocol", 2),
        (Fault(body="<html>log in</html>", content_type="text/html"), MalformedReply, "is the address right", 2),
        (status(400, "the prompt is too long: 9000 tokens"), ContextTooLong, "9000 tokens", 1),
        (status(400, "no", code="context_length_exceeded"), ContextTooLong, "longer than test-model can read", 1),
        (status(500, "exceeds the available context size"), ContextTooLong, "longer than test-model can read", 1),
        (status(401, "who are you"), ModelRejected, "set api_key", 1),
        (status(403, "not you"), ModelRejected, "set api_key", 1),
        (status(404, "no such model"), ModelRejected, "knows no model 'test-model'", 1),
        (status(400, "bad\nidea\x1b[31m"), ModelRejected, r"\(400: bad idea\[31m\)", 1),
        (Fault(307, headers=(("Location", "http://192.0.2.1/"),)), ModelRejected, "redirects to http://192.0.2.1/", 1),
    ],
)
def test_a_lasting_fault_is_one_clear_error_after_a_known_number_of_calls(
    fault: Fault, error: type[ModelError], said: str, n_calls: int
) -> None:
    with OpenAIServer(scripted()) as server:
        server.fail(*[fault] * 9)
        with pytest.raises(error, match=said) as caught:
            server.remote().complete(QUESTION)
        assert len(server.chats) == n_calls
    assert "\n" not in str(caught.value)


def test_retry_after_is_waited_for_and_other_waits_grow() -> None:
    waits: list[float] = []
    with OpenAIServer(scripted("Yellow.")) as server:
        remote = server.remote(patience=Patience(sleep=waits.append))
        server.fail(status(429, retry_after=7), status(500), status(500), status(500))
        remote.complete(QUESTION)
    assert waits[0] == 7
    assert 0.75 <= waits[1] <= 1 < 1.5 <= waits[2] <= 2 < 3 <= waits[3] <= 4


def test_a_reply_cut_at_the_output_limit_says_so() -> None:
    llm = ScriptedLLM(["one two three four five six"], limits=Limits(8192, 3))
    with OpenAIServer(llm) as server:
        completion = server.remote().complete(QUESTION)
    assert (completion.text, completion.finish_reason) == ("one two three", "length")


def test_json_cut_at_the_output_limit_is_a_truncated_reply_and_is_not_asked_again() -> None:
    llm = ScriptedLLM(['{"colour": "a yellow that goes on and on"}'], limits=Limits(8192, 6))
    with OpenAIServer(llm) as server:
        with pytest.raises(TruncatedReply) as caught:
            server.remote().complete(QUESTION, SCHEMA)
        assert len(server.chats) == 1
    assert caught.value.n_calls == 1
    assert caught.value.output_tokens == 6


def test_messages_that_the_model_cannot_read_are_an_error_after_one_call() -> None:
    llm = ScriptedLLM(["never"], limits=Limits(context_length=50))
    with OpenAIServer(llm) as server:
        with pytest.raises(ContextTooLong, match="maximum context length is 50"):
            server.remote().complete([Message("user", "word " * 80)])
        assert len(server.chats) == 1


def test_messages_that_are_surely_too_long_are_never_sent() -> None:
    with OpenAIServer(scripted(), Kind(model_card={"max_model_len": 1000})) as server:
        with pytest.raises(ContextTooLong, match="test-model reads 1000"):
            server.remote().complete([Message("user", "word " * 5000)])
        assert server.chats == []


def test_silent_truncation_is_found_by_the_servers_own_count() -> None:
    kind = Kind(model_card={}, reads=300)
    text = "The harbour was dredged again. " * 400
    with OpenAIServer(ScriptedLLM(lambda _: "Yes."), kind) as server:
        remote = server.remote(context_length=32_000)
        with pytest.raises(ContextTooLong, match=r"has read 420 tokens where at least 2100 were sent") as caught:
            remote.complete([Message("user", text)])
        assert caught.value.n_calls == 1
        assert caught.value.input_tokens > 0
        with pytest.raises(ContextTooLong, match="OLLAMA_CONTEXT_LENGTH"):
            list(remote.stream([Message("user", text)]))
        assert len(server.chats) == 2
        assert remote.complete([Message("user", "The harbour was dredged again. " * 30)]).text == "Yes."


@pytest.mark.parametrize("n_reported", [0, 12], ids=["none", "those that were not cached"])
def test_a_server_that_leaves_out_what_it_had_cached_is_not_taken_for_one_that_truncates(n_reported: int) -> None:
    loaded = {"models": [{"name": "test-model", "context_length": 32_000}]}
    text = "The harbour was dredged again. " * 400
    reply = Completion("Yes.", Usage(n_reported, 1))
    with OpenAIServer(ScriptedLLM([reply] * 2), Kind(model_card={}, pages={"/api/ps": loaded})) as server:
        completion = server.remote().complete([Message("user", text)])
        assert completion.text == "Yes."
        assert 2800 <= completion.usage.input_tokens <= 4000
        *_, last = server.remote().stream([Message("user", text)])
        assert last == completion


def test_a_server_with_too_small_a_context_is_caught_whatever_the_settings_say() -> None:
    loaded = {"models": [{"name": "test-model", "context_length": 2048}]}
    reply = Completion("Yes.", Usage(1900, 1))
    with OpenAIServer(ScriptedLLM([reply]), Kind(model_card={}, pages={"/api/ps": loaded})) as server:
        remote = server.remote(context_length=32_000)
        with pytest.raises(ContextTooLong, match="has read 1900 tokens"):
            remote.complete([Message("user", "The harbour was dredged again. " * 400)])


def test_a_server_without_usage_is_counted_by_ourselves() -> None:
    with OpenAIServer(scripted("Yellow."), Kind(reports_usage=False)) as server:
        usage = server.remote().complete(QUESTION).usage
    assert 10 <= usage.input_tokens <= 20
    assert 2 <= usage.output_tokens <= 4


def test_a_parameter_that_the_model_does_not_take_is_left_out_from_then_on() -> None:
    kind = Kind(rejected_parameters=("max_tokens", "temperature", "seed", "stream_options"))
    with OpenAIServer(ScriptedLLM(lambda _: "Yellow."), kind) as server:
        remote = server.remote(sampling=Sampling(0.0, 200, seed=1))
        assert remote.complete(QUESTION).text == "Yellow."
        assert len(server.chats) == 4
        assert server.chats[-1].body["max_completion_tokens"] == 200
        assert remote.complete(QUESTION).text == "Yellow."
        assert len(server.chats) == 5
        assert "".join(map(str, list(remote.stream(QUESTION))[:-1])) == "Yellow."
        assert len(server.chats) == 7


def test_the_stream_gives_the_reply_in_pieces_and_then_the_whole_with_usage() -> None:
    script = scripted(Completion("Yellow as a ripe lemon is", Usage(21, 6)))
    with OpenAIServer(script) as server:
        *pieces, last = server.remote().stream(QUESTION)
    assert pieces == ["Yellow", " as", " a", " ripe", " lemon", " is"]
    assert last == Completion("Yellow as a ripe lemon is", Usage(21, 6, n_calls=1))


def test_a_stream_without_usage_is_counted_by_ourselves() -> None:
    with OpenAIServer(scripted("Yellow."), Kind(reports_usage=False)) as server:
        *_, last = server.remote().stream(QUESTION)
    assert isinstance(last, Completion)
    assert 10 <= last.usage.input_tokens <= 20


@pytest.mark.parametrize("fault", [status(500), Fault(drop_after=-1), Fault(drop_after=0)])
def test_a_stream_that_breaks_before_its_first_word_begins_again(fault: Fault) -> None:
    with OpenAIServer(scripted("Yellow.", "Yellow.")) as server:
        server.fail(fault)
        assert "".join(map(str, list(server.remote().stream(QUESTION))[:-1])) == "Yellow."
        assert len(server.chats) == 2


@pytest.mark.parametrize(
    ("last_event", "error", "said"),
    [
        (None, ModelUnreachable, "dropped the connection"),
        ("", ModelUnreachable, "it ended without saying why"),
        ('{"error": {"message": "the engine died"}}', ModelUnreachable, "broke off its reply: the engine died"),
        ('{"choices": [{"del', MalformedReply, "no valid JSON"),
    ],
)
def test_a_stream_that_breaks_in_the_middle_is_an_error_and_never_a_short_answer(
    last_event: str | None, error: type[ModelError], said: str
) -> None:
    pieces: list[str | Completion] = []
    with OpenAIServer(scripted("Yellow as a ripe lemon is")) as server:
        server.fail(Fault(drop_after=500, last_event=last_event))
        with pytest.raises(error, match=said + r".* \(after \d+ characters; ask again\)") as lost:
            pieces.extend(server.remote().stream(QUESTION))
        assert len(server.chats) == 1
    assert 0 < len(pieces) < 6
    assert lost.value.n_calls == 1
    assert lost.value.output_tokens > 0


def test_a_stream_may_be_left_early() -> None:
    with OpenAIServer(scripted("Yellow as a ripe lemon is", "Blue.")) as server:
        remote = server.remote()
        stream = remote.stream(QUESTION)
        assert next(stream) == "Yellow"
        stream.close()  # type: ignore[attr-defined]
        assert remote.complete(QUESTION).text == "Blue."


def test_a_silent_server_is_left_after_the_time_out_and_not_asked_twice() -> None:
    def slow(_: object) -> str:
        time.sleep(1.5)
        return "too late"

    with OpenAIServer(ScriptedLLM(slow)) as server:
        with pytest.raises(ModelUnreachable, match=r"sent nothing for 0\.3 s"):
            server.remote(patience=Patience(timeout_s=0.3, sleep=lambda _: None), context_length=8192).complete(
                QUESTION
            )
        assert len(server.chats) == 1


@pytest.mark.parametrize("context_length", [8192, None])
def test_a_server_that_is_not_running_is_told_at_once(context_length: int | None) -> None:
    with OpenAIServer(scripted()) as server:
        url = server.url
    waits: list[float] = []
    remote = RemoteLLM("test-model", Server(url, patience=Patience(sleep=waits.append)), context_length=context_length)
    with pytest.raises(ModelUnreachable, match="no model server answers at http://127"):
        remote.complete(QUESTION)
    remote.close()
    assert waits == []


def test_threads_share_one_model_and_one_probe() -> None:
    with OpenAIServer(ScriptedLLM(lambda call: f'{{"colour": "{call.prompt}"}}')) as server:
        remote = server.remote()
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda n: remote.complete([Message("user", str(n))], SCHEMA).data, range(32)))
        assert replies == [{"colour": str(n)} for n in range(32)]
        assert (len(server.probes), len(server.chats)) == (1, 32)


def test_the_openai_package_is_loaded_with_the_first_remote_model_only() -> None:
    code = (
        "import sys, json\nimport docqa.llm.remote, docqa.llm.response_cache, docqa.llm.budget, docqa.llm.scripted\n"
        "print(json.dumps([m for m in ('openai', 'httpx2', 'jsonschema', 'tiktoken') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == []
