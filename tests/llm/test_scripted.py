"""ScriptedLLM behaves like a real model where that can break a program."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from docqa.errors import ContextTooLong, MalformedReply, ModelUnreachable, TruncatedReply
from docqa.llm.base import LLM, Completion, Message, Schema, Usage
from docqa.llm.scripted import Call, Limits, ScriptedLLM

ASK = (Message("user", "How many?"),)
NUMBER = Schema("number", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


def by_words(text: str) -> int:
    return len(text.split())


def test_it_is_an_llm() -> None:
    llm: LLM = ScriptedLLM([])
    assert (llm.name, llm.context_length, llm.max_output_tokens) == ("scripted", 8192, 1024)


def test_replies_come_in_their_order_and_calls_are_kept() -> None:
    llm = ScriptedLLM(["one", '{"n": 2}'])
    assert llm.complete(ASK).text == "one"
    assert llm.complete(ASK, NUMBER).data == {"n": 2}
    assert llm.calls == [Call(ASK), Call(ASK, NUMBER)]


def test_a_call_too_many_fails_loudly() -> None:
    llm = ScriptedLLM(["one"])
    llm.complete(ASK)
    with pytest.raises(AssertionError, match="replies for 1 calls, and this is call 2"):
        llm.complete(ASK)


def test_a_function_may_answer_by_what_was_asked() -> None:
    llm = ScriptedLLM(lambda call: f"{call.prompt} {call.schema and call.schema.name}")
    assert llm.complete(ASK).text == "How many? None"


def test_a_scripted_error_is_raised() -> None:
    with pytest.raises(ModelUnreachable, match="gone"):
        ScriptedLLM([ModelUnreachable("gone")]).complete(ASK)


def test_malformed_json_takes_a_second_reply_and_then_is_an_error() -> None:
    llm = ScriptedLLM(["many", '{"n": 3}', "many", "many"])
    repaired = llm.complete(ASK, NUMBER)
    assert (repaired.data, repaired.usage.n_calls, repaired.usage.n_repairs) == ({"n": 3}, 2, 1)
    assert "cannot be used" in llm.calls[1].prompt
    with pytest.raises(MalformedReply):
        llm.complete(ASK, NUMBER)
    assert len(llm.calls) == 4


def test_its_limits_are_kept() -> None:
    llm = ScriptedLLM(lambda _: "a b c d e f", limits=Limits(8, 4, by_words))
    assert llm.complete(ASK).text.split() == ["a", "b", "c", "d"]
    assert llm.complete(ASK).finish_reason == "length"
    assert llm.complete([Message("user", "1 2 3 4 5 6")]).text.split() == ["a", "b"]
    with pytest.raises(ContextTooLong):
        llm.complete([Message("user", "1 2 3 4 5 6 7 8 9")])
    with pytest.raises(TruncatedReply):
        ScriptedLLM(['{"n": 3, "more": 4}'], limits=Limits(8, 2, by_words)).complete(ASK, NUMBER)


def test_usage_is_counted_or_as_scripted() -> None:
    llm = ScriptedLLM(["a b c", Completion("x", Usage(70, 3, 64))], limits=Limits(count_tokens=by_words))
    assert llm.complete(ASK).usage == Usage(2, 3, n_calls=1)
    assert llm.complete(ASK).usage == Usage(70, 3, 64, n_calls=1)


@pytest.mark.parametrize("text", ["one two  three\n", " ", "", "\n\nx"])
def test_the_pieces_of_a_stream_are_the_reply(text: str) -> None:
    *pieces, last = ScriptedLLM([text]).stream(ASK)
    assert "".join(map(str, pieces)) == text
    assert isinstance(last, Completion)
    assert last.text == text


def test_threads_get_each_reply_once() -> None:
    llm = ScriptedLLM([str(n) for n in range(200)])
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: llm.complete(ASK).text, range(200)))
    assert sorted(replies, key=int) == [str(n) for n in range(200)]
