"""A chain that is killed goes on where it was: at most the call that was under way is made again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

CHILD = Path(__file__).with_name("chain_child.py")
ROOT = CHILD.parent.parent.parent
KILLS = (1, 4, 9, 13, 18, 22, 25, 29, 33, 36)
TIMEOUT_S = 240.0


def begun(folder: Path, run_id: str | None = None) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, str(CHILD), str(folder), *([run_id] if run_id else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(arguments, env=environment, cwd=ROOT)


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text(encoding="ascii").split() if path.exists() else []


def killed_at(process: subprocess.Popen[bytes], folder: Path, n_calls: int) -> None:
    """Let the process make so many calls in all, then kill it without a warning."""
    deadline = time.monotonic() + TIMEOUT_S
    while len(calls(folder)) < n_calls and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(TIMEOUT_S)


def test_after_ten_kills_each_repeated_at_most_one_call_and_the_answer_is_the_same(tmp_path: Path) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    calm.mkdir()
    rough.mkdir()
    assert begun(calm).wait(TIMEOUT_S) == 0
    n_calls = len(calls(calm))
    assert n_calls == len(set(calls(calm))) > 40

    run_id = None
    for n_killed, at in enumerate(KILLS):
        killed_at(begun(rough, run_id), rough, at + n_killed)
        run_id = (rough / "run").read_text(encoding="ascii")
    assert not (rough / "answer.json").exists()
    assert begun(rough, run_id).wait(TIMEOUT_S) == 0

    assert set(calls(rough)) == set(calls(calm))
    assert n_calls <= len(calls(rough)) <= n_calls + len(KILLS)
    answers = [json.loads((folder / "answer.json").read_text(encoding="utf-8")) for folder in (calm, rough)]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == "answered"
