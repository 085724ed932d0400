"""docqa as a part of somebody's program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docqa import Answer, DocQA, DocqaError
from docqa.agents.events import Started
from docqa.agents.strategy import last_answer
from docqa.errors import UsageError
from docqa.llm.scripted import ScriptedLLM

from .conftest import LEASE

QUESTION = "When does it end unless it is renewed in writing?"


@pytest.fixture
def agent(tmp_path: Path) -> DocQA:
    return DocQA(cache_dir=tmp_path / "cache")


def test_a_program_asks_a_file_and_prints_the_answer(agent: DocQA, lease: Path) -> None:
    answer = agent.ask(lease, QUESTION)
    assert isinstance(answer, Answer)
    assert LEASE[1] in str(answer)
    assert set(answer.seconds) >= {"read", "retrieve", "cite"}


def test_paths_may_be_text_and_several(agent: DocQA, lease: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("The caretaker keeps the keys of the cellar in a tin box.\n")
    answer = agent.ask([str(lease), notes], "Where does the caretaker keep the keys of the cellar?")
    assert answer.citations[0].document == "notes.txt"
    assert answer.citations[0].page is None


def test_documents_are_read_once_and_asked_often(agent: DocQA, lease: Path) -> None:
    document = agent.add(lease)
    assert document.pages[0].text.splitlines() == list(LEASE)
    assert agent.ask_documents([document], QUESTION).status == "answered"
    assert agent.search_documents([document], "rent", k=1)[0].passage.document_id == document.id


def test_a_document_that_is_given_twice_is_asked_once(agent: DocQA, lease: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(lease.read_bytes())
    answer = agent.ask([lease, copy, lease], QUESTION)
    assert [asked.document for asked in answer.documents] == ["lease.pdf"]
    assert answer.coverage.pages == 1
    with pytest.raises(UsageError, match="no document was given"):
        agent.ask_documents([], QUESTION)


def test_progress_is_told_by_name(agent: DocQA, lease: Path) -> None:
    told = []
    agent.add(lease, on_progress=lambda name, progress: told.append((name, progress.stage)))
    assert ("lease.pdf", "reading") in told


@pytest.mark.parametrize(
    ("files", "question"), [([], "x?"), ("lease.pdf", " "), ("lease.pdf", "x" * 10_001)], ids=["none", "empty", "long"]
)
def test_a_mistake_raises_one_line(
    agent: DocQA, lease: Path, files: list[str], question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lease.parent)
    with pytest.raises(UsageError) as caught:
        agent.ask(files, question)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_raises_a_docqa_error(agent: DocQA, tmp_path: Path) -> None:
    with pytest.raises(DocqaError, match=r"absent\.pdf"):
        agent.ask(tmp_path / "absent.pdf", "x?")


def test_settings_are_given_whole_or_one_by_one(agent: DocQA) -> None:
    with pytest.raises(UsageError, match="not both"):
        DocQA(agent.settings, ocr="off")


def test_a_with_block_closes_the_agent(tmp_path: Path, lease: Path) -> None:
    with DocQA(cache_dir=tmp_path / "cache") as agent:
        assert agent.ask(lease, QUESTION).status == "answered"


def test_a_model_of_ones_own_answers_and_is_not_closed(tmp_path: Path, lease: Path) -> None:
    reply = {"reason": "", "answerable": True, "statements": [{"text": LEASE[1], "evidence": [2]}]}
    model = ClosableModel([json.dumps(reply)])
    with DocQA(cache_dir=tmp_path / "cache", llm=model, route="rag") as agent:
        events = list(agent.stream(lease, QUESTION))
        answer = last_answer(events)
        assert isinstance(events[0], Started)
        resumed = last_answer(agent.resume(events[0].run_id))
    assert (answer.text, answer.made_with["model"]) == (LEASE[1], "scripted")
    assert resumed.text == answer.text
    assert (len(model.calls), model.n_closed) == (1, 0)


class ClosableModel(ScriptedLLM):
    """A model that counts how often it was closed."""

    n_closed = 0

    def close(self) -> None:
        self.n_closed += 1


def test_every_name_of_the_front_door_can_be_imported() -> None:
    import docqa

    for name in docqa.__all__:
        assert getattr(docqa, name).__name__ == name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = docqa.no_such_name
