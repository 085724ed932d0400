"""Conversations on the command line and in a program, and docqa inside other people's agents."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytest
from langchain_core._api import LangChainBetaWarning
from langgraph.graph import START, StateGraph

from docqa import DocQA
from docqa.errors import UsageError
from tests.agents.reading_model import reading_model
from tests.llm.openai_server import Kind, OpenAIServer

from .conftest import LEASE, DocqaCommand

END = "When does it end unless it is renewed in writing?"
RENT = "What is the yearly rent?"


def typed(text: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")


def test_questions_are_answered_one_after_the_other(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", typed(f"{RENT}\n{END}\n"))
    run = docqa("chat", str(lease))
    assert run.code == 0, run.err
    assert run.out.index("48,500 dollars") < run.out.index("31 May 2027")


def test_a_conversation_goes_on_in_another_process_with_its_documents(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", typed(f"{RENT}\n"))
    found = re.search(r"docqa chat --continue ([0-9a-f]{8})", docqa("chat", str(lease)).err)
    assert found is not None
    monkeypatch.setattr("sys.stdin", typed("And when is it due?\n"))
    run = docqa("chat", "--continue", found[1])
    assert "understood as: And when is it due? (yearly rent)" in run.err
    assert "four equal parts" in run.out


def test_every_question_has_the_budget_that_was_set(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", typed(f"{RENT}\n{END}\n"))
    with OpenAIServer(reading_model("rent"), Kind(model_card={"max_model_len": 32_000})) as server:
        model = ("--model", "openai:test-model", "--base-url", server.url)
        run = docqa("chat", str(lease), *model, "--max-tokens", "200")
        assert server.chats == []
    assert run.code == 0
    assert len(re.findall(r"may need \d+ of 200 tokens, 0 are used; raise --max-tokens", run.err)) == 2


def test_a_mistake_in_one_question_does_not_end_the_conversation(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", typed(f"{'x' * 10_001}\n{RENT}\n"))
    run = docqa("chat", str(lease))
    assert "the limit is 10000" in run.err
    assert "48,500 dollars" in run.out


@pytest.mark.parametrize(
    "arguments", [(), ("--continue", "nothex"), ("--continue", "00000000"), ("--continue", "../x")]
)
def test_a_conversation_that_is_not_there_is_a_usage_error(docqa: DocqaCommand, arguments: tuple[str, ...]) -> None:
    run = docqa("chat", *arguments)
    assert run.code == 2
    assert run.err.count("\n") == 1


def test_a_program_talks_too(tmp_path: Path, lease: Path) -> None:
    agent = DocQA(cache_dir=tmp_path / "c")
    chat = agent.chat(lease)
    assert "48,500" in chat.ask(RENT).text
    assert "four equal parts" in agent.continue_chat(chat.id).ask("And when is it due?").text
    with pytest.raises(UsageError, match="no conversation"):
        agent.continue_chat("ffffffff")


def test_a_langchain_agent_gets_a_tool_with_one_argument(tmp_path: Path, lease: Path) -> None:
    tool = DocQA(cache_dir=tmp_path / "c").as_tool(lease)
    assert list(tool.args) == ["question"]
    assert "lease.pdf" in tool.description
    answer = json.loads(tool.invoke({"question": END}))
    assert (answer["schema"], answer["answer"].startswith(LEASE[1])) == ("docqa.answer/1", True)


def test_an_agent_that_asks_nothing_is_told_so_and_goes_on(tmp_path: Path, lease: Path) -> None:
    tool = DocQA(cache_dir=tmp_path / "c").as_tool(lease)
    assert "the question is empty" in tool.invoke({"question": " "})


def test_llama_index_gets_a_query_engine_with_quotes_as_sources(tmp_path: Path, lease: Path) -> None:
    response = DocQA(cache_dir=tmp_path / "c").as_query_engine(lease).query(END)
    assert LEASE[1] in str(response)
    assert response.source_nodes[0].get_content() == LEASE[1]
    assert response.source_nodes[0].node.metadata["page"] == 1


def test_the_compiled_graph_takes_a_question_and_gives_an_answer(tmp_path: Path, lease: Path) -> None:
    graph = DocQA(cache_dir=tmp_path / "c").graph(lease)
    answer = graph.invoke({"question": END})["answer"]
    assert (answer["schema"], answer["status"]) == ("docqa.answer/1", "answered")


def test_the_compiled_graph_is_a_tool_and_a_node_of_other_graphs(tmp_path: Path, lease: Path) -> None:
    graph = DocQA(cache_dir=tmp_path / "c").graph(lease)
    with pytest.warns(LangChainBetaWarning):
        tool = graph.as_tool(name="lease", description="Answers questions about the lease.")
    assert list(tool.args) == ["question"]
    assert tool.invoke({"question": END})["answer"]["status"] == "answered"

    class Outer(TypedDict):
        question: str
        answer: NotRequired[dict[str, Any]]

    outer = StateGraph(Outer).add_node("docqa", graph).add_edge(START, "docqa").compile()
    assert outer.invoke({"question": END})["answer"]["status"] == "answered"
