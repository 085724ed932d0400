"""kill -9 at any moment, and several processes at once: the store ends as one uninterrupted run leaves it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docqa.retrieval.library import Library, Progress
from tests.retrieval.library_samples import OneReader, contents, write_pages, write_pdf

ROOT = Path(__file__).parents[2]
N_PDF_PAGES = 400
N_KILLS = 10
MAX_KILLS = 60  # more than ten only until one of them has hit the reading of pages
TIMEOUT_S = 60

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def _start(directory: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.retrieval.ingest_child", str(directory), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, errors
    result: dict[str, Any] = json.loads(out)
    return result


def _run(directory: Path, *arguments: str | Path) -> dict[str, Any]:
    return _result(_start(directory, *arguments))


def _killed(process: subprocess.Popen[str], after_s: float) -> bool:
    """Kill -9 after a while; False when the process was done before."""
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)
    return process.returncode == -9


@dataclass(frozen=True)
class Uninterrupted:
    file: Path
    contents: dict[str, Any]
    seconds: float


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    directory = tmp_path_factory.mktemp("pdf")
    file = write_pdf(directory / "long.pdf", N_PDF_PAGES)
    started = time.monotonic()
    result = _run(directory / "cache", file)
    seconds = time.monotonic() - started
    assert result["pages"] == [N_PDF_PAGES]
    return Uninterrupted(file, contents(directory / "cache"), seconds)


def test_kill_9_at_ten_random_moments_changes_nothing_in_the_end(tmp_path: Path, uninterrupted: Uninterrupted) -> None:
    moments = random.Random(20)
    n_resumed = 0
    for i in range(MAX_KILLS):
        if i >= N_KILLS and n_resumed > 0:
            break
        directory = tmp_path / str(i)
        while not _killed(_start(directory, uninterrupted.file), moments.uniform(0.05, uninterrupted.seconds)):
            directory = directory.with_name(f"{directory.name}+")
        reports: list[Progress] = []
        with Library(directory) as library:
            library.add(uninterrupted.file, on_progress=reports.append)
        n_read = sum(report.stage == "reading" for report in reports)
        n_resumed += 0 < n_read < N_PDF_PAGES
        assert contents(directory) == uninterrupted.contents
    assert n_resumed > 0


@pytest.mark.parametrize("event", ["written", "commit", "rename", "renamed"])
def test_kill_9_at_every_border_of_the_stages_changes_nothing_in_the_end(tmp_path: Path, event: str) -> None:
    file = write_pages(tmp_path / "a.txt", 40)
    events = _run(tmp_path / "whole", "--small-reader", file)["events"]
    whole = contents(tmp_path / "whole")
    assert events[event] >= (1 if event.startswith("rename") else 6)
    for number in range(1, events[event] + 1):
        directory = tmp_path / str(number)
        with _start(directory, "--small-reader", "--kill-at", f"{event}:{number}", file) as process:
            assert process.wait(TIMEOUT_S) == -9
        with Library(directory, readers=OneReader()) as library:
            assert len(library.add(file).pages) == 40
        assert contents(directory) == whole


def test_two_processes_with_the_same_file_read_it_once(tmp_path: Path, uninterrupted: Uninterrupted) -> None:
    processes = [_start(tmp_path / "cache", uninterrupted.file) for _ in range(2)]
    results = [_result(process) for process in processes]
    assert [result["pages"] for result in results] == [[N_PDF_PAGES]] * 2
    assert sum(result["n_read"] for result in results) == N_PDF_PAGES
    assert sum(result["waited"] for result in results) == 1
    assert contents(tmp_path / "cache") == uninterrupted.contents


def test_processes_with_different_files_share_a_directory(tmp_path: Path) -> None:
    files = [write_pages(tmp_path / f"{n}.txt", n) for n in (50, 60, 70)]
    _run(tmp_path / "whole", "--small-reader", *files)
    processes = [_start(tmp_path / "cache", "--small-reader", file) for file in files]
    assert [_result(process)["pages"] for process in processes] == [[50], [60], [70]]
    assert contents(tmp_path / "cache") == contents(tmp_path / "whole")


def test_one_who_waits_for_a_killed_owner_goes_on_with_its_pages(tmp_path: Path, uninterrupted: Uninterrupted) -> None:
    directory = tmp_path / "cache"
    owner = _start(directory, uninterrupted.file)
    while not list(directory.glob("locks/*.lock")):
        assert owner.poll() is None
        time.sleep(0.01)
    heir = _start(directory, uninterrupted.file)
    assert _killed(owner, 0.3 * uninterrupted.seconds)
    assert _result(heir)["pages"] == [N_PDF_PAGES]
    assert contents(directory) == uninterrupted.contents
