"""Locks between processes and threads."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from docqa.errors import StoreError
from docqa.retrieval.locks import LockTimeout, held, held_if_free

OWNER = """
import sys, time
from pathlib import Path
from docqa.retrieval.locks import held
with held(Path(sys.argv[1]), 5.0):
    print("held", flush=True)
    time.sleep(60)
"""


def _owner(lock: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_held_by_another_process_is_not_to_be_had(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with _owner(lock) as owner:
        with held_if_free(lock) as free:
            assert not free
        with pytest.raises(LockTimeout), held(lock, 0.2):
            pass
        owner.kill()


def test_a_killed_owner_blocks_nobody(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with _owner(lock) as owner:
        owner.send_signal(signal.SIGKILL)
    with held(lock, 0.5):
        pass


def test_two_threads_exclude_each_other(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    inside, most_inside = 0, 0

    def work() -> None:
        nonlocal inside, most_inside
        for _ in range(5):
            with held(lock, 10.0):
                inside += 1
                most_inside = max(most_inside, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most_inside == 1


def test_an_owner_that_makes_progress_is_waited_for_beyond_the_time_limit(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    owned = threading.Event()

    def own() -> None:
        with held(lock, 1.0):
            owned.set()
            time.sleep(0.8)

    thread = threading.Thread(target=own)
    thread.start()
    owned.wait()
    started = time.monotonic()
    with held(lock, 0.3, on_wait=time.monotonic):
        assert time.monotonic() - started > 0.3
    thread.join()


def test_a_lock_file_deleted_while_one_waits_for_it_is_made_anew(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    entered = threading.Event()

    def wait() -> None:
        with held(lock, 5.0):
            entered.set()

    with held_if_free(lock, delete=True) as free:
        assert free
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(2.0)
    thread.join()


def test_a_lock_in_a_folder_that_cannot_be_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another cache directory"), held(tmp_path / "file" / "a.lock", 0.1):
        pass
