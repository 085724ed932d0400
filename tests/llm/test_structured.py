"""JSON from models: what a server enforces is found out once, whatever comes is validated, one repair is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docqa.errors import MalformedReply, ModelRejected, ModelUnreachable
from docqa.llm.base import Completion, Message, Schema
from docqa.llm.response_formats import FormatLadder
from docqa.llm.scripted import Reply, ScriptedLLM
from docqa.llm.server_notes import NotesFile
from docqa.llm.structured import InvalidJson, instructed, parsed

from .openai_server import Enforcement, Fault, Kind, OpenAIServer, status

QUESTION = (Message("system", "You know colours."), Message("user", "Which colour has the sun?"))
SCHEMA = Schema(
    "colour",
    {
        "type": "object",
        "properties": {"colour": {"type": "string"}, "share": {"type": "number"}},
        "required": ["colour"],
        "additionalProperties": False,
    },
)
GOOD = '{"colour": "yellow"}'


def server_of(json_schema: Enforcement, json_object: Enforcement, *replies: Reply) -> OpenAIServer:
    return OpenAIServer(ScriptedLLM(replies), Kind(json_schema, json_object))


@pytest.mark.parametrize(
    ("json_schema", "json_object", "reply", "n_probes", "form"),
    [
        ("enforced", "enforced", GOOD, 1, "json_schema"),
        ("ignored", "enforced", GOOD, 2, "json_object"),
        ("rejected", "enforced", GOOD, 2, "json_object"),
        ("ignored", "ignored", f"Let me see.\n<json>{GOOD}</json>", 2, None),
        ("rejected", "rejected", f"<json>{GOOD}</json>", 2, None),
    ],
)
def test_the_highest_form_that_a_server_enforces_is_used_and_asked_for_once(
    json_schema: Enforcement, json_object: Enforcement, reply: str, n_probes: int, form: str | None
) -> None:
    with server_of(json_schema, json_object, reply, reply) as server:
        remote = server.remote()
        assert remote.complete(QUESTION, SCHEMA).data == {"colour": "yellow"}
        assert remote.complete(QUESTION, SCHEMA).data == {"colour": "yellow"}
        assert len(server.probes) == n_probes
        assert len(server.chats) == 2
        sent = [chat.body.get("response_format", {}).get("type") for chat in server.chats]
        told = '"additionalProperties": false' in server.chats[0].body["messages"][-1]["content"]
    assert sent == [form, form]
    assert told == (form != "json_schema")


def test_what_was_found_out_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "servers.json"
    with server_of("ignored", "enforced", GOOD, GOOD) as server:
        server.remote(notes=NotesFile(path)).complete(QUESTION, SCHEMA)
        server.remote(notes=NotesFile(path)).complete(QUESTION, SCHEMA)
        assert len(server.probes) == 2
        assert len(server.chats) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        status(400, "the JSON schema has a feature that the grammar compiler does not know"),
        status(400, "no", param="response_format.json_schema"),
        status(422, "Extra inputs: guided decoding is switched off"),
        status(500, "The model produced output that does not match the expected peg-native format"),
        status(501, "not implemented"),
    ],
)
def test_a_schema_that_the_server_fails_at_is_asked_for_one_step_lower(refusal: Fault) -> None:
    with server_of("enforced", "enforced", GOOD, GOOD) as server:
        remote = server.remote()
        server.fail(refusal)
        assert remote.complete(QUESTION, SCHEMA).data == {"colour": "yellow"}
        remote.complete(QUESTION, SCHEMA)
        sent = [chat.body["response_format"]["type"] for chat in server.chats]
    assert sent == ["json_schema", "json_object", "json_object"]


def test_calls_that_are_refused_together_go_down_one_step() -> None:
    ladder = FormatLadder("k", {"structured k": "json_schema"}, lambda messages, form: Completion(""))
    assert [ladder.step_down(SCHEMA, "json_schema") for _ in range(4)] == [True] * 4
    assert ladder.level(SCHEMA) == "json_object"
    assert ladder.step_down(SCHEMA, "json_object")
    assert ladder.step_down(SCHEMA, "json_schema")
    assert ladder.level(SCHEMA) == "tagged"
    assert not ladder.step_down(SCHEMA, "tagged")


def test_a_schema_that_fails_in_every_form_is_one_error_after_three_calls() -> None:
    with server_of("enforced", "enforced") as server:
        server.fail(*[status(400, "no schema today")] * 9)
        with pytest.raises(ModelRejected, match="no schema today"):
            server.remote().complete(QUESTION, SCHEMA)
        assert len(server.chats) == 3


def test_a_server_that_refuses_every_request_is_not_taken_for_one_without_forms(tmp_path: Path) -> None:
    notes = NotesFile(tmp_path / "servers.json")
    with (
        OpenAIServer(ScriptedLLM([]), Kind(api_key="another")) as server,
        pytest.raises(ModelRejected, match="set api_key"),
    ):
        server.remote(notes=notes).complete(QUESTION, SCHEMA)
    assert not (tmp_path / "servers.json").exists()


@pytest.mark.parametrize(
    ("first", "cause"),
    [
        ("I would say yellow.", "no complete JSON"),
        ("", "it is empty"),
        ('{"colour": 7}', "at $.colour: 7 is not of type 'string'"),
        ('{"color": "yellow"}', "at $:"),
        ('{"colour": "yel', "no complete JSON"),
        ('{"colour": "yellow", "share": NaN}', "no complete JSON"),
    ],
)
def test_a_malformed_reply_is_asked_for_once_more_with_the_cause(first: str, cause: str) -> None:
    with server_of("enforced", "enforced", first, GOOD) as server:
        completion = server.remote().complete(QUESTION, SCHEMA)
        assert len(server.chats) == 2
        assert cause in server.chats[1].body["messages"][-1]["content"]
    assert completion.data == {"colour": "yellow"}
    assert (completion.usage.n_calls, completion.usage.n_repairs) == (2, 1)


def test_a_second_malformed_reply_is_an_error_that_says_what_both_have_cost() -> None:
    with server_of("enforced", "enforced", "yellow", '{"colour": null}') as server:
        with pytest.raises(MalformedReply, match=r"'colour', also when asked again: at \$\.colour: None") as caught:
            server.remote().complete(QUESTION, SCHEMA)
        assert len(server.chats) == 2
    assert caught.value.n_calls == 2
    assert caught.value.input_tokens > 0


def test_the_cost_of_the_first_reply_is_not_lost_when_the_repair_fails() -> None:
    with server_of("enforced", "enforced", "yellow") as server:
        server.fail(None, *[status(500)] * 9)
        with pytest.raises(ModelUnreachable) as caught:
            server.remote().complete(QUESTION, SCHEMA)
    assert caught.value.n_calls == 1
    assert caught.value.output_tokens > 0


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        (GOOD, "yellow"),
        (f"```json\n{GOOD}\n```", "yellow"),
        (f"Here it is: {GOOD} I hope it helps.", "yellow"),
        (f"<think>{{not json}} perhaps {{}}</think>\n{GOOD}", "yellow"),
        (f'<json>{{"colour": "green"}}</json> no, rather <json>{GOOD}</json>', "yellow"),
        ('a set {1, 2} and {"colour": "blue"}', "blue"),
        ('{"colour": "half a pair \\ud83d"}', "half a pair ?"),
        ('{"colour": "a whole pair \\ud83d\\ude00"}', "a whole pair 😀"),
    ],
)
def test_the_json_is_found_in_what_models_write_around_it(text: str, colour: str) -> None:
    assert parsed(text, SCHEMA)["colour"] == colour


@pytest.mark.parametrize(
    "text", ["{" * 100_000, "[" * 100_000, '[{"colour": "a"}]', "null", "{}", "", '{"colour": NaN}']
)
def test_a_reply_without_what_the_schema_asks_is_invalid_for_a_short_reason(text: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        parsed(text, SCHEMA)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("level", ["json_object", "tagged"])
def test_instructions_stand_at_the_very_end_so_that_the_prefix_stays_the_same(level: Any) -> None:
    told = instructed(QUESTION, SCHEMA, level)
    assert told[0] == QUESTION[0]
    assert told[1].content.startswith(QUESTION[1].content + "\n\n")
    assert told[1].content.endswith(json.dumps(SCHEMA.definition))
    assert instructed(QUESTION[:1], SCHEMA, level)[0] == QUESTION[0]


def test_notes_grow_old_and_a_damaged_file_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "servers.json"
    now = 1_000_000.0
    notes = NotesFile(path, max_age_days=1, clock=lambda: now)
    notes["a"] = "1"
    assert notes.get("a") == "1"
    now += 86_401
    assert notes.get("a") is None
    for content in ("{", "[]", '{"format": 99, "notes": {"a": ["1", 2e6]}}', '{"format": 1, "notes": [1]}'):
        path.write_text(content)
        assert notes.get("a") is None
    notes["b"] = "2"
    assert NotesFile(path, clock=lambda: now).get("b") == "2"


def test_notes_that_cannot_be_written_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    notes = NotesFile(tmp_path / "file" / "servers.json")
    notes["a"] = "1"
    assert notes.get("a") is None
