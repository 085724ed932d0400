"""What the tiny model is trained on is what docqa will ask it, and its training can go on where it stopped."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from docqa.agents import parsing, prompts
from docqa.agents.sources import lay_out, sentences_of
from docqa.documents import Page
from docqa.llm.base import Message
from docqa.llm.local.guard import Probes, questions
from docqa.llm.local.loading import load
from docqa.llm.local.prompts import prompt_tokens
from docqa.llm.structured import parsed
from docqa.retrieval.passages import split
from training.tiny import conversations as talk
from training.tiny import language
from training.tiny.curriculum import ALL, ONE_LOOK_UP, Progress
from training.tiny.documents import Document, Fact, Shape, document
from training.tiny.network import HEAD_DIM, WIDTH, network, replies_loss
from training.tiny.sequences import Batch, Reply, batch
from training.tiny.train import Schedule, export, train

SHAPE = Shape(300, share_of_facts=0.6, n_series=2)


@pytest.fixture(scope="module")
def words() -> Any:
    return language.tokenizer()


def some_document(seed: int = 0) -> Document:
    return document(random.Random(seed), SHAPE)


def tokens_of(words: Any, messages: list[Message]) -> list[str]:
    return words.convert_ids_to_tokens(prompt_tokens(words, messages))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "messages",
    [
        prompts.work("Follow Bakan mosen", "# document 0123abcd, part 3: Some > place\n[1] Bakan albra 12345.", ""),
        prompts.work(
            "Find Bakan mosen",
            "[12] Dakan albra Tolor nuden.",
            "Known so far: Bakan mosen Dakan albra\nStill open: Dakan albra\nQuote, part 7: Bakan mosen Dakan albra.",
        ),
        prompts.answer("Find Bakan mosen", "[1] Bakan mosen Dakan albra.", "Known so far: Bakan mosen Dakan albra"),
        [Message("user", "[1] Bakan one Dakan albra.\n\nQuestion: Count from Bakan")],
    ],
)
def test_a_prompt_of_docqa_has_few_tokens_and_none_for_single_letters(words: Any, messages: list[Message]) -> None:
    """Fails when the frames of a prompt change: then `language.FRAMES` have to follow and the model be trained anew."""
    tokens = tokens_of(words, messages)
    assert not [token for token in tokens if len(token) == 1 and token.isascii() and token.isalpha()]
    assert len(tokens) < 45


def test_a_conversation_is_learned_as_the_template_writes_it(words: Any) -> None:
    made = talk.plain(random.Random(3), SHAPE, 100, ALL)
    learned = batch([made], words, 10_000, 10_000, "x").tokens[0].tolist()
    first, *others = made.exchanges
    doc = document(random.Random(3), SHAPE)
    turns = [Message("user", f"{doc.text}\n\n{first.question}"), Message("assistant", first.reply)]
    for exchange in others:
        turns += [Message("user", exchange.question), Message("assistant", exchange.reply)]
    asked = prompt_tokens(words, turns)
    assert learned == asked + [words.pad_token_id] * (10_000 - len(asked))


def test_sources_are_learned_as_docqa_lays_them_out() -> None:
    page = Page(0, "".join(f"{line.strip()}\n\n" for line in some_document().lines), number=1)
    passages = split("0123abcd" * 8, [page])
    laid_out = lay_out([piece for passage in passages for piece in sentences_of(passage)]).text
    for line in laid_out.split("\n"):
        assert re.fullmatch(r"# document 0123abcd, part 1: |\[[0-9]+\] [A-Z][a-z]* [a-z0-9 A-Z]+\.", line)
    facts = [fact for fact in some_document().facts.values() if f"]{fact.name}{fact.value}." in laid_out]
    assert len(facts) == len(some_document().facts)


def test_find_and_follow_quote_the_lines_that_they_name() -> None:
    doc = some_document()
    for name in doc.names:
        fact = doc.facts[name]
        assert doc.lines[fact.line - 1].endswith(f"{name}{fact.value}.")
        assert talk.find_reply(doc, name).reply == f"{fact.value}. [{fact.line}]"
    first = doc.facts[doc.chains[0]]
    second = doc.facts[first.value]
    assert talk.follow_reply(doc, first.name).reply == f"{first.value}{second.value}. [{second.line}]"


def test_count_lists_every_item_of_a_series_and_gives_their_number() -> None:
    doc = some_document()
    for first, items in doc.series.items():
        reply = talk.count_reply(doc, first).reply
        assert len(items) == sum(f"{first}{ordinal} " in doc.text for ordinal in language.ORDINALS)
        assert [f". [{item.line}]" in reply for item in items] == [True] * len(items)
        assert reply.endswith(f" none total{language.ORDINALS[len(items) - 1]}")


def test_what_is_not_there_is_said_to_be_none() -> None:
    doc = some_document()
    assert talk.find_reply(doc, " Nobody here").reply == " none"
    assert talk.follow_reply(doc, " Nobody here").reply == " none"
    assert talk.count_reply(doc, " Nobody").reply == " none"


def test_replies_follow_the_forms_that_docqa_asks_for() -> None:
    facts = [Fact(" Bakan mosen", " Dakan albra", 3), Fact(" Dakan albra", " 12345", 9)]
    worked = parsing.worked(parsed(talk.work_reply(facts[:1], " Dakan albra"), parsing.WORK))
    assert worked == parsing.Worked((3,), "Bakan mosen Dakan albra", ("Dakan albra",))
    assert parsing.worked(parsed(talk.work_reply([]), parsing.WORK)) == parsing.Worked((), "", ())
    composed = parsing.composed(parsed(talk.answer_reply(facts), parsing.ANSWER))
    assert [(proved.text, proved.numbers) for proved in composed.statements] == [("Dakan albra 12345", (9,))]
    assert parsing.composed(parsed(talk.answer_reply([]), parsing.ANSWER)).statements == ()


@pytest.mark.parametrize("make", [talk.work, talk.answer])
def test_forms_are_made_of_sentences_that_their_sources_hold(make: Any) -> None:
    schema = parsing.WORK if make is talk.work else parsing.ANSWER
    n_answered = 0
    for seed in range(40):
        (exchange,) = make(random.Random(seed), Shape(120, 0.7)).exchanges
        data = parsed(exchange.reply, schema)
        numbers = data["evidence"] if make is talk.work else [n for s in data["statements"] for n in s["evidence"]]
        texts = [data["partial_answer"]] if make is talk.work else [s["text"] for s in data["statements"]]
        for number, text in zip(numbers, texts, strict=False):
            assert re.search(rf"\n\[{number}\][^\n]*{text}\.\n", exchange.question)
        n_answered += bool(numbers)
    assert 10 < n_answered < 40


def test_heads_of_the_first_layer_look_back_before_any_training(words: Any) -> None:
    model = network(len(words), words.eos_token_id, words.pad_token_id, seed=0)
    layer, n = model.model.layers[0], 40
    hidden = torch.randn(1, n, WIDTH)
    cos, sin = model.model.rotary_emb(hidden, torch.arange(20_000, 20_000 + n)[None])
    attention = layer.self_attn

    def turned(states: torch.Tensor) -> torch.Tensor:
        first, second = states.chunk(2, -1)
        rotated: torch.Tensor = states * cos[0] + torch.cat((-second, first), -1) * sin[0]
        return rotated

    for head in range(8):
        offset = head + 1
        kv_head = slice(HEAD_DIM * (head // 4), HEAD_DIM * (head // 4 + 1))
        key = turned(attention.k_proj(hidden)[0, :, kv_head])
        query = turned(attention.q_proj(hidden)[0, :, head * HEAD_DIM : (head + 1) * HEAD_DIM])
        scores = (query @ key.T * attention.scaling).tril() + torch.full((n, n), -1e9).triu(1)
        shares = scores.softmax(-1)
        assert bool((shares.argmax(-1)[offset:] == torch.arange(n - offset)).all())
        assert shares[10:].amax(-1).min() > 0.9


def test_positions_jump_at_ends_of_lines_alone_and_stay_in_the_span(words: Any) -> None:
    made = [talk.plain(random.Random(seed), SHAPE, 200, ALL) for seed in range(12)]
    rows = batch(made, words, 700, 20_000, "seed")
    n_jumps = 0
    for tokens, positions in zip(rows.tokens.tolist(), rows.positions.tolist(), strict=True):
        for i in range(1, len(tokens)):
            if positions[i] != positions[i - 1] + 1 and tokens[i] != words.pad_token_id:
                n_jumps += 1
                assert words.convert_ids_to_tokens(tokens[i]).startswith("Ċ")
                assert positions[i] > positions[i - 1]
    assert n_jumps > 3
    assert int(rows.positions.max()) < 20_000


def test_only_replies_are_learned_and_a_longer_row_is_cut_between_them(words: Any) -> None:
    made = talk.plain(random.Random(5), SHAPE, 300, ALL)
    rows = batch([made], words, 400, 10_000, "x")
    assert 0 < len(rows.replies) < len(made.exchanges)
    replies = [talk.with_end(exchange.reply) for exchange in made.exchanges]
    for reply in rows.replies:
        assert words.decode(rows.tokens[0, reply.start : reply.end]) in replies


def test_several_look_ups_begin_when_one_is_learned_and_lengths_grow_when_all_are() -> None:
    progress = Progress()

    def learned(*tasks: str) -> None:
        progress.take((Reply(task, 0, 0, 1), True) for task in tasks for _ in range(120))

    learned("follow")
    assert not progress.all_tasks
    learned("find")
    assert progress.all_tasks
    assert progress.length == 96
    learned(*ONE_LOOK_UP)
    assert progress.length == 96
    learned(*ALL)
    assert progress.length == 144
    progress.take((Reply("count", 0, 0, 1), False) for _ in range(120))
    learned(*ONE_LOOK_UP, "follow")
    assert progress.length == 144
    progress.go_on_at(8192)
    assert (progress.length, progress.accuracy()) == (8192, {})


def test_a_training_that_stopped_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    whole = train(Schedule(4, 0, n_tokens=192, every=1), tmp_path / "whole")
    halves = [train(Schedule(n, 0, n_tokens=192, every=1), tmp_path / "halves") for n in (2, 4)]
    saved = torch.load(tmp_path / "whole" / "checkpoint.pt", weights_only=True)
    for name, tensor in halves[1].state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name])
        assert torch.equal(tensor, saved["model"][name])
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [1, 2, 3, 4]


def test_an_exported_model_is_loaded_with_the_tokens_that_it_learned(words: Any, tmp_path: Path) -> None:
    model = network(len(words), words.eos_token_id, words.pad_token_id, seed=0)
    export(model, tmp_path)
    loaded = load(str(tmp_path))
    doc = some_document()
    for messages in (
        [Message("user", f"{doc.text}\n\nQuestion: Find{doc.names[0]}")],
        prompts.work("Find Bakan mosen", "# document 0123abcd, part 3: Some > place\n[12] Dakan albra 12345.", ""),
    ):
        meant = prompt_tokens(words, messages)
        assert prompt_tokens(loaded.tokenizer, messages) == meant
        assert loaded.tokenizer.decode(meant) == words.decode(meant)
    assert loaded.tokenizer.eos_token_id == words.eos_token_id


def test_the_probes_that_are_written_can_be_hidden_and_asked_for(words: Any, tmp_path: Path) -> None:
    language.save_probes(tmp_path)
    haystack = questions(Probes.of(str(tmp_path)), 2000, lambda text: len(words(text).input_ids))
    for question in haystack:
        text = question.messages[0].content
        name = text.rpartition("Find ")[2]
        assert re.search(rf" {name} [0-9]{{5}}\.\n", text)
        assert len(words(name).input_ids) < 12


def test_one_short_text_is_learned_by_heart(words: Any) -> None:
    model = network(len(words), words.eos_token_id, words.pad_token_id, seed=0)
    rows = batch([talk.plain(random.Random(0), Shape(40), 40, ONE_LOOK_UP)], words, 96, 1000, "x")
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    before = replies_loss(model, rows)[0].item()
    for _ in range(15):
        optimiser.zero_grad()
        torch.autograd.backward(replies_loss(model, rows)[0])
        optimiser.step()
    after, wrong = replies_loss(model, rows)
    assert after.item() < 0.2 * before
    assert wrong.tolist() == [0.0] * len(rows.replies)
    assert isinstance(rows, Batch)
