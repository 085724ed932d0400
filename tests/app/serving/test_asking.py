"""docqa's own client, and docqa itself, against the server."""

from __future__ import annotations

import json
from pathlib import Path

from docqa.llm.base import Completion, Message, Sampling, Schema
from docqa.llm.generation import Generation
from docqa.llm.remote import RemoteLLM
from docqa.llm.response_formats import PROBE
from docqa.llm.server import Server
from tests.agents.reading_model import reader_of
from tests.app.conftest import LEASE, DocqaCommand

from .served import served
from .word_generator import WordGenerator

NUMBER = Schema("number", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


def constrained(generation: Generation) -> str:
    if generation.schema is None:
        return "Good day to you."
    return '{"shade": "heliotrope"}' if generation.schema.name == PROBE.name else '{"n": 7}'


def test_docqas_client_finds_out_all_it_needs() -> None:
    model = WordGenerator(constrained, context_length=4321)
    with served(model) as url:
        remote = RemoteLLM("test-model", Server(url), Sampling(seed=5))
        assert remote.context_length == 4321
        assert remote.count_tokens("word " * 1000) == 1000
        assert remote.complete([Message("user", "How many?")], NUMBER).data == {"n": 7}
        *pieces, last = remote.stream([Message("user", "Hello")])
        remote.close()
    assert model.asked[0].schema is not None  # the probe was held to its schema, and one probe was enough
    assert [asked.schema and asked.schema.name for asked in model.asked] == [PROBE.name, "number", None]
    assert pieces == ["Good", " day", " to", " you."]
    assert isinstance(last, Completion)
    assert (last.text, last.usage.input_tokens, last.usage.output_tokens) == ("Good day to you.", 2, 4)


def test_a_question_is_answered_by_the_served_model(docqa: DocqaCommand, lease: Path) -> None:
    read = reader_of("renewed in writing")
    model = WordGenerator(lambda g: constrained(g) if g.schema == PROBE else read(g.messages), context_length=8000)
    with served(model) as url:
        question = "When does it end unless it is renewed in writing?"
        run = docqa("ask", str(lease), question, "--model", "openai:test-model", "--base-url", url, "--json")
    assert run.code == 0, run.err
    answer = json.loads(run.out)
    assert answer["answer"] == LEASE[1]
    assert answer["statements"][0]["citations"][0]["quote"] == LEASE[1]
