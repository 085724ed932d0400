"""The process behind the page: what people ask goes on without them, and nobody's question gets into another's."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docqa import DocQA
from docqa.agents.events import LimitReached, Started, Understood
from docqa.app.config import Settings
from docqa.app.conversations import conversation
from docqa.app.doctor import one_page_pdf
from docqa.app.run_log import Run
from docqa.app.workspace import Question, Workspace
from docqa.errors import UsageError

from .conftest import LEASE
from .slow_model import SlowServer, slow_server

TIMEOUT_S = 30.0
RENT = "What is the yearly rent?"
BRIDGE = ("The harbour bridge was opened to traffic in 1932.", "Its main arch spans 503 metres.")


@pytest.fixture
def workspace(tmp_path: Path, slow: SlowServer) -> Iterator[Workspace]:
    workspace = Workspace(DocQA(cache_dir=tmp_path / "cache"))
    yield workspace
    slow.let()  # whatever a test has left waiting ends before the workspace does
    workspace.close()


@pytest.fixture
def slow() -> Iterator[SlowServer]:
    with slow_server(r"yearly rent|main arch") as server:
        yield server


def uploaded(workspace: Workspace, lines: tuple[str, ...] = LEASE, name: str = "lease.pdf") -> str:
    path = workspace.upload(name, io.BytesIO(one_page_pdf(lines)))
    return path.parent.name


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def over(workspace: Workspace, run: Run) -> Run:
    until(lambda: workspace.runs.run(run.id).state != "running")
    return workspace.runs.run(run.id)


def with_model(workspace: Workspace, slow: SlowServer, route: str = "rag") -> Settings:
    return replace(workspace.settings, model="openai:test-model", base_url=slow.url, route=route)


def text_of(run: Run) -> str:
    assert run.answer is not None, run.error
    return run.answer.text


def test_a_question_waits_for_the_documents_that_were_dropped_with_it(workspace: Workspace) -> None:
    document = uploaded(workspace)
    run = over(workspace, workspace.ask(Question(RENT, (document,), workspace.settings)))
    assert "48,500 dollars" in text_of(run)
    assert [reading.state for reading in workspace.readings.readings()] == ["read"]
    assert [entry.name for entry in workspace.documents()] == ["lease.pdf"]


def test_a_follow_up_is_understood_from_the_conversation(workspace: Workspace) -> None:
    document = uploaded(workspace)
    first = over(workspace, workspace.ask(Question(RENT, (document,), workspace.settings)))
    follow_up = Question("And when is it due?", (document,), workspace.settings, first.conversation)
    second = over(workspace, workspace.ask(follow_up))
    assert second.events[0] == Understood("And when is it due? (yearly rent)")
    assert "four equal parts" in text_of(second)
    said = conversation(workspace.settings.cache_dir, first.conversation)
    assert said is not None
    assert [turn.asked for turn in said.turns] == [RENT, "And when is it due?"]


def test_asking_again_asks_the_documents_the_same(workspace: Workspace) -> None:
    document = uploaded(workspace)
    first = over(workspace, workspace.ask(Question(RENT, (document,), workspace.settings)))
    again = Question(
        "And when is it due?",
        (document,),
        replace(workspace.settings, route="chain"),
        first.conversation,
        understood="When is the yearly rent due?",
    )
    run = over(workspace, workspace.ask(again))
    assert (run.understood, run.answer and run.answer.route.strategy) == ("When is the yearly rent due?", "chain")


def test_two_conversations_at_once_do_not_mix(workspace: Workspace, slow: SlowServer) -> None:
    lease, bridge = uploaded(workspace), uploaded(workspace, BRIDGE, "bridge.pdf")
    settings = with_model(workspace, slow)
    ours = workspace.ask(Question(RENT, (lease,), settings))
    theirs = workspace.ask(Question("How long is the main arch?", (bridge,), settings))
    assert ours.conversation != theirs.conversation
    slow.let()
    assert text_of(over(workspace, ours)) == LEASE[2]
    assert text_of(over(workspace, theirs)) == BRIDGE[1]
    for run in (ours, theirs):
        assert [known.id for known in workspace.runs.of_conversation(run.conversation)] == [run.id]


def test_stop_asks_the_model_for_no_more_and_keeps_what_is_proved(
    workspace: Workspace, slow: SlowServer, tmp_path: Path
) -> None:
    filler = " ".join(f"On day {n} nothing was decided about the warehouse in Dock Street." for n in range(100))
    paragraphs = (f"At meeting {n} the yearly rent was named. {filler}" for n in range(60))
    (tmp_path / "long.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    with (tmp_path / "long.txt").open("rb") as file:
        document = workspace.upload("long.txt", file).parent.name
    run = workspace.ask(Question(RENT, (document,), with_model(workspace, slow, "chain")))
    slow.let(1)
    until(lambda: slow.n_asked == 2)
    workspace.runs.stop(run.id)
    stopped = over(workspace, run)
    slow.let()
    assert slow.n_asked == 2  # the call that was under way was its last, and was not waited for
    assert stopped.state == "stopped"
    assert stopped.answer is not None
    assert stopped.answer.status == "partial"
    assert any(isinstance(event, LimitReached) and "stopped by hand" in event.reason for event in stopped.events)
    assert "stopped by hand" in " ".join(stopped.answer.warnings)


CHILD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from docqa import DocQA
from docqa.app.workspace import Question, Workspace

workspace = Workspace(DocQA(cache_dir=Path(sys.argv[1])))
with open(sys.argv[2], "rb") as file:
    document = workspace.upload("lease.pdf", file).parent.name
settings = replace(workspace.settings, model="openai:test-model", base_url=sys.argv[3], route="rag")
print(workspace.ask(Question("What is the yearly rent?", (document,), settings)).id, flush=True)
time.sleep(60)
"""


