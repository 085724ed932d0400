"""Runs that survive their process: checkpoints in one SQLite file of the cache directory, each run under a short id.

Importing this module is cheap; its functions import langgraph, which takes most of a second.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docqa.agents import prompts
from docqa.agents.events import Event, Started
from docqa.agents.router.routed import Router
from docqa.documents import Document
from docqa.errors import StoreError
from docqa.private_files import create_private

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

CHECKPOINTS = "runs.sqlite"
_BUSY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a run does: `router` is asked for by every step. `abandon` is called when its events are not read to their
    end; the router's budget should know of it then."""

    router: Callable[[], Router]
    documents: Sequence[Document]
    abandon: Callable[[], None] = lambda: None


def start(directory: Path, work: Work, question: str, settings: dict[str, Any]) -> Iterator[Event]:
    """A new run: `Started` with its id, then the router's events. `settings` are kept for `resume`."""
    from docqa.agents.graph import build_graph, run

    run_id = secrets.token_hex(4)
    ids = [document.id for document in work.documents]
    kept = {"documents": ids, "settings": settings, "prompts": prompts.VERSION}
    with _checkpoints(directory) as checkpointer:
        yield Started(run_id)
        graph = build_graph(work.router, work.documents, checkpointer)
        yield from run(graph, {"question": question, "about": kept}, run_id, work.abandon)


def resume(directory: Path, work: Work, run_id: str) -> Iterator[Event]:
    """Take up a run where it was interrupted. Raises UsageError when there is no such run."""
    from docqa.agents.graph import about, build_graph, run

    with _checkpoints(directory) as checkpointer:
        about(checkpointer, run_id)
        yield Started(run_id)
        graph = build_graph(work.router, work.documents, checkpointer)
        yield from run(graph, None, run_id, work.abandon)


def kept_with(directory: Path, run_id: str) -> tuple[list[str], dict[str, Any]]:
    """The ids of a run's documents and its settings. Raises UsageError when there is no such run."""
    from docqa.agents.graph import about

    with _checkpoints(directory) as checkpointer:
        kept = about(checkpointer, run_id)
    return list(kept.get("documents", ())), dict(kept.get("settings", {}))


@contextmanager
def _checkpoints(directory: Path) -> Iterator[SqliteSaver]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    path = directory / CHECKPOINTS
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_private(path)  # questions and drafts: for the owner only
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: runs cannot be kept there: {error}") from error
    try:
        yield SqliteSaver(connection)
    finally:
        connection.close()
