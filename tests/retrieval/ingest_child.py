"""A process that ingests files, for the tests that kill it.

    python -m tests.retrieval.ingest_child DIRECTORY [--small-reader] [--kill-at EVENT:N] FILE...

Writes one JSON object when it ends by itself. With `--kill-at` it kills itself with SIGKILL at the N-th such event:
`written` with a transaction's statements run and nothing committed, `commit` just after it was committed, `rename`
before an index folder gets its name, `renamed` just after.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from docqa.retrieval.database import Database
from docqa.retrieval.ingest import Progress
from docqa.retrieval.intake import WAITING
from docqa.retrieval.library import Library
from tests.retrieval.library_samples import OneReader


class Killer:
    """Counts events and ends the process without a farewell at the chosen one."""

    def __init__(self, kill_at: str) -> None:
        self._event, _, number = kill_at.partition(":")
        self._number = int(number or 0)
        self.counts: Counter[str] = Counter()

    def reached(self, event: str) -> None:
        self.counts[event] += 1
        if (event, self.counts[event]) == (self._event, self._number):
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count the transactions of every database and the renamings of every folder in this process."""
        transaction, rename = Database.transaction, Path.rename

        @contextlib.contextmanager
        def counted_transaction(database: Database) -> Iterator[sqlite3.Connection]:
            with transaction(database) as connection:
                yield connection
                self.reached("written")
            self.reached("commit")

        def counted_rename(path: Path, target: Path) -> Path:
            self.reached("rename")
            renamed = rename(path, target)
            self.reached("renamed")
            return renamed

        Database.transaction = counted_transaction  # type: ignore[method-assign, assignment]
        Path.rename = counted_rename  # type: ignore[method-assign, assignment]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--small-reader", action="store_true")
    parser.add_argument("--kill-at", default="")
    arguments = parser.parse_args()
    killer = Killer(arguments.kill_at)
    killer.watch()
    n_read, waited = 0, False

    def count(progress: Progress) -> None:
        nonlocal n_read, waited
        waited = waited or progress.note == WAITING
        n_read += progress.stage in ("reading", "ocr") and progress.note != WAITING

    library = Library(arguments.directory, readers=OneReader() if arguments.small_reader else None)
    pages = [len(library.add(file, on_progress=count).pages) for file in arguments.files]
    json.dump({"pages": pages, "n_read": n_read, "waited": waited, "events": killer.counts}, sys.stdout)


if __name__ == "__main__":
    main()
