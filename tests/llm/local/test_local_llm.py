"""A model in this process behaves as an LLM has to."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from docqa.app.build import build_answerer, build_corpus, build_library
from docqa.app.config import Settings
from docqa.errors import ContextTooLong, ModelRejected, OutOfBudget, TruncatedReply, UsageError
from docqa.llm.attention.paging import PageBudget
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.selection import BlockBudget
from docqa.llm.base import Completion, Message, Sampling, Schema
from docqa.llm.budget import Budget, BudgetLLM
from docqa.llm.cache.store import KVStore
from docqa.llm.counting import CountingLLM
from docqa.llm.generation import Generation
from docqa.llm.local import guard
from docqa.llm.local.generation import Choice, Ending, Written, written_text
from docqa.llm.local.loading import Loaded, load
from docqa.llm.local.local_llm import Limits, LocalLLM, Memory
from docqa.llm.local.prompts import prompt_tokens
from docqa.llm.local.readings import Attending
from docqa.llm.local.sequence import ReadingPlan

from . import models

SHADE = Schema(
    "shade",
    {
        "type": "object",
        "properties": {"shade": {"type": "string", "enum": ["heliotrope", "ochre"]}, "n": {"type": "integer"}},
        "required": ["shade", "n"],
        "additionalProperties": False,
    },
)
SPARSE = Attending(
    Policy(blocks=BlockBudget(n_blocks=4), pages=PageBudget(n_tokens=256), min_recall=0.0), guarded=False
)
LONG = "\n".join(f"[{i}] the harbour was quiet and no vessel left before the tide {i * i}" for i in range(160))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(str(models.saved_model(tmp_path_factory.mktemp("model"))))


def asked(text: str) -> list[Message]:
    return [Message("system", "Reply in short."), Message("user", text)]


def llm_of(loaded: Loaded, *, store: KVStore | None = None, **sampling: object) -> LocalLLM:
    options = {"max_output_tokens": 12, **sampling}
    return LocalLLM(loaded, Sampling(**options), attending=SPARSE, memory=Memory(store))  # type: ignore[arg-type]


def whole(items: Sequence[str | Completion]) -> Completion:
    *pieces, last = items
    assert isinstance(last, Completion)
    assert "".join(str(piece) for piece in pieces) == last.text
    return last


def test_a_reply_counts_its_tokens_and_is_cut_at_the_limit(loaded: Loaded) -> None:
    completion = llm_of(loaded).complete(asked("What is the code?"))
    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 12
    assert completion.usage.input_tokens == len(prompt_tokens(loaded.tokenizer, asked("What is the code?")))
    assert completion.usage.attention is not None
    assert completion.usage.attention.density == 1.0


def test_a_stream_gives_the_reply_in_pieces(loaded: Loaded) -> None:
    llm = llm_of(loaded, max_output_tokens=30)
    completion = whole(list(llm.stream(asked("What is the code?"))))
    assert completion.text == llm.complete(asked("What is the code?")).text


def test_the_likeliest_reply_is_the_one_that_transformers_generates(loaded: Loaded) -> None:
    ids = prompt_tokens(loaded.tokenizer, asked("What is the code of the north gate?"))
    stock = models.random_model(models.config_of("qwen2"))
    stock.load_state_dict(loaded.model.state_dict())
    meant = stock.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=12, do_sample=False, pad_token_id=0
    )[0, len(ids) :]
    found = llm_of(loaded).complete(asked("What is the code of the north gate?"))
    text = loaded.tokenizer.decode(meant, skip_special_tokens=True)
    assert found.text == text.rstrip("\ufffd")  # half a character at the limit is left out


def test_a_seed_draws_the_same_reply_again_and_another_seed_another(loaded: Loaded) -> None:
    texts = [llm_of(loaded, temperature=1.5, seed=seed).complete(asked("What is the code?")).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_text_that_ends_replies_is_cut_off_also_in_the_stream(loaded: Loaded) -> None:
    full = llm_of(loaded, max_output_tokens=30).complete(asked("What is the code?")).text
    stop = full[5:8]
    llm = LocalLLM(loaded, Sampling(max_output_tokens=30), attending=SPARSE, limits=Limits(stop=(stop,)))
    completion = whole(list(llm.stream(asked("What is the code?"))))
    assert completion.text == full[: full.index(stop)]
    assert completion.finish_reason == "stop"


def test_pieces_are_whole_characters_and_never_the_beginning_of_a_stop(loaded: Loaded) -> None:
    ids = loaded.tokenizer("naïve – gate STOP more", add_special_tokens=False).input_ids
    ending, written = Ending(frozenset({1}), ("STOP",), 99), Written()
    pieces = list(written_text(((token, False) for token in ids), loaded.tokenizer, ending, written))
    assert "".join(pieces) == "naïve – gate "
    assert not any("\ufffd" in piece or "S" in piece for piece in pieces)
    assert written.finish_reason == "stop"


def test_temperature_zero_takes_the_largest_and_a_high_one_takes_all() -> None:
    logits = torch.tensor([0.0, 1.0, 0.9])
    assert {Choice(0.0, None)(logits) for _ in range(5)} == {1}
    draw = Choice(5.0, 3)
    assert {draw(logits) for _ in range(100)} == {0, 1, 2}


def test_a_model_of_random_weights_cannot_but_follow_the_schema(loaded: Loaded) -> None:
    for seed in range(3):
        completion = llm_of(loaded, temperature=1.0, seed=seed, max_output_tokens=60).complete(asked("Hi."), SHADE)
        assert completion.data["shade"] in ("heliotrope", "ochre")
        assert completion.usage.n_calls == 1
        assert json.loads(completion.text) == completion.data


def test_json_that_the_limit_cuts_is_an_error(loaded: Loaded) -> None:
    with pytest.raises(TruncatedReply):
        llm_of(loaded, max_output_tokens=3).complete(asked("Hi."), SHADE)


def test_messages_that_do_not_fit_are_an_error(loaded: Loaded) -> None:
    llm = LocalLLM(loaded, limits=Limits(context_length=100))
    assert llm.context_length == 100
    with pytest.raises(ContextTooLong, match="reads 100"):
        llm.complete(asked(LONG))


def test_more_context_than_the_model_was_made_for_is_refused(loaded: Loaded) -> None:
    with pytest.raises(UsageError, match="8192"):
        LocalLLM(loaded, limits=Limits(context_length=10_000))


def test_the_second_question_on_a_document_reads_only_the_question(loaded: Loaded) -> None:
    llm, cold = llm_of(loaded), llm_of(loaded)
    first = llm.complete(asked(f"{LONG}\nWhat is the code?"))
    second = llm.complete(asked(f"{LONG}\nWho left the harbour?"))
    assert first.usage.cached_tokens == 0
    assert 0.85 < second.usage.cached_tokens / second.usage.input_tokens < 1
    assert second.text == cold.complete(asked(f"{LONG}\nWho left the harbour?")).text


def test_a_reading_is_found_again_by_another_process_and_gives_the_same_reply(loaded: Loaded, tmp_path: Path) -> None:
    llm_of(loaded, store=KVStore(tmp_path)).complete(asked(f"{LONG}\nWhat is the code?"))
    again = llm_of(loaded, store=KVStore(tmp_path)).complete(asked(f"{LONG}\nWho left the harbour?"))
    assert again.usage.cached_tokens > 0.85 * again.usage.input_tokens
    assert again.text == llm_of(loaded).complete(asked(f"{LONG}\nWho left the harbour?")).text


def test_logits_after_a_stored_reading_are_those_of_the_cache_to_the_bit(loaded: Loaded, tmp_path: Path) -> None:
    ids = prompt_tokens(loaded.tokenizer, asked(f"{LONG}\nWhat is the code?"))
    other = [*ids[:-20], *ids[5:30]]
    here, saved = llm_of(loaded, store=KVStore(tmp_path)), llm_of(loaded, store=KVStore(tmp_path))
    sequence, _ = here._readings.begin(ids, True, 10)
    sequence.read(ids)
    here._readings.keep(sequence, 0)
    from_memory, n_memory = llm_of(loaded)._readings.begin(other, True, 10), 0
    assert from_memory[1] == n_memory
    stored, n_stored = saved._readings.begin(other, True, 10)
    same, n_same = here._readings.begin(other, True, 10)
    assert n_stored == n_same > 0
    assert stored is not same
    assert torch.equal(stored.read(other), same.read(other))
    assert torch.equal(stored.step(9), same.step(9))


def test_sparse_and_dense_readings_are_never_exchanged(loaded: Loaded, tmp_path: Path) -> None:
    store, question = KVStore(tmp_path), asked(f"{LONG}\nWhat is the code?")
    llm_of(loaded, store=store).complete(question)
    dense = LocalLLM(loaded, Sampling(max_output_tokens=3), attending=Attending(None), memory=Memory(store))
    other = dataclasses.replace(SPARSE, policy=dataclasses.replace(SPARSE.policy, min_recall=0.01))  # type: ignore[type-var]
    for llm in (dense, LocalLLM(loaded, Sampling(max_output_tokens=3), attending=other, memory=Memory(store))):
        assert llm.complete(question).usage.cached_tokens == 0


def test_sparse_attention_reports_what_it_read(loaded: Loaded) -> None:
    report = llm_of(loaded).complete(asked(f"{LONG}\nWhat is the code?")).usage.attention
    assert report is not None
    assert report.density < 0.7
    assert 0 < report.recall < 1
    assert report.n_sampled > 10


def test_several_threads_get_the_replies_that_one_gets(loaded: Loaded) -> None:
    llm, questions = llm_of(loaded), [f"{LONG[: 400 * (i + 1)]}\nWhat is {i}?" for i in range(4)]
    meant = [llm_of(loaded).complete(asked(question)).text for question in questions]
    found = [""] * 4

    def ask(i: int) -> None:
        found[i] = whole(list(llm.stream(asked(questions[i])))).text

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == meant


def test_a_stream_that_is_left_early_harms_nothing(loaded: Loaded) -> None:
    llm = llm_of(loaded)
    stream = llm.stream(asked("What is the code?"))
    next(stream)
    del stream
    assert llm.complete(asked("What is the code?")).text == llm_of(loaded).complete(asked("What is the code?")).text


def test_a_reply_that_nobody_waits_for_ends_and_the_next_one_is_not_kept_waiting(loaded: Loaded) -> None:
    llm = llm_of(loaded, max_output_tokens=100_000)
    counting = CountingLLM(llm)
    limited = BudgetLLM(counting, Budget(is_stopped=llm._turn.locked))  # as soon as it is at work
    with pytest.raises(OutOfBudget):
        limited.complete(asked("Tell me everything."))
    assert counting.tally.usage.n_calls == 1  # it has ended before anybody went on


def test_a_template_without_a_system_turn_gets_its_text_with_the_question() -> None:
    refusal = "{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
    strict = "{% for m in messages %}" + refusal + "{{ m.content }}|{% endfor %}"
    tokenizer = models.tokenizer(template=strict)
    text = tokenizer.decode(prompt_tokens(tokenizer, asked("What is it?")))
    assert text == "Reply in short.\n\nWhat is it?|"


def test_a_model_without_a_template_gets_the_bare_texts() -> None:
    tokenizer = models.tokenizer(template=None)
    assert tokenizer.decode(prompt_tokens(tokenizer, asked("What?"))) == "Reply in short.\n\nWhat?"


def test_a_model_that_slides_runs_dense_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = models.saved_model(tmp_path, "mistral", sliding_window=64)
    loaded = load(str(folder))
    assert loaded.reason is not None
    assert "sliding window" in caplog.text
    completion = llm_of(loaded, max_output_tokens=4).complete(asked(LONG[:2000]))
    assert completion.usage.output_tokens == 4


def test_a_model_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no model 'nobody/nothing' on this machine"):
        load("nobody/nothing")
    with pytest.raises(UsageError, match="there is no folder /nowhere/at/all"):
        load("/nowhere/at/all")
    with pytest.raises(UsageError, match="cannot load the model in"):
        load(str(tmp_path))


def test_a_local_model_is_chosen_by_its_name(loaded: Loaded, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, model=f"local:{loaded.name}", context_length=4096)
    library = build_library(settings)
    answering = build_answerer(settings, build_corpus(settings, library))
    assert answering.llm is not None
    assert answering.llm.name == f"local:{loaded.name}"
    assert answering.llm.context_length == 4096
    with pytest.raises(UsageError, match="PATH_OR_ID"):
        build_answerer(Settings(cache_dir=tmp_path, model="local"), build_corpus(settings, library))
    library.close()


def test_changed_weights_change_the_fingerprint(loaded: Loaded, tmp_path: Path) -> None:
    before = llm_of(loaded).fingerprint
    model = load(loaded.name).model
    with torch.no_grad():
        next(model.parameters())[0, 0] += 1e-3
    model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    changed = dataclasses.replace(load(str(tmp_path)), name=loaded.name)
    assert llm_of(changed).fingerprint != before
    assert llm_of(loaded).fingerprint == before


def test_a_model_that_cannot_answer_the_probes_is_read_densely_and_remembered_so(loaded: Loaded) -> None:
    notes: dict[str, str] = {}
    guarded = dataclasses.replace(SPARSE, guarded=True)
    llm = LocalLLM(loaded, Sampling(max_output_tokens=3), attending=guarded, memory=Memory(notes=notes))
    completion = llm.complete(asked(f"{LONG}\nWhat is the code?"))
    assert completion.usage.attention is not None
    assert completion.usage.attention.density == 1.0
    assert list(notes.values()) == ["dense"]


def verdict(*, short: bool = True, sparse: bool = True, dense: bool = True) -> guard.Verdict:
    """What the guard makes of a model that finds what is hidden only in short texts, sparsely, or densely."""

    def reply(messages: Sequence[Message], is_sparse: bool) -> str:
        text = messages[0].content
        able = short if len(text) < 8 * guard.SHORT else sparse if is_sparse else dense
        asked_for = next(name for name in ("north gate", "mill cellar", "tower room") if f"of the {name}?" in text)
        place = next(line for line in text.splitlines() if f"code of the {asked_for} is" in line)
        value = place.rpartition(" is ")[2].rstrip(".") if "code alone" in text else place[1 : place.index("]")]
        return f"It is {value}." if able else "I do not know."

    return guard.judged(guard.Probes(), 8192, lambda text: len(text) // 4, reply)


def test_the_guard_trusts_what_finds_everything() -> None:
    assert verdict() == "sparse"


def test_the_guard_falls_back_to_dense_where_only_dense_attention_finds() -> None:
    assert verdict(sparse=False) == "dense"


def test_the_guard_falls_back_to_retrieval_where_neither_finds() -> None:
    assert verdict(sparse=False, dense=False) == "retrieval"


def test_the_guard_trusts_nothing_to_a_model_that_fails_on_short_texts() -> None:
    assert verdict(short=False) == "dense"


def test_probes_are_as_long_as_they_should_be_and_lie_at_several_depths() -> None:
    def count(text: str) -> int:
        return len(text.split())

    for question in guard.questions(guard.Probes(), 6000, count):
        text = question.messages[0].content
        assert 5000 < count(text) < 6100
    depths = [text.index(f"of the {name} is") / len(text) for name in ("north gate", "mill cellar", "tower room")]
    assert depths == sorted(depths)
    assert depths[0] < 0.25 < 0.75 < depths[2]


def test_a_model_may_bring_its_own_probes(tmp_path: Path) -> None:
    given = {"filler": ["ka lo."], "facts": [["x {value}", "x ?"]], "ask_value": "{question}"}
    (tmp_path / "docqa_probes.json").write_text(json.dumps(given), encoding="utf-8")
    probes = guard.Probes.of(str(tmp_path))
    assert probes.facts == (("x {value}", "x ?"),)
    assert guard.Probes.of("somebody/something") == guard.Probes()


@pytest.mark.parametrize(("place", "verdict"), [(r"\[([0-9]+)\]", "sparse"), ("[0-9]+", "dense")])
def test_a_model_that_cites_behind_its_answer_says_where_the_place_stands(place: str, verdict: str) -> None:
    def reply(messages: Sequence[Message], _: bool) -> str:
        text = messages[0].content
        name = next(name for name in ("mill cellar", "tower room", "north gate") if f"of the {name}?" in text)
        line = next(line for line in text.splitlines() if f"code of the {name} is" in line)
        return f"{line.rpartition(' is ')[2]} {line[: line.index(']') + 1]}"

    probes = guard.Probes(ask_place="{question}", ask_value="{question}", place=place)
    assert guard.judged(probes, 8192, lambda text: len(text) // 4, reply) == verdict


@pytest.mark.parametrize(("n_tokens", "length"), [(10, 4096), (4096, 4096), (4097, 8192), (20_000, 30_000)])
def test_lengths_are_probed_in_powers_of_two(n_tokens: int, length: int) -> None:
    assert guard.length_class(n_tokens, 30_000) == length


def test_each_generation_is_drawn_in_its_own_way(loaded: Loaded) -> None:
    llm = llm_of(loaded)
    likeliest = whole(list(llm.generate(Generation(tuple(asked("Hi.")), Sampling(max_output_tokens=30)))))
    assert likeliest.usage.output_tokens == 30
    drawn = Generation(tuple(asked("Hi.")), Sampling(1.5, 30, seed=4))
    assert whole(list(llm.generate(drawn))).text == whole(list(llm.generate(drawn))).text != likeliest.text
    stopped = dataclasses.replace(drawn, sampling=Sampling(max_output_tokens=30), stop=(likeliest.text[5:8],))
    assert whole(list(llm.generate(stopped))).text == likeliest.text[: likeliest.text.index(likeliest.text[5:8])]
    held = whole(list(llm.generate(dataclasses.replace(drawn, schema=SHADE, sampling=Sampling(1.0, 60, 1)))))
    assert json.loads(held.text)["shade"] in ("heliotrope", "ochre")
    assert llm.prompt_tokens(asked("Hi.")) == likeliest.usage.input_tokens


def test_a_schema_that_cannot_be_enforced_is_rejected_where_nobody_would_validate(loaded: Loaded) -> None:
    schema = Schema("odd", {"type": "string", "pattern": "(?=never)"})
    with pytest.raises(ModelRejected, match="can be held to this schema"):
        list(llm_of(loaded).generate(Generation(tuple(asked("Hi.")), schema=schema)))


def test_a_cancelled_generation_ends_at_the_next_token(loaded: Loaded) -> None:
    left = threading.Event()
    items: list[str | Completion] = []
    generation = Generation(tuple(asked("Hi.")), Sampling(max_output_tokens=500), cancelled=left.is_set)
    for item in llm_of(loaded).generate(generation):
        items.append(item)
        if len(items) == 3:
            left.set()
    assert whole(items).usage.output_tokens < 10
    assert whole(items).finish_reason == "length"


def test_a_cancelled_reading_keeps_what_it_has_read(loaded: Loaded) -> None:
    n_looks = iter(range(100))
    attending = dataclasses.replace(SPARSE, plan=ReadingPlan(chunk=512))
    llm = LocalLLM(loaded, Sampling(max_output_tokens=5), attending=attending)
    abandoned = Generation(tuple(asked(LONG)), Sampling(max_output_tokens=5), cancelled=lambda: next(n_looks) >= 3)
    (last,) = llm.generate(abandoned)
    assert isinstance(last, Completion)
    assert last.text == ""
    again = whole(list(llm.generate(Generation(tuple(asked(LONG)), Sampling(max_output_tokens=5)))))
    assert again.usage.cached_tokens == 3 * 512
    cold = LocalLLM(loaded, Sampling(max_output_tokens=5), attending=attending)
    assert again.text == cold.complete(asked(LONG)).text
