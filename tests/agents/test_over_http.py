"""Every strategy through the real `openai` client against a real server, also when the server misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.full_context import FullContext
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.strategy import Strategy
from docqa.agents.turns import WindowTurns
from docqa.answers import Answer
from docqa.errors import (
    ContextTooLong,
    DocqaError,
    MalformedReply,
    ModelRejected,
    ModelUnreachable,
    NoCompletion,
    TruncatedReply,
)
from docqa.llm.base import LLM, Message, Sampling
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.server import Patience
from tests.llm.openai_server import Fault, Kind, OpenAIServer, status

from .library_of_pages import PagesCorpus
from .reading_model import Reply, model_of, reader_of
from .scattered import plant_report

REPORT = plant_report(n_pages=4)
CORPUS = PagesCorpus(REPORT)
QUESTION = "What concerned valve D3?"
PATTERN = r"valve D3\b"
TEXT = "Incident 104 concerned a leak at valve D3."
WINDOW = Window(size=4000, unit=200, margin=200)
NAMES = ("rag", "clarify", "retrieve_then_reason", "chain", "chain of two orders", "exhaustive", "full_context")


def strategy(name: str, llm: LLM) -> Strategy:
    counted, meter = metered(llm, Budget())
    reasoner = LLMReasoner(counted, LexicalReader(), meter, WINDOW)
    turns = WindowTurns(CORPUS, reasoner)
    made: dict[str, Callable[[], Strategy]] = {
        "rag": lambda: Rag(reasoner, CORPUS, meter=meter, gathers=False),
        "clarify": lambda: Rag(reasoner, CORPUS, meter=meter, gathers=False, clarifies=True),
        "retrieve_then_reason": lambda: RetrieveThenReason(reasoner, CORPUS, meter=meter),
        "chain": lambda: Chain(reasoner, CORPUS, meter=meter, turns=turns),
        "chain of two orders": lambda: Chain(
            reasoner, CORPUS, meter=meter, turns=turns, orders=("document", "reversed"), choose=reasoner.choose
        ),
        "exhaustive": lambda: Exhaustive(reasoner, CORPUS, meter=meter, turns=turns, n_parallel=2),
        "full_context": lambda: FullContext(reasoner, CORPUS, meter=meter),
    }
    return made[name]()


@dataclass(frozen=True)
class Asked:
    """An answer and how many chat requests it took."""

    answer: Answer
    n_requests: int


def ask(name: str, *faults: Fault | None, reply: Reply | None = None, max_output_tokens: int = 500) -> Asked:
    with serving(reply or reader_of(PATTERN), max_output_tokens) as server:
        server.fail(*faults)
        remote = server.remote(sampling=Sampling(max_output_tokens=max_output_tokens))
        answer = strategy(name, remote)(QUESTION, [REPORT])
        return Asked(answer, len(server.chats))


def serving(reply: Reply, max_output_tokens: int) -> OpenAIServer:
    script = model_of(reply, max_output_tokens=max_output_tokens)
    return OpenAIServer(script, Kind(model_card={"max_model_len": 32_000}))


@cache
def undisturbed(name: str) -> Asked:
    return ask(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_answers_over_http_and_counts_its_calls(name: str) -> None:
    asked = undisturbed(name)
    assert TEXT in [statement.text for statement in asked.answer.statements]
    assert asked.answer.usage["calls"] == asked.n_requests
    assert asked.answer.usage["input_tokens"] > 0
    if name in ("rag", "full_context"):
        assert asked.n_requests == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "fault",
    [
        status(429, "slow down", retry_after=1),
        status(500),
        Fault(drop_after=-1),
        Fault(drop_after=40),
        Fault(body='{"choices": [{"index'),
        Fault(body='{"choices": []}'),
    ],
    ids=["429", "500", "hung up", "dropped", "malformed", "empty choices"],
)
def test_one_passing_fault_costs_one_more_request_and_no_answer(name: str, fault: Fault) -> None:
    disturbed = ask(name, fault)
    assert [s.text for s in disturbed.answer.statements] == [s.text for s in undisturbed(name).answer.statements]
    assert disturbed.n_requests == undisturbed(name).n_requests + 1


@pytest.mark.parametrize("name", NAMES)
def test_a_reply_of_the_wrong_form_is_repaired_with_one_more_request(name: str) -> None:
    right, n_calls = reader_of(PATTERN), [0]

    def first_wrong(messages: Sequence[Message]) -> str:
        n_calls[0] += 1
        return '{"verdict": "fine"}' if n_calls[0] == 1 else right(messages)

    asked = ask(name, reply=first_wrong)
    assert TEXT in [statement.text for statement in asked.answer.statements]
    assert asked.n_requests == undisturbed(name).n_requests + 1
    assert asked.answer.usage["repairs"] == 1


def n_readings(name: str) -> int:
    """How often a strategy asks before it has to admit that nothing of use came back, each reply counted once."""
    n_parts = undisturbed("exhaustive").n_requests
    return {"clarify": 2, "retrieve_then_reason": 2, "chain": n_parts, "chain of two orders": n_parts,
            "exhaustive": n_parts}.get(name, 1)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("reply", "max_output_tokens", "error", "n_each"),
    [
        (reader_of(PATTERN), 2, TruncatedReply, 1),  # what is cut off once would be cut off again
        (lambda _: '{"verdict": "fine"}', 500, MalformedReply, 2),
        (lambda _: "I would rather talk about the weather.", 500, MalformedReply, 2),
        (lambda _: "", 500, MalformedReply, 2),
    ],
    ids=["cut off", "wrong schema", "no JSON", "empty"],
)
def test_a_model_whose_replies_are_never_of_use_is_an_error_and_never_a_refusal(
    name: str, reply: Reply, max_output_tokens: int, error: type[DocqaError], n_each: int
) -> None:
    with serving(reply, max_output_tokens) as server:
        remote = server.remote(sampling=Sampling(max_output_tokens=max_output_tokens))
        with pytest.raises(error) as caught:
            strategy(name, remote)(QUESTION, [REPORT])
        assert "\n" not in str(caught.value)
        assert len(server.chats) == n_each * n_readings(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body", ["<html>log in</html>", '{"choices": []}', '{"choices": [{"ind'], ids=["html", "empty choices", "malformed"]
)
def test_a_server_that_speaks_something_else_is_an_error_after_two_requests(name: str, body: str) -> None:
    with serving(reader_of(PATTERN), 500) as server:
        server.fail(*[Fault(body=body)] * 40)
        with pytest.raises(NoCompletion, match="does not speak the OpenAI protocol"):
            strategy(name, server.remote())(QUESTION, [REPORT])
        assert len(server.chats) in ((2, 3, 4) if name == "exhaustive" else (2,))  # it reads two parts at a time


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(400, "maximum context length is 512 tokens", code="context_length_exceeded"), ContextTooLong),
        (status(401, "who are you?"), ModelRejected),
        (status(429, "slow down", retry_after=3600), ModelUnreachable),
    ],
    ids=["context too long", "wrong key", "wait an hour"],
)
def test_a_lasting_fault_is_one_clear_error_after_one_request(name: str, fault: Fault, error: type[DocqaError]) -> None:
    with serving(reader_of(PATTERN), 500) as server:
        server.fail(*[fault] * 40)
        asking = strategy(name, server.remote())
        with pytest.raises(error) as caught:
            asking(QUESTION, [REPORT])
        assert "\n" not in str(caught.value)
        assert len(server.chats) <= (2 if name == "exhaustive" else 1)  # it reads two parts at a time


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_stays_down_is_given_up_after_the_patience_is_used_up(name: str) -> None:
    with serving(reader_of(PATTERN), 500) as server:
        server.fail(*[status(503, "down")] * 40)
        remote = server.remote()
        with pytest.raises(ModelUnreachable, match="503"):
            strategy(name, remote)(QUESTION, [REPORT])
        n_attempts = 1 + Patience().max_retries
        assert len(server.chats) in ((n_attempts, 2 * n_attempts) if name == "exhaustive" else (n_attempts,))


def test_a_server_that_lies_about_sentences_proves_nothing() -> None:
    def lying(messages: Sequence[Message]) -> str:
        reply = reader_of(PATTERN)(messages)
        return reply.replace("[", "[90210, ", 1) if messages[0].content == prompts.WORKER else reply

    asked = ask("chain", reply=lying)
    page_texts = [page.text for page in REPORT.pages]
    assert asked.answer.citations
    assert all(any(citation.quote in text for text in page_texts) for citation in asked.answer.citations)


def test_the_server_sees_the_documents_fenced_and_nothing_of_the_answer_key() -> None:
    script = model_of(reader_of(PATTERN))
    with OpenAIServer(script, Kind(model_card={"max_model_len": 32_000})) as server:
        strategy("rag", server.remote())(QUESTION, [replace(REPORT, name="secret-name.pdf")])
        (request,) = server.chats
    system, user = request.body["messages"]
    assert system["content"] == prompts.MANAGER
    assert user["content"].startswith("<<<<<<<< SOURCES\n")
    assert request.body["response_format"]["json_schema"]["name"] == "answer"
    assert "secret-name" not in user["content"]
