"""Several orders of reading: an answer from each, and a judge that takes one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from docqa.agents import prompts
from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.events import Chosen, LimitReached, Read
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.reading_orders import ReadingOrder
from docqa.agents.reasoner import Abstention, Draft, DraftStatement
from docqa.agents.router.estimates import Economics, estimates
from docqa.agents.router.features import measure
from docqa.agents.sources import sentences_of
from docqa.agents.strategy import last_answer
from docqa.agents.turns import WindowTurns
from docqa.agents.voting import most_agreed
from docqa.documents import Page
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.scripted import ScriptedLLM
from docqa.retrieval.passages import split

from .library_of_pages import PagesCorpus
from .reading_model import model_of, numbered_lines, reader_of
from .scattered import plant_report

REPORT = plant_report(n_pages=20)
CORPUS = PagesCorpus(REPORT)
QUESTION = "What concerned a valve?"
THREE: tuple[ReadingOrder, ...] = ("document", "reversed", "chow_liu")


def chain(model: ScriptedLLM, orders: tuple[ReadingOrder, ...], budget: Budget | None = None) -> Chain:
    llm, meter = metered(model, budget or Budget())
    reasoner = LLMReasoner(llm, LexicalReader(), meter, Window(size=2800, unit=200, margin=50))
    turns = WindowTurns(CORPUS, reasoner)
    return Chain(reasoner, CORPUS, meter=meter, turns=turns, orders=orders, choose=reasoner.choose)


def forgetful(choice: int | str) -> ScriptedLLM:
    """A model whose manager knows only the last incident that was noted, and whose judge says `choice`."""
    read = reader_of("^Incident")

    def reply(messages: Sequence[Message]) -> str:
        system = messages[0].content
        if system == prompts.CHOOSER:
            return json.dumps({"reason": "it is proved", "choice": choice})
        if system == prompts.MANAGER:
            number, text = numbered_lines(messages)[-1]
            return json.dumps({"reason": "", "answerable": True, "statements": [{"text": text, "evidence": [number]}]})
        return read(messages)

    return model_of(reply)


def asked_of(model: ScriptedLLM, system: str) -> list[str]:
    return [call.messages[1].content for call in model.calls if call.messages[0].content == system]


@pytest.mark.parametrize("choice", [1, 2, 3])
def test_the_judge_takes_one_of_the_answers(choice: int) -> None:
    model = forgetful(choice)
    events = list(chain(model, THREE).stream(QUESTION, [REPORT]))
    answer = last_answer(events)
    (judged,) = asked_of(model, prompts.CHOOSER)
    answers = judged.split("Answers:\n")[1].split("\n\nQuestion")[0].splitlines()
    assert len(answers) == 3
    assert answer.text in answers[choice - 1]
    assert [event for event in events if isinstance(event, Chosen)] == [Chosen(choice, 3)]
    reads = [event for event in events if isinstance(event, Read)]
    assert [event.done for event in reads] == list(range(1, reads[0].total + 1))
    assert len(model.calls) == reads[0].total + 3 + 1


def test_the_judge_sees_every_quote_that_an_answer_names() -> None:
    model = forgetful(1)
    chain(model, THREE)(QUESTION, [REPORT])
    (judged,) = asked_of(model, prompts.CHOOSER)
    lines = dict(numbered_lines([Message("system", ""), Message("user", judged)]))
    for answer in judged.split("Answers:\n")[1].split("\n\nQuestion")[0].splitlines():
        text, number = answer.split(": ", 1)[1].rsplit(" [", 1)
        assert lines[int(number.rstrip("]"))] == text


@pytest.mark.parametrize("choice", [0, 4, "two"])
def test_a_judge_that_makes_no_sense_is_replaced_by_a_vote(choice: int | str) -> None:
    model = forgetful(choice)
    answer = chain(model, ("document", "reversed", "document"))(QUESTION, [REPORT])
    assert len(asked_of(model, prompts.CHOOSER)) in (1, 2)
    first = chain(forgetful(1), ("document",))(QUESTION, [REPORT])
    assert answer.text == first.text  # two of three
    assert answer.usage["malformed_replies"] >= 1


def test_nobody_is_asked_when_all_say_the_same() -> None:
    model = model_of(reader_of(r"valve D3\b"))
    answer = chain(model, THREE)("What concerned valve D3?", [REPORT])
    assert answer.text == "Incident 104 concerned a leak at valve D3."
    assert asked_of(model, prompts.CHOOSER) == []


def test_a_limit_in_a_later_path_leaves_the_answer_of_the_first() -> None:
    one = forgetful(1)
    first = chain(one, ("document",))(QUESTION, [REPORT])
    used = first.usage["input_tokens"] + first.usage["output_tokens"]
    events = list(chain(forgetful(1), THREE, Budget(max_tokens=used + 1200)).stream(QUESTION, [REPORT]))
    answer = last_answer(events)
    assert (answer.status, answer.text) == ("partial", first.text)
    assert any(isinstance(event, LimitReached) for event in events)
    assert any("1 of 3 orders of reading" in warning for warning in answer.warnings)


def test_without_a_language_model_every_order_gives_the_same_answer() -> None:
    reasoner = EmbeddedReasoner(LexicalReader())
    answers = [Chain(reasoner, CORPUS, orders=orders)(QUESTION, [REPORT]) for orders in (THREE, ("document",))]
    assert answers[0].statements == answers[1].statements


def test_the_estimate_counts_every_reading_and_the_judge() -> None:
    model = forgetful(2)
    strategy = chain(model, ("document", "bidirectional"))
    strategy(QUESTION, [REPORT])
    features = measure(QUESTION, [REPORT], CORPUS)
    assert isinstance(strategy.reasoner, LLMReasoner)
    economics = Economics(32_768, strategy.reasoner.room(QUESTION), n_readings=3, n_answers=2)
    (estimate,) = [e for e in estimates(features, economics) if e.strategy == "chain"]
    assert estimate.input_tokens == pytest.approx(strategy.meter.usage.input_tokens, rel=0.3)
    assert estimate.n_calls == pytest.approx(len(model.calls), rel=0.15)


PASSAGES = list(split("d" * 64, [Page(0, "One. Two. Three. Four.", number=1)]))
SENTENCES = sentences_of(PASSAGES[0])


def draft(*sentences: int) -> Draft:
    evidence = tuple(SENTENCES[number] for number in sentences)
    return Draft((DraftStatement("s", evidence),)) if evidence else Draft(abstention=Abstention("no"))


@pytest.mark.parametrize(
    ("drafts", "chosen"),
    [
        ([draft(0), draft(1), draft(1, 2)], 1),
        ([draft(0), draft(1), draft(2)], 0),
        ([draft(0), draft(), draft()], 1),
        ([draft(0, 1), draft(2), draft(0, 1, 2)], 2),
        ([draft(), draft(3)], 0),
    ],
)
def test_a_vote_takes_the_answer_that_the_others_agree_with_most(drafts: list[Draft], chosen: int) -> None:
    assert most_agreed("q", drafts) == chosen


def test_a_limit_in_a_later_path_is_told_also_when_both_say_the_same() -> None:
    read = reader_of(r"valve D3\b")
    question = "What concerned valve D3?"
    first = chain(model_of(read), ("document",))(question, [REPORT])
    used = first.usage["input_tokens"] + first.usage["output_tokens"]
    answer = chain(model_of(read), ("document", "document"), Budget(max_tokens=2 * used - 500))(question, [REPORT])
    assert answer.text == first.text
    assert answer.status == "partial"
    assert any(f"of {2 * used - 500} tokens" in warning for warning in answer.warnings)
