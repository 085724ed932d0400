"""The conversations of the cache directory as a list: those of the page with their runs, those of `docqa chat` too."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docqa.agents.conversation import Conversation
from docqa.answers import one_line
from docqa.app.chat import saved
from docqa.app.run_log import RunLog
from docqa.errors import UsageError

_MAX_TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class ConversationEntry:
    """A conversation under its first question; `changed_at` is in seconds since 1970, `text` all that was said."""

    id: str
    title: str
    n_turns: int
    changed_at: float
    text: str


def conversations(log: RunLog, directory: Path, words: str = "") -> tuple[ConversationEntry, ...]:
    """The conversations in which every one of the words occurs, the last changed first."""
    entries = {entry.id: entry for entry in _from_files(directory)}
    for asked in log.conversations():
        known = entries.get(asked.conversation)
        text = "\n".join(filter(None, (asked.text, known.text if known else "")))
        n_turns = max(asked.n_questions, known.n_turns if known else 0)
        changed_at = max(asked.asked_at, known.changed_at if known else 0.0)
        entries[asked.conversation] = ConversationEntry(
            asked.conversation, _title(asked.first_question), n_turns, changed_at, text
        )
    wanted = words.casefold().split()
    found = [entry for entry in entries.values() if all(word in entry.text.casefold() for word in wanted)]
    return tuple(sorted(found, key=lambda entry: -entry.changed_at))


def conversation(directory: Path, conversation_id: str) -> Conversation | None:
    """What was said in a conversation, None where nothing was answered yet. Raises UsageError for a damaged one."""
    path = saved(directory).get(conversation_id)
    try:
        return None if path is None else Conversation.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"the conversation {conversation_id!r} cannot be read: {error}") from error


def forget_conversation(log: RunLog, directory: Path, conversation_id: str) -> None:
    """Delete a conversation for good, its questions and its answers."""
    path = saved(directory).get(conversation_id)
    if path is not None:
        path.unlink(missing_ok=True)
    log.forget(conversation_id)


def _from_files(directory: Path) -> Iterable[ConversationEntry]:
    for chat_id, path in saved(directory).items():
        with contextlib.suppress(UsageError, OSError):  # a damaged file is named when somebody opens it
            said = conversation(directory, chat_id)
            if said is not None and said.turns:
                text = "\n".join(f"{turn.asked}\n{turn.answer}" for turn in said.turns)
                yield ConversationEntry(
                    chat_id, _title(said.turns[0].asked), len(said.turns), path.stat().st_mtime, text
                )


def _title(question: str) -> str:
    shown = one_line(question)
    return shown if len(shown) <= _MAX_TITLE_CHARS else f"{shown[: _MAX_TITLE_CHARS - 1].rstrip()}…"
