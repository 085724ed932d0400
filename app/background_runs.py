"""Questions answered in threads of this process, so that no window has to stay open for them.

Whoever began a run may leave; the log has every step, and anybody who knows the id can look at it or stop it. A run
whose process has died is told apart by a lock that the process held.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from docqa.agents.events import Event, Finished
from docqa.app.run_log import Run, RunLog
from docqa.errors import DocqaError, UsageError
from docqa.retrieval.locks import held, held_if_free

Work = Callable[[Callable[[], bool]], Iterator[Event]]
"""Gives the events of a run; what it is called with says whether somebody has stopped it."""

_JOIN_S = 5.0


class BackgroundRuns:
    """The runs of this process over one log; `locks` is the folder of the cache directory's lock files."""

    def __init__(self, log: RunLog, locks: Path) -> None:
        self._log, self._locks = log, locks
        self._owner = secrets.token_hex(8)
        self._resources = ExitStack()
        self._resources.enter_context(held(self._lock_of(self._owner), timeout_s=1.0))
        self._running: dict[str, tuple[threading.Thread, threading.Event]] = {}
        self._guard = threading.Lock()

    def begin(self, run: Run, work: Work) -> str:
        """Start a run in a thread of its own and give its id; an id that the log knows is gone on with."""
        run = replace(run, id=run.id or secrets.token_hex(8), owner=self._owner)
        stop = threading.Event()
        thread = threading.Thread(target=self._work, args=(run.id, work, stop), name=f"run {run.id}", daemon=True)
        with self._guard:
            self._running[run.id] = thread, stop
            self._log.begin(run)
            thread.start()
        return run.id

    def stop(self, run_id: str) -> None:
        """Ask for no more: the call that is under way is not waited for, and what is proved by then is the answer.

        Raises UsageError for a run that another process works on. One that is over stays as it is.
        """
        with self._guard:
            _, stop = self._running.get(run_id, (None, None))
        if stop is not None:
            stop.set()
        elif self.run(run_id).state == "running":
            raise UsageError("another docqa process works on this question; stop it there")

    def wait(self, run_id: str, timeout_s: float) -> bool:
        """Wait for the end of a run, and say whether it is over. One of another process is not waited for."""
        with self._guard:
            thread, _ = self._running.get(run_id, (None, None))
        if thread is not None:
            thread.join(timeout_s)
            return not thread.is_alive()
        return self.run(run_id).state != "running"

    def is_stopping(self, run_id: str) -> bool:
        """Whether a run has been asked to stop and has not come to its end."""
        with self._guard:
            return run_id in self._running and self._running[run_id][1].is_set()

    def run(self, run_id: str) -> Run:
        """A run as it stands now. Raises UsageError when there is none of this id."""
        return self._as_it_stands(self._log.run(run_id))

    def of_conversation(self, conversation: str) -> tuple[Run, ...]:
        """The runs of a conversation as they stand now."""
        return tuple(map(self._as_it_stands, self._log.of_conversation(conversation)))

    def close(self) -> None:
        """Stop everything and wait a moment for it; what does not end by then counts as interrupted."""
        with self._guard:
            running = list(self._running.values())
        for _, stop in running:
            stop.set()
        for thread, _ in running:
            thread.join(_JOIN_S)
        self._resources.close()
        self._lock_of(self._owner).unlink(missing_ok=True)

    def _as_it_stands(self, run: Run) -> Run:
        """The run, interrupted where the log says that it is running and nobody is."""
        if run.state != "running" or self._is_worked_on(run):
            return run
        now = self._log.run(run.id)  # it may have come to its end between the two looks
        return replace(now, state="interrupted") if now.state == "running" else now

    def _is_worked_on(self, run: Run) -> bool:
        if run.owner == self._owner:
            with self._guard:
                return run.id in self._running
        with held_if_free(self._lock_of(run.owner), delete=True) as is_gone:
            return not is_gone

    def _work(self, run_id: str, work: Work, stop: threading.Event) -> None:
        try:
            for event in work(stop.is_set):
                over = isinstance(event, Finished)
                self._log.append(run_id, event, ("stopped" if stop.is_set() else "done") if over else "running")
        except DocqaError as error:
            self._log.end(run_id, "stopped" if stop.is_set() else "failed", "" if stop.is_set() else str(error))
        except Exception as error:  # a thread has nobody above it: the person who asked must be told
            logging.getLogger("docqa").exception("run %s failed", run_id)
            self._log.end(run_id, "failed", f"unexpected {type(error).__name__}: {error}; please report it")
        finally:
            with self._guard:
                del self._running[run_id]

    def _lock_of(self, owner: str) -> Path:
        return self._locks / f"process-{owner}.lock"
