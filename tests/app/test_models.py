"""Asking with a language model on a server: the command line, resuming, limits and the streaming twin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import docqa as package
from docqa import DocQA
from docqa.agents.events import Event, Finished, Routed, Started
from docqa.errors import UsageError
from docqa.llm.base import Message
from tests.agents.reading_model import model_of, numbered_lines, reader_of
from tests.llm.openai_server import Kind, OpenAIServer

from .conftest import LEASE, DocqaCommand

QUESTION = "When does it end unless it is renewed in writing?"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(model_of(reader_of("renewed in writing")), Kind(model_card={"max_model_len": 32_000})) as served:
        yield served


def test_a_model_on_a_server_answers_with_checked_citations(
    docqa: DocqaCommand, lease: Path, server: OpenAIServer
) -> None:
    run = docqa("ask", str(lease), QUESTION, "--model", "openai:test-model", "--base-url", server.url, "--json")
    assert run.code == 0, run.err
    answer = json.loads(run.out)
    assert answer["answer"] == LEASE[1]
    assert answer["statements"][0]["citations"][0]["quote"] == LEASE[1]
    assert answer["usage"]["calls"] == len(server.chats) == 1
    assert answer["route"]["strategy"] == "full_context"


def test_what_the_model_worded_itself_is_judged_against_what_it_cites(docqa: DocqaCommand, lease: Path) -> None:
    def wording(messages: Sequence[Message]) -> str:
        ((number, _),) = [line for line in numbered_lines(messages) if "rent" in line[1]]
        said = ("Each year the rent amounts to 48,500 dollars.", "Each year the rent amounts to 84,500 dollars.")
        statements = [{"text": text, "evidence": [number]} for text in said]
        return json.dumps({"reason": "", "answerable": True, "statements": statements})

    with OpenAIServer(model_of(wording), Kind(model_card={"max_model_len": 32_000})) as served:
        run = docqa(
            "ask", str(lease), "What is the rent?", "--model", "openai:test-model", "--base-url", served.url, "--json"
        )
        assert len(served.chats) == 1
    answer = json.loads(run.out)
    assert [s["text"] for s in answer["statements"]] == ["Each year the rent amounts to 48,500 dollars."]
    assert answer["statements"][0]["citations"][0]["support"]["label"] == "supports"
    (refused,) = answer["check"]["refused"]
    assert refused["statement"] == "Each year the rent amounts to 84,500 dollars."
    assert refused["citations"][0]["support"]["label"] in ("unrelated", "contradicts")
    assert (answer["check"]["statements_drafted"], answer["check"]["statements_removed"]) == (2, 1)
    assert answer["check"]["score"]["recall"] == 1.0
    assert "left out" in run.err


def test_an_interrupted_run_is_resumed_by_its_id_and_asks_nothing_twice(
    docqa: DocqaCommand, lease: Path, server: OpenAIServer
) -> None:
    first = docqa("ask", str(lease), QUESTION, "--model", "openai:test-model", "--base-url", server.url)
    found = re.search(r"docqa resume ([0-9a-f]{8})", first.err)
    assert found is not None
    again = docqa("resume", found[1])
    assert (again.code, again.out) == (0, first.out)
    assert len(server.chats) == 1


def test_a_run_that_is_not_known_is_one_clear_line(docqa: DocqaCommand) -> None:
    run = docqa("resume", "00000000")
    assert (run.code, run.err) == (2, "docqa: there is no run '00000000' to resume\n")


@pytest.mark.parametrize("route", ["rag", "retrieve_then_reason", "chain", "full_context"])
def test_the_route_may_be_chosen(docqa: DocqaCommand, lease: Path, server: OpenAIServer, route: str) -> None:
    model = ("--model", "openai:test-model", "--base-url", server.url)
    run = docqa("ask", str(lease), QUESTION, *model, "--route", route, "--json")
    assert json.loads(run.out)["route"] == {"strategy": route, "reason": "it was asked for"}


def test_a_budget_that_allows_no_call_is_said_and_has_its_own_exit_code(
    docqa: DocqaCommand, lease: Path, server: OpenAIServer
) -> None:
    model = ("--model", "openai:test-model", "--base-url", server.url)
    run = docqa("ask", str(lease), QUESTION, *model, "--max-tokens", "50", "-q")
    assert run.code == 7
    assert "of 50 tokens" in run.err
    assert server.chats == []


def test_a_server_without_an_address_is_a_usage_error(docqa: DocqaCommand, lease: Path) -> None:
    run = docqa("ask", str(lease), QUESTION, "--model", "openai:test-model")
    assert run.code == 2
    assert "--base-url" in run.err


def test_the_key_is_not_kept_with_the_run(tmp_path: Path, lease: Path) -> None:
    kind = Kind(model_card={"max_model_len": 32_000}, api_key="s3cret-key")
    with OpenAIServer(model_of(reader_of("renewed")), kind) as served:
        agent = DocQA(cache_dir=tmp_path / "c", model="openai:test-model", base_url=served.url, api_key="s3cret-key")
        assert agent.ask(lease, QUESTION).status == "answered"
        agent.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "c").rglob("*") if path.is_file())
    assert b"s3cret-key" not in kept


def test_a_stream_gives_typed_events_and_the_answer_last(tmp_path: Path, lease: Path, server: OpenAIServer) -> None:
    events = list(
        package.stream(
            lease, QUESTION, cache_dir=tmp_path / "c", model="openai:test-model", base_url=server.url, route="chain"
        )
    )
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Routed)
    assert any("full_context: about" in estimate for estimate in events[1].estimates)
    assert isinstance(events[-1], Finished)
    assert events[-1].answer.text == LEASE[1]


def test_a_stream_without_a_model_has_no_run_to_resume(tmp_path: Path, lease: Path) -> None:
    agent = DocQA(cache_dir=tmp_path / "c")
    events = list(agent.stream(lease, QUESTION))
    assert isinstance(events[0], Routed)
    assert isinstance(events[-1], Finished)
    with pytest.raises(UsageError, match="no run"):
        agent.resume("00000000")


def test_the_order_and_the_window_of_a_chain_may_be_chosen(tmp_path: Path, lease: Path, server: OpenAIServer) -> None:
    model = {"cache_dir": tmp_path / "c", "model": "openai:test-model", "base_url": server.url, "route": "chain"}
    (once,) = estimates(package.stream(lease, QUESTION, **model), "chain")
    (twice,) = estimates(package.stream(lease, QUESTION, chain_order="reversed,chow_liu", **model), "chain")
    assert "2 calls" in once
    assert "5 calls" in twice  # two workers, two managers and a judge
    with pytest.raises(UsageError, match="the window of 100 tokens has no room"):
        list(package.stream(lease, QUESTION, chain_window=100, **model))


def estimates(events: Iterator[Event], strategy: str) -> list[str]:
    (routed,) = [event for event in events if isinstance(event, Routed)]
    return [estimate for estimate in routed.estimates if estimate.startswith(f"{strategy}:")]


def test_an_unknown_order_of_reading_is_one_clear_line(docqa: DocqaCommand, lease: Path) -> None:
    run = docqa("ask", str(lease), QUESTION, "--chain-order", "sideways")
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert "known: document, reversed, bidirectional, chow_liu, shuffled" in run.err


def test_clearing_up_needs_a_language_model_and_costs_two_calls(
    docqa: DocqaCommand, lease: Path, server: OpenAIServer
) -> None:
    run = docqa("ask", str(lease), QUESTION, "--clarify")
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert "clarify needs a language model" in run.err
    model = ("--model", "openai:test-model", "--base-url", server.url, "--route", "rag")
    run = docqa("ask", str(lease), QUESTION, *model, "--clarify", "--json")
    assert json.loads(run.out)["answer"] == LEASE[1]
    asked_for = [request.body["response_format"]["json_schema"]["name"] for request in server.chats]
    assert asked_for == ["question", "answer"]  # this model has nothing to ask
