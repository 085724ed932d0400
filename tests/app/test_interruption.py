"""Whoever leaves in the middle of an answer leaves at once, whatever the model's server is doing, and can come back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docqa import DocQA
from docqa.agents.events import Finished, Read, Started
from docqa.agents.strategy import last_answer
from docqa.errors import OutOfBudget

from .slow_model import SlowServer, slow_server

PATTERN = "renewed in writing"
QUESTION = "When does it end unless it is renewed in writing?"
LIST = "List all things that are renewed in writing."
LEFT_S = 30.0  # far less than the server would keep anybody waiting, and enough for a busy machine
STARTED_S = 240.0


def until(condition: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def agent(folder: Path, slow: SlowServer, **settings: Any) -> DocQA:
    return DocQA(cache_dir=folder, model="openai:test-model", base_url=slow.url, **settings)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for a single process on Windows")
@pytest.mark.parametrize(
    ("question", "route", "n_let"),
    [(QUESTION, "rag", 0), (QUESTION, "chain", 1), (LIST, "auto", 0)],
    ids=["the only call", "the second call of a chain", "parts that are read at the same time"],
)
def test_ctrl_c_ends_a_question_in_the_middle_of_a_call_and_resume_goes_on(
    lease: Path, tmp_path: Path, question: str, route: str, n_let: int
) -> None:
    with slow_server(PATTERN) as slow:
        environment = {**os.environ, "DOCQA_CACHE_DIR": str(tmp_path / "cache")}
        docqa = [sys.executable, "-m", "docqa.app.cli"]
        ask = [*docqa, "ask", str(lease), question, "--route", route]
        asking = subprocess.Popen(
            [*ask, "--model", "openai:test-model", "--base-url", slow.url],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        )  # fmt: skip
        slow.let(n_let) if n_let else None
        until(lambda: slow.n_asked > n_let, STARTED_S)
        asking.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, said = asking.communicate(timeout=STARTED_S)
        assert time.monotonic() - started < LEFT_S
        assert asking.returncode == 130, said
        assert said.endswith("docqa: interrupted; what was read so far is kept\n")
        run = re.search(r"docqa resume ([0-9a-f]{8})", said)
        assert run is not None
        n_asked = slow.n_asked
        slow.let()
        resumed = subprocess.run(
            [*docqa, "resume", run[1]], env=environment, capture_output=True, text=True, timeout=STARTED_S, check=False
        )
    assert resumed.returncode == 0, resumed.stderr
    assert PATTERN in resumed.stdout
    assert slow.n_asked >= n_asked + 1  # the call that was under way, and no earlier one
    if n_let:
        first = [request.body["messages"] for request in slow.server.chats[:n_let]]
        assert all(request.body["messages"] not in first for request in slow.server.chats[n_let:])


def test_a_stream_that_is_closed_asks_nothing_more(lease: Path, tmp_path: Path) -> None:
    with slow_server(PATTERN) as slow, agent(tmp_path / "c", slow, route="chain") as asked:
        slow.let(1)
        events = asked.stream(lease, QUESTION)
        seen = [next(events)]
        while not isinstance(seen[-1], Read):
            seen.append(next(events))
        until(lambda: slow.n_asked == 2, STARTED_S)
        started = time.monotonic()
        events.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < LEFT_S
        slow.let()
        assert isinstance(seen[0], Started)
        answer = last_answer(asked.resume(seen[0].run_id))
    assert answer.status == "answered"
    assert slow.n_asked == 3  # the manager's call once more


def test_a_limit_on_seconds_binds_while_a_call_is_running(lease: Path, tmp_path: Path) -> None:
    with slow_server(PATTERN) as slow, agent(tmp_path / "c", slow, route="rag", max_seconds=60) as asked:
        slow.let()
        asked.ask(lease, "What is the rent?")  # imports, the embedded judge, what is found out about the server
    with slow_server(PATTERN) as slow, agent(tmp_path / "c", slow, route="rag", max_seconds=3) as asked:
        started = time.monotonic()
        with pytest.raises(OutOfBudget, match="--max-seconds"):
            asked.ask(lease, QUESTION)
        assert time.monotonic() - started < 3 + LEFT_S


def test_a_question_is_stopped_by_hand_while_a_call_is_running(lease: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    with slow_server(PATTERN) as slow, agent(tmp_path / "c", slow, route="chain") as asked:
        slow.let(1)
        stopped = threading.Event()
        answering = replace(asked._answer, is_stopped=stopped.is_set)
        events = []
        for event in answering.stream(QUESTION, [asked.add(lease)]):
            events.append(event)
            if isinstance(event, Read):
                until(lambda: slow.n_asked == 2, STARTED_S)
                stopped.set()
    assert isinstance(events[-1], Finished)
    assert events[-1].answer.status == "partial"
    assert PATTERN in events[-1].answer.text
    assert "it was stopped by hand" in events[-1].answer.warnings
