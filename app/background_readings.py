"""Documents read in a thread of this process, one after the other, with their progress for whoever looks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from docqa.documents import Document
from docqa.errors import DocqaError, PasswordRequired
from docqa.retrieval.ingest import OnProgress, Progress

State = Literal["reading", "read", "failed", "locked"]

Add = Callable[[Path, str | None, OnProgress], Document]
"""Reads a file, given its password, and says how far it is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is or was being read. `locked` is one that waits for its password; `error` says what went wrong."""

    path: Path
    state: State = "reading"
    progress: Progress = field(default_factory=lambda: Progress("reading", 0, 0))
    error: str = ""
    document_id: str = ""

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.path.name


class BackgroundReadings:
    """Files being read by `add`, one at a time: a second one would only take the first one's processor."""

    def __init__(self, add: Add) -> None:
        self._add = add
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        self._readings: dict[Path, Reading] = {}
        self._futures: dict[Path, Future[None]] = {}
        self._guard = threading.Lock()

    def begin(self, path: Path, password: str | None = None) -> None:
        """Read a file, unless it is being read already."""
        with self._guard:
            known = self._readings.get(path)
            if known is None or known.state != "reading":
                self._readings[path] = Reading(path)
                self._futures[path] = self._pool.submit(self._read, path, password)

    def readings(self) -> tuple[Reading, ...]:
        """All that were begun and not dismissed, in that order."""
        with self._guard:
            return tuple(self._readings.values())

    def dismiss(self, path: Path) -> None:
        """Forget about a file that is not being read any more."""
        with self._guard:
            if path in self._readings and self._readings[path].state != "reading":
                del self._readings[path], self._futures[path]

    def wait_for(self, paths: Sequence[Path], is_stopped: Callable[[], bool], poll_s: float = 0.05) -> list[Reading]:
        """The readings of these files when all are over, or as they are once somebody has stopped the wait."""
        with self._guard:
            futures = [self._futures[path] for path in paths if path in self._futures]
        waited = threading.Event()
        while not all(future.done() for future in futures) and not is_stopped():
            waited.wait(poll_s)
        with self._guard:
            return [self._readings[path] for path in paths if path in self._readings]

    def close(self) -> None:
        """Begin no more; what is being read is gone on with when the file is read again."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, path: Path, password: str | None) -> None:
        def show(progress: Progress) -> None:
            self._note(path, progress=progress)

        try:
            document = self._add(path, password, show)
        except PasswordRequired as error:
            self._note(path, state="locked", error=error.cause)
        except DocqaError as error:
            self._note(path, state="failed", error=getattr(error, "cause", str(error)))
        except Exception as error:  # a thread has nobody above it: the person who waits must be told
            logging.getLogger("docqa").exception("reading %s failed", path)
            self._note(path, state="failed", error=f"unexpected {type(error).__name__}: {error}; please report it")
        else:
            self._note(path, state="read", document_id=document.id)

    def _note(self, path: Path, **changes: object) -> None:
        with self._guard:
            if path in self._readings:
                self._readings[path] = replace(self._readings[path], **changes)  # type: ignore[arg-type]
