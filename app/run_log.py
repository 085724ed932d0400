"""What was asked and what came of it, event by event, in one SQLite file of the cache directory.

Whoever knows the id of a run can look at it while it goes on, afterwards, and from another process. Runs are written
by `docqa.app.background_runs`; nothing here knows how an answer is made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from docqa.agents.events import Event, Finished, Started, Understood, event_from_json, event_to_json
from docqa.answers import Answer
from docqa.errors import UsageError
from docqa.retrieval.database import Database, Notify

State = Literal["running", "done", "stopped", "failed", "interrupted"]

LOG = "asked.sqlite"
_VERSION = 1
_SCHEMA = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL, question TEXT NOT NULL, documents TEXT NOT NULL,
    settings TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
    begun_at REAL NOT NULL, ended_at REAL
) WITHOUT ROWID;
CREATE INDEX runs_by_conversation ON runs (conversation, begun_at);
CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, number INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
"""
_COLUMNS = "id, conversation, question, documents, settings, owner, state, error, begun_at, ended_at"


@dataclass(frozen=True, slots=True)
class Run:
    """One question on its way to an answer. Times are seconds since 1970; `error` says why a run has failed.

    `settings` are those that the answer depends on, never the key; `owner` names the process that works on it.
    """

    id: str
    conversation: str
    question: str
    document_ids: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""
    state: State = "running"
    error: str = ""
    begun_at: float = 0.0
    ended_at: float | None = None
    events: tuple[Event, ...] = ()

    @property
    def answer(self) -> Answer | None:
        """The answer, None as long as there is none."""
        return next((event.answer for event in reversed(self.events) if isinstance(event, Finished)), None)

    @property
    def understood(self) -> str:
        """The question as the documents were asked it."""
        worded = (event.question for event in reversed(self.events) if isinstance(event, Understood))
        return next(worded, self.question)

    @property
    def checkpoint(self) -> str | None:
        """Under which id an interrupted run can be taken up again, None where it cannot."""
        return next((event.run_id for event in reversed(self.events) if isinstance(event, Started)), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation as the log knows it: its first question, how many there were, and when the last one was asked."""

    conversation: str
    first_question: str
    n_questions: int
    asked_at: float
    text: str


class RunLog:
    """The log in `directory`; threads may share it, processes may share the directory. Raises StoreError."""

    def __init__(self, directory: Path, notify: Notify) -> None:
        self._database = Database(directory / LOG, _SCHEMA, _VERSION, notify)
        self.close = self._database.close

    def begin(self, run: Run) -> None:
        """Write down a new run, or that an interrupted one is worked on again."""
        values = (run.id, run.conversation, run.question, json.dumps(run.document_ids), json.dumps(dict(run.settings)))
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 'running', '', ?, NULL) ON CONFLICT (id) "
                "DO UPDATE SET owner = excluded.owner, state = 'running', error = '', ended_at = NULL",
                (*values, run.owner, run.begun_at or time.time()),
            )

    def append(self, run_id: str, event: Event, state: State = "running") -> None:
        """Write down the next event of a run, and the state that it brings with it, both or neither."""
        body = json.dumps(event_to_json(event), ensure_ascii=False)
        with self._database.transaction() as connection:
            (number,) = connection.execute("SELECT count(*) FROM events WHERE run = ?", (run_id,)).fetchone()
            connection.execute("INSERT INTO events (run, number, body) VALUES (?, ?, ?)", (run_id, number, body))
            if state != "running":
                connection.execute(_END, (state, "", time.time(), run_id))

    def end(self, run_id: str, state: State, error: str = "") -> None:
        """Write down that a run is over without an answer."""
        with self._database.transaction() as connection:
            connection.execute(_END, (state, error, time.time(), run_id))

    def run(self, run_id: str) -> Run:
        """A run with all its events so far. Raises UsageError when there is none of this id."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,))
        if row is None:
            raise UsageError(f"there is no question {run_id[:16]!r} in the log")
        return self._run(row)

    def of_conversation(self, conversation: str) -> tuple[Run, ...]:
        """The runs of a conversation in the order they were begun."""
        select = f"SELECT {_COLUMNS} FROM runs WHERE conversation = ? ORDER BY begun_at"
        return tuple(self._run(row) for row in self._database.rows(select, (conversation,)))

    def conversations(self) -> tuple[Asked, ...]:
        """Every conversation that has runs; `text` is all that was asked in it."""
        questions: dict[str, list[tuple[str, float]]] = {}
        for conversation, question, at in self._database.rows(
            "SELECT conversation, question, begun_at FROM runs ORDER BY begun_at"
        ):
            questions.setdefault(conversation, []).append((question, at))
        return tuple(
            Asked(conversation, asked[0][0], len(asked), asked[-1][1], "\n".join(question for question, _ in asked))
            for conversation, asked in questions.items()
        )

    def forget(self, conversation: str) -> None:
        """Delete a conversation's runs for good."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE conversation = ?", (conversation,))
        self._database.shrink()

    def _run(self, row: tuple[Any, ...]) -> Run:
        run_id, conversation, question, documents, settings, owner, state, error, begun_at, ended_at = row
        bodies = self._database.rows("SELECT body FROM events WHERE run = ? ORDER BY number", (run_id,))
        events = tuple(event_from_json(json.loads(body)) for (body,) in bodies)
        document_ids, kept = tuple(json.loads(documents)), json.loads(settings)
        return Run(run_id, conversation, question, document_ids, kept, owner, state, error, begun_at, ended_at, events)


_END = "UPDATE runs SET state = ?, error = ?, ended_at = ? WHERE id = ?"
