"""Judges are known by name; a neural one is asked about pairs and downloads nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from docqa.app.config import Settings
from docqa.app.eval_judges import judge
from docqa.errors import UsageError
from docqa.llm.base import Message
from tests.agents.reading_model import model_of, numbered_lines
from tests.llm.nli_model import make_nli_model
from tests.llm.openai_server import Kind, OpenAIServer

from .conftest import DocqaCommand
from .test_eval_commands import articles


def test_an_unknown_judge_is_told_with_the_known() -> None:
    with pytest.raises(UsageError, match="embedded, lexical, local, nli, openai"):
        judge("oracle")


def test_the_lexical_judge_needs_nothing() -> None:
    found = judge("lexical")
    assert found.name == "lexical"
    assert found.entails("It was built in 1932.", "Built in 1932")


def test_the_embedded_judge_is_the_shipped_reader() -> None:
    found = judge("embedded")
    assert found.name == "docqa-reader-3"
    premise = "The library opened in 1887 and was enlarged in 1912."
    assert found.entails(premise, "The library opened in 1887.")
    assert not found.entails(premise, "The library opened in 1888.")


def test_an_nli_judge_wants_a_model_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a model"):
        judge("nli")
    pytest.importorskip("transformers")
    with pytest.raises(UsageError, match="downloads none"):
        judge(f"nli:{tmp_path / 'absent'}")


def test_an_nli_judge_is_a_model_in_a_folder(tmp_path: Path) -> None:
    found = judge(f"nli:{make_nli_model(tmp_path)}")
    assert found.name == f"nli:{tmp_path}"
    assert found.entails("the sea is calm today", "the sea is calm")
    assert not found.entails("the sea is rough today", "the sea is calm")


def test_a_language_model_on_a_server_judges_and_is_asked_once_for_each_pair(tmp_path: Path) -> None:
    def reply(messages: Sequence[Message]) -> str:
        said = {text for _, text in numbered_lines(messages)}
        claim = messages[1].content.split("Claim: ")[1]
        return json.dumps({"reason": "", "label": "supports" if claim in said else "unrelated"})

    with OpenAIServer(model_of(reply), Kind(model_card={"max_model_len": 32_000})) as server:
        found = judge("openai:test", Settings(cache_dir=tmp_path, base_url=server.url))
        assert found.name == "openai:test"
        assert found.entails("It rained. The sea is calm.", "The sea is calm.")
        assert found.entails("It rained. The sea is calm.", "The sea is calm.")
        assert not found.entails("It rained. The sea is calm.", "The sea is rough.")
        assert len(server.chats) == 2
        found.close()


def test_a_model_on_a_server_is_measured_with_its_control_and_what_it_costs(
    docqa: DocqaCommand, tmp_path: Path
) -> None:
    def reply(messages: Sequence[Message]) -> str:
        lines = numbered_lines(messages)
        if not lines:
            return "unknown"
        statements = [{"text": text, "evidence": [n]} for n, text in lines if "1507" in text]
        return json.dumps({"reason": "as read", "answerable": bool(statements), "statements": statements})

    data = tmp_path / "towns.json"
    data.write_text(json.dumps({"data": articles(2, 2)}), encoding="utf-8")
    with OpenAIServer(model_of(reply), Kind(model_card={"max_model_len": 32_000})) as server:
        for strategy in ("closed_book", "rag"):
            model = ["--model", "openai:test", "--base-url", server.url, "--strategy", strategy]
            run = docqa(
                "eval", "squad", "--data", str(data), *model, "--out", str(tmp_path / strategy), "--workers", "2"
            )
            assert run.code == 0, run.err
            assert "4 examples, 0 failed" in run.out
        closed_book = [json.dumps(chat.body) for chat in server.chats[:4]]
    assert not any("was founded" in body for body in closed_book)
    compared = docqa("eval", "compare", str(tmp_path / "closed_book"), str(tmp_path / "rag"), "--out", str(tmp_path))
    assert "| str_em | +25.00 |" in compared.out
    assert "tokens per question" in (tmp_path / "comparison.html").read_text(encoding="utf-8")


def test_a_run_is_scored_by_an_nli_judge_from_end_to_end(docqa: DocqaCommand, tmp_path: Path) -> None:
    seas = ("calm", "rough", "deep")
    items = [
        {"id": n, "question": "How is the sea today?", "answer": sea, "docs": [f"the sea is {sea}", "the land is dry"]}
        for n, sea in enumerate(seas)
    ]
    (tmp_path / "narrativeqa.json").write_text(json.dumps(items), encoding="utf-8")
    model = make_nli_model(tmp_path / "nli")
    options = ["--judge", f"nli:{model}", "--mode", "parity", "--out", str(tmp_path / "run")]
    run = docqa("eval", "lciteeval/narrativeqa", "--data", str(tmp_path), *options)
    assert run.code == 0, run.err
    assert f"judge nli:{model}" in run.out
    rows = [json.loads(line) for line in (tmp_path / "run" / "scores.jsonl").read_text(encoding="utf-8").splitlines()]
    pipe = transformers_pipeline(model)
    for row, sea in zip(rows[1:], seas, strict=True):
        pair = {"text": f"Passage: the sea is {sea}", "text_pair": f"the sea is {sea}."}
        assert row["scores"]["citation_recall"] == float(pipe([pair])[0]["label"] == "entailment")


def transformers_pipeline(model: Path) -> Any:
    """The pipeline through which the original scorer asks its judge."""
    return pytest.importorskip("transformers").pipeline("text-classification", model=str(model))
