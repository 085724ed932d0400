"""Runs go on without anybody watching, can be looked at from anywhere, stopped, and told to be dead."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docqa.agents.events import Event, Finished, Read, Searched
from docqa.answers import Answer, Coverage, Route, Statement
from docqa.app.background_runs import BackgroundRuns, Work
from docqa.app.run_log import Run, RunLog
from docqa.errors import OutOfBudget, UsageError

TIMEOUT_S = 20.0
ANSWER = Answer("Why?", "answered", (Statement("So."),), Route("rag", "asked"), Coverage(1, 1))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    (tmp_path / "locks").mkdir()
    log = RunLog(tmp_path, notify=pytest.fail)
    yield log
    log.close()


@pytest.fixture
def runs(log: RunLog, tmp_path: Path) -> Iterator[BackgroundRuns]:
    runs = BackgroundRuns(log, tmp_path / "locks")
    yield runs
    runs.close()


def question(conversation: str = "c1", text: str = "Why?") -> Run:
    return Run("", conversation, text, ("ab",), {"route": "auto"})


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def over(runs: BackgroundRuns, run_id: str) -> Run:
    until(lambda: runs.run(run_id).state != "running")
    return runs.run(run_id)


def step_by_step(go: threading.Semaphore) -> Work:
    """Three events and an answer, one for each release."""

    def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
        for event in (Searched("why", 3), Read(1, 2, 1), Read(2, 2, 1), Finished(ANSWER)):
            assert go.acquire(timeout=TIMEOUT_S)
            yield event

    return work


def test_a_run_is_seen_step_by_step_by_whoever_knows_its_id(runs: BackgroundRuns, log: RunLog) -> None:
    go = threading.Semaphore(0)
    run_id = runs.begin(question(), step_by_step(go))
    assert runs.run(run_id).events == ()
    go.release(2)
    until(lambda: len(log.run(run_id).events) == 2)
    seen = runs.run(run_id)
    assert (seen.state, seen.answer, seen.events[-1]) == ("running", None, Read(1, 2, 1))
    go.release(2)
    assert over(runs, run_id).answer == ANSWER


def test_one_can_wait_a_moment_for_the_end_of_a_run(runs: BackgroundRuns) -> None:
    go = threading.Semaphore(0)
    run_id = runs.begin(question(), step_by_step(go))
    assert not runs.wait(run_id, 0.01)
    go.release(4)
    assert runs.wait(run_id, TIMEOUT_S)
    assert runs.run(run_id).state == "done"
    assert runs.wait(run_id, 0.0)  # it is over


def test_runs_at_the_same_time_do_not_mix(runs: BackgroundRuns) -> None:
    def work_of(n: int) -> Work:
        def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
            for i in range(20):
                yield Searched(f"{n}", i)
            yield Finished(ANSWER)

        return work

    ids = [runs.begin(question(f"c{n}", f"{n}?"), work_of(n)) for n in range(6)]
    for n, run_id in enumerate(ids):
        run = over(runs, run_id)
        assert run.events[:-1] == tuple(Searched(f"{n}", i) for i in range(20))
        assert [known.id for known in runs.of_conversation(f"c{n}")] == [run_id]


def test_a_stopped_run_keeps_the_answer_that_was_proved_by_then(runs: BackgroundRuns) -> None:
    def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
        yield Read(1, 2, 1)
        until(is_stopped)
        yield Finished(ANSWER)

    run_id = runs.begin(question(), work)
    runs.stop(run_id)
    run = over(runs, run_id)
    assert (run.state, run.answer) == ("stopped", ANSWER)
    assert not runs.is_stopping(run_id)
    runs.stop(run_id)  # it is over, and stays as it is
    assert runs.run(run_id) == run


def test_a_run_that_was_stopped_before_it_found_anything_has_no_error(runs: BackgroundRuns) -> None:
    def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
        until(is_stopped)
        raise OutOfBudget("stopped")
        yield

    run_id = runs.begin(question(), work)
    assert not runs.is_stopping(run_id)
    runs.stop(run_id)
    run = over(runs, run_id)
    assert (run.state, run.error, run.answer) == ("stopped", "", None)


@pytest.mark.parametrize(
    ("error", "shown"), [(UsageError("no such route"), "no such route"), (ZeroDivisionError("x"), "ZeroDivisionError")]
)
def test_what_went_wrong_in_the_thread_reaches_the_person(
    runs: BackgroundRuns, error: Exception, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
        raise error
        yield

    run = over(runs, runs.begin(question(), work))
    assert run.state == "failed"
    assert shown in run.error
    assert "\n" not in run.error


def test_a_run_that_is_not_there_is_a_usage_error(runs: BackgroundRuns) -> None:
    for attempt in (runs.run, runs.stop, lambda run_id: runs.wait(run_id, 0.0)):
        with pytest.raises(UsageError, match="no question"):
            attempt("nothing")


CHILD = """
import sys, time
from pathlib import Path
from docqa.agents.events import Read
from docqa.app.background_runs import BackgroundRuns
from docqa.app.run_log import Run, RunLog

def work(is_stopped):
    yield Read(1, 2, 1)
    time.sleep(60)

folder = Path(sys.argv[1])
runs = BackgroundRuns(RunLog(folder, print), folder / "locks")
print(runs.begin(Run("", "c1", "Why?", ("ab",)), work), flush=True)
time.sleep(60)
"""


def test_a_run_of_another_process_is_followed_and_interrupted_when_that_process_dies(
    runs: BackgroundRuns, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        until(lambda: runs.run(run_id).events == (Read(1, 2, 1),))
        assert runs.run(run_id).state == "running"
        assert not runs.wait(run_id, TIMEOUT_S)
        with pytest.raises(UsageError, match="another docqa process"):
            runs.stop(run_id)
        child.kill()
    assert runs.run(run_id).state == "interrupted"
    assert runs.of_conversation("c1")[0].state == "interrupted"


def test_an_interrupted_run_is_gone_on_with_under_its_id(runs: BackgroundRuns, log: RunLog) -> None:
    log.begin(Run("r1", "c1", "Why?", ("ab",), owner="0" * 16))
    log.append("r1", Read(1, 2, 1))
    assert runs.run("r1").state == "interrupted"
    runs.begin(runs.run("r1"), lambda is_stopped: iter([Read(2, 2, 1), Finished(ANSWER)]))
    run = over(runs, "r1")
    assert (run.state, run.events) == ("done", (Read(1, 2, 1), Read(2, 2, 1), Finished(ANSWER)))