def test_a_run_whose_process_died_is_taken_up_in_another_one(
    workspace: Workspace, slow: SlowServer, lease: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path / "cache"), str(lease), slow.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        until(lambda: slow.n_asked == 1)
        child.kill()
    assert workspace.runs.run(run_id).state == "interrupted"
    slow.let()
    workspace.go_on(run_id, workspace.settings)
    run = over(workspace, workspace.runs.run(run_id))
    assert text_of(run) == LEASE[2]
    assert sum(isinstance(event, Started) for event in run.events) == 1
    with pytest.raises(UsageError, match="ask it again"):
        workspace.go_on(run_id, workspace.settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"document_ids": ()}, "no document is chosen"),
        ({"text": "  "}, "empty"),
        ({"settings": Settings(model="parrot")}, "unknown model"),
    ],
)
def test_what_cannot_be_asked_is_said_at_once(workspace: Workspace, change: dict[str, object], message: str) -> None:
    asked = replace(Question(RENT, ("ab",), workspace.settings), **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        workspace.ask(asked)


def test_a_document_that_cannot_be_read_fails_the_question_with_the_cause(workspace: Workspace) -> None:
    path = workspace.upload("broken.pdf", io.BytesIO(b"%PDF-1.4 and nothing more"))
    run = over(workspace, workspace.ask(Question(RENT, (path.parent.name,), workspace.settings)))
    assert run.state == "failed"
    assert run.error.startswith("broken.pdf: ")
    (reading,) = workspace.readings.readings()
    assert (reading.state, reading.error) == ("failed", run.error.removeprefix("broken.pdf: "))
    workspace.readings.dismiss(path)
    assert workspace.readings.readings() == ()


def test_a_removed_document_is_gone_with_the_copy_of_its_file(workspace: Workspace) -> None:
    document = uploaded(workspace)
    over(workspace, workspace.ask(Question(RENT, (document,), workspace.settings)))
    workspace.remove(document)
    assert workspace.documents() == ()
    assert not list((workspace.settings.cache_dir / "uploads").glob("*/*"))
    run = over(workspace, workspace.ask(Question(RENT, (document,), workspace.settings)))
    assert "add its file first" in run.error


def test_conversations_are_found_by_words_of_question_or_answer(workspace: Workspace) -> None:
    lease, bridge = uploaded(workspace), uploaded(workspace, BRIDGE, "bridge.pdf")
    first = over(workspace, workspace.ask(Question(RENT, (lease,), workspace.settings)))
    second = over(workspace, workspace.ask(Question("How long is the main arch?", (bridge,), workspace.settings)))
    by_command = workspace.agent.chat_about([workspace.library.document(bridge)])
    by_command.ask("When was the bridge opened?")
    titles = [entry.title for entry in workspace.conversations()]
    assert titles == ["When was the bridge opened?", "How long is the main arch?", RENT]
    assert [entry.id for entry in workspace.conversations("RENT dollars")] == [first.conversation]
    assert [entry.id for entry in workspace.conversations("503")] == [second.conversation]
    workspace.forget_conversation(second.conversation)
    assert workspace.conversations("503") == ()
    assert workspace.runs.of_conversation(second.conversation) == ()


def test_the_key_of_a_model_server_is_not_written_down(workspace: Workspace, slow: SlowServer, tmp_path: Path) -> None:
    document = uploaded(workspace)
    slow.let()
    settings = replace(with_model(workspace, slow), api_key="sk-quite-secret")
    over(workspace, workspace.ask(Question(RENT, (document,), settings)))
    for path in (tmp_path / "cache").rglob("*"):
        assert not path.is_file() or b"sk-quite-secret" not in path.read_bytes()
