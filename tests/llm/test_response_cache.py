"""The response cache: the same call is made once, whatever differs is asked anew, and a broken cache costs nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docqa.errors import ModelUnreachable, StoreError
from docqa.llm.base import Completion, Message, Sampling, Schema, Usage
from docqa.llm.budget import Budget, BudgetLLM
from docqa.llm.counting import CountingLLM
from docqa.llm.response_cache import CachedLLM, ReplyStore
from docqa.llm.scripted import Call, Limits, ScriptedLLM

from .openai_server import OpenAIServer

ASK = (Message("user", "How many?"),)
NUMBER = Schema("number", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReplyStore]:
    store = ReplyStore(tmp_path / "deep" / "replies.sqlite")
    yield store
    store.close()


def echo(call: Call) -> str:
    return f'{{"n": {len(call.prompt)}}}'


def test_the_same_call_is_answered_from_the_cache_at_no_cost(store: ReplyStore) -> None:
    inner = ScriptedLLM(echo)
    llm = CachedLLM(inner, store)
    first, second = llm.complete(ASK, NUMBER), llm.complete(ASK, NUMBER)
    assert second == replace(first, usage=Usage())
    assert (len(inner.calls), llm.n_hits, llm.n_misses) == (1, 1, 1)


@pytest.mark.parametrize(
    ("messages", "schema"),
    [
        ((Message("user", "How many??"),), NUMBER),
        ((Message("assistant", "How many?"),), NUMBER),
        ((Message("user", "How"), Message("user", " many?")), NUMBER),
        (ASK, None),
        (ASK, Schema("other", NUMBER.definition)),
        (ASK, Schema("number", {**NUMBER.definition, "additionalProperties": False})),
    ],
)
def test_whatever_differs_is_asked_anew(
    messages: tuple[Message, ...], schema: Schema | None, store: ReplyStore
) -> None:
    inner = ScriptedLLM(echo)
    llm = CachedLLM(inner, store)
    llm.complete(ASK, NUMBER)
    llm.complete(messages, schema)
    assert (len(inner.calls), llm.n_hits) == (2, 0)


def test_another_sampling_or_another_model_is_asked_anew(store: ReplyStore) -> None:
    inner = ScriptedLLM(lambda _: "Three.")
    with OpenAIServer(inner) as server:
        for sampling in (
            Sampling(),
            Sampling(0.7),
            Sampling(0.7, seed=1),
            Sampling(0.7, seed=2),
            Sampling(0.7, seed=1),
        ):
            CachedLLM(server.remote(sampling=sampling), store).complete(ASK)
        assert len(server.chats) == 4
    CachedLLM(inner, store).complete(ASK)
    assert len(inner.calls) == 5


def test_the_cache_survives_the_process_and_keeps_no_question(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    for _ in range(2):
        store = ReplyStore(path)
        inner = ScriptedLLM(["Three."] if not path.stat().st_size or not _rows(path) else [])
        assert CachedLLM(inner, store).complete([Message("user", "a private question")]).text == "Three."
        store.close()
    assert b"private" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def _rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    (n_rows,) = connection.execute("SELECT count(*) FROM replies").fetchone()
    connection.close()
    return int(n_rows)


@pytest.mark.parametrize("damage", ["not a database at all " * 100, ""])
def test_a_damaged_cache_is_begun_anew(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_text(damage)
    store = ReplyStore(path)
    llm = CachedLLM(ScriptedLLM(["Three."]), store)
    assert [llm.complete(ASK).text, llm.complete(ASK).text] == ["Three.", "Three."]
    store.close()


def test_a_cache_of_another_format_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE replies (other TEXT); PRAGMA user_version = 77;")
    connection.close()
    store = ReplyStore(path)
    assert CachedLLM(ScriptedLLM(["Three."]), store).complete(ASK).text == "Three."
    store.close()
    assert _rows(path) == 1


def test_a_cache_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cache of replies cannot be opened"):
        ReplyStore(tmp_path / "file" / "replies.sqlite")


def test_a_cache_that_breaks_later_costs_the_cache_and_not_the_reply(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    store = ReplyStore(path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE replies")
    connection.close()
    llm = CachedLLM(ScriptedLLM(["Three.", "Four."]), store)
    assert [llm.complete(ASK).text, llm.complete(ASK).text] == ["Three.", "Four."]
    store.close()


def test_the_longest_unused_replies_make_room(tmp_path: Path) -> None:
    now = 100.0
    store = ReplyStore(tmp_path / "replies.sqlite", max_replies=10, clock=lambda: now)
    for n in range(64):
        now += 1
        store.put(b"%d" % n, f"reply {n}")
        store.get(b"0")
    assert store.get(b"0") == "reply 0"
    assert store.get(b"63") == "reply 63"
    assert store.get(b"1") is None
    assert _rows(tmp_path / "replies.sqlite") == 10
    store.close()


def test_errors_are_not_remembered(store: ReplyStore) -> None:
    llm = CachedLLM(ScriptedLLM([ModelUnreachable("gone"), "Three."]), store)
    with pytest.raises(ModelUnreachable):
        llm.complete(ASK)
    assert llm.complete(ASK).text == "Three."


def test_a_stream_is_remembered_when_it_was_read_to_its_end(store: ReplyStore) -> None:
    llm = CachedLLM(ScriptedLLM(["one two", "one two"]), store)
    next(iter(llm.stream(ASK)))
    assert list(llm.stream(ASK))[:2] == ["one", " two"]
    assert list(llm.stream(ASK)) == ["one two", Completion("one two")]


def test_a_reply_from_the_cache_is_never_refused(store: ReplyStore) -> None:
    inner = ScriptedLLM(lambda _: "two words", limits=Limits(1000, 10, lambda text: len(text.split())))
    llm = CachedLLM(BudgetLLM(CountingLLM(inner), Budget(max_tokens=12)), store)
    assert llm.complete(ASK).text == llm.complete(ASK).text == "two words"
