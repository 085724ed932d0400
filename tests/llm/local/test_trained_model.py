"""What sparse attention does to a model that was trained to look things up, where random weights can show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmarks.sparse_accuracy import document_of, llm_of, policy_of, questions_about
from docqa.llm.attention import scoring, selection
from docqa.llm.attention.base import Operands
from docqa.llm.attention.policy import Policy
from docqa.llm.attention.scoring import Int4Keys
from docqa.llm.base import Message, Sampling
from docqa.llm.local.loading import Loaded, load
from docqa.llm.local.local_llm import LocalLLM, Memory
from docqa.llm.local.readings import Attending
from tests.llm.trained_model import FOLDER, trained_model
from training.tiny.conversations import Exchange
from training.tiny.documents import Document
from training.tiny.language import tokenizer

N_TOKENS = 4096


@pytest.fixture(scope="module")
def loaded() -> Iterator[Loaded]:
    with trained_model() as loaded:
        yield loaded


@pytest.fixture(scope="module")
def document(loaded: Loaded) -> Document:
    return document_of(N_TOKENS, 99, lambda text: len(loaded.tokenizer(text).input_ids))


def asked(document: Document, exchange: Exchange) -> list[Message]:
    return [Message("user", f"{document.text}\n\n{exchange.question}")]


def worst(operands: Operands, block: int) -> Tensor:
    """An estimate that prefers what matters least."""
    return 1 - selection.by_antidiagonals(operands, block)


class BlindCopy(Int4Keys):
    """A copy that prefers the pages that matter least."""

    def page_scores(self, q: Tensor, scale: float) -> Tensor:
        return -super().page_scores(q, scale)


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """A policy whose choices are the worst, with what would have caught them left out."""
    monkeypatch.setitem(selection.ESTIMATES, "worst", worst)
    monkeypatch.setitem(scoring.KEY_COPIES, "blind", BlindCopy)
    return replace(policy_of(N_TOKENS)[0], estimate="worst", key_copy="blind", min_recall=0.0)


def test_the_tokenizer_in_the_tree_is_the_one_that_the_training_makes(loaded: Loaded) -> None:
    assert loaded.tokenizer.get_vocab() == tokenizer().get_vocab()
    assert loaded.tokenizer.chat_template == tokenizer().chat_template
    assert loaded.tokenizer.backend_tokenizer.to_str() == tokenizer().backend_tokenizer.to_str()


@pytest.mark.parametrize("task", ["find", "follow", "count"])
def test_with_an_eighth_of_the_keys_it_finds_what_it_finds_with_all(
    loaded: Loaded, document: Document, task: str
) -> None:
    exchanges = questions_about(document, 8, seed=0)[task]
    (dense, _), (sparse, counted) = (llm_of(loaded, N_TOKENS, sparse=s) for s in (False, True))
    right = {}
    for name, llm in {"dense": dense, "sparse": sparse}.items():
        right[name] = sum(llm.complete(asked(document, e)).text == e.reply for e in exchanges)
    assert right["dense"] >= 0.85 * len(exchanges)
    assert right["sparse"] >= right["dense"] - 1
    assert sum(r.attended for r in counted.writing) <= 0.125 * sum(r.causal for r in counted.writing)


def test_the_guard_trusts_sparse_attention_on_a_model_that_it_serves_well(loaded: Loaded, document: Document) -> None:
    notes: dict[str, str] = {}
    llm = LocalLLM(loaded, Sampling(max_output_tokens=40), memory=Memory(notes=notes))
    (exchange,) = questions_about(document, 1, seed=1)["find"]
    completion = llm.complete(asked(document, exchange))
    assert list(notes.values()) == ["sparse"]
    assert completion.text == exchange.reply
    assert completion.usage.attention is not None
    assert completion.usage.attention.density < 0.9


def test_a_bad_selector_makes_it_miss(loaded: Loaded, document: Document, bad: Policy) -> None:
    """Otherwise the tests that catch one would show nothing."""
    llm = LocalLLM(loaded, attending=Attending(bad, policy_of(N_TOKENS)[1], guarded=False))
    exchanges = questions_about(document, 8, seed=0)["follow"]
    assert sum(llm.complete(asked(document, e)).text == e.reply for e in exchanges) <= len(exchanges) / 4


def test_the_guard_reads_densely_what_a_bad_selector_would_miss(
    loaded: Loaded, document: Document, bad: Policy
) -> None:
    notes: dict[str, str] = {}
    attending = Attending(bad, policy_of(N_TOKENS)[1])
    llm = LocalLLM(loaded, Sampling(max_output_tokens=40), attending=attending, memory=Memory(notes=notes))
    (exchange,) = questions_about(document, 1, seed=1)["follow"]
    completion = llm.complete(asked(document, exchange))
    assert list(notes.values()) == ["dense"]
    assert completion.text == exchange.reply
    assert completion.usage.attention is not None
    assert completion.usage.attention.density == 1.0


def test_the_threshold_on_the_recall_computes_again_what_a_bad_selector_has_missed(
    loaded: Loaded, document: Document, bad: Policy
) -> None:
    attending = Attending(replace(bad, min_recall=0.5), policy_of(N_TOKENS)[1], guarded=False)
    llm = LocalLLM(loaded, Sampling(max_output_tokens=40), attending=attending)
    exchanges = questions_about(document, 8, seed=0)["follow"]
    completions = [llm.complete(asked(document, e)) for e in exchanges]
    assert all(c.usage.attention is not None and c.usage.attention.n_dense > 0 for c in completions)
    right = sum(c.text == e.reply for c, e in zip(completions, exchanges, strict=True))
    assert right >= 0.85 * len(exchanges)


def test_it_is_small_and_has_no_code(loaded: Loaded) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8_000_000
    assert {path.suffix for path in FOLDER.iterdir()} <= {".json", ".jinja", ".safetensors"}
    assert next(load(str(FOLDER)).model.parameters()).dtype == torch.float16
