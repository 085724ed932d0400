"""Conversations about documents, each kept as one JSON file of the cache directory, so that it can be gone on with."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docqa.agents.conversation import Conversation, Turn
from docqa.agents.events import Event, Finished
from docqa.agents.strategy import last_answer
from docqa.answers import Answer
from docqa.app.answering import Answering
from docqa.documents import Document
from docqa.errors import StoreError, UsageError

FOLDER = "conversations"
_ID = re.compile(r"[0-9a-f]{8}")
_one_writer = threading.Lock()


@dataclass(slots=True)
class Chat:
    """A conversation that goes on; every turn is written down as soon as it is answered."""

    id: str
    documents: Sequence[Document]
    conversation: Conversation
    _answering: Answering
    _path: Path

    @classmethod
    def begun(
        cls, answering: Answering, documents: Sequence[Document], directory: Path, chat_id: str | None = None
    ) -> Chat:
        """A new conversation about these documents, under an id from `new_id` or one of its own."""
        chat_id = chat_id or new_id()
        conversation = Conversation(tuple(document.id for document in documents))
        return cls(chat_id, tuple(documents), conversation, answering, _path(directory, chat_id))

    @classmethod
    def continued(
        cls, answering: Answering, document: Callable[[str], Document], directory: Path, chat_id: str
    ) -> Chat:
        """A conversation that was begun before. Raises UsageError when there is none of this id."""
        path = _path(directory, chat_id)
        conversation = _read(path, chat_id)
        return cls(chat_id, tuple(map(document, conversation.document_ids)), conversation, answering, path)

    def ask(self, question: str) -> Answer:
        """The answer to a question that may point back to the ones before."""
        return last_answer(self.stream(question, self.understood(question)))

    def understood(self, question: str) -> str:
        """The question so that it stands on its own."""
        if self._answering.llm is None:
            return self.conversation.understood(question)
        return self.conversation.understood(question, self._answering.rewritten)

    def stream(self, question: str, understood: str) -> Iterator[Event]:
        """The events on the way to the answer; `understood` is what is asked of the documents."""
        return self.followed(self._answering.stream(understood, self.documents), question, understood)

    def followed(self, events: Iterable[Event], question: str, understood: str) -> Iterator[Event]:
        """The events of a run that answers the question, with the turn written down when it is answered."""
        for event in events:
            if isinstance(event, Finished):
                self._add(Turn(question, understood, event.answer.text))
            yield event

    def _add(self, turn: Turn) -> None:
        with _one_writer:
            if self._path.exists():  # another run of the same conversation may have added to it
                self.conversation = _read(self._path, self.id)
            self.conversation = self.conversation.with_turn(turn)
            self._save()

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(self.conversation.to_json(), file, ensure_ascii=False, indent=1)
            os.replace(new, self._path)
        except OSError as error:
            raise StoreError(f"{self._path}: the conversation cannot be kept: {error.strerror or error}") from error


def new_id() -> str:
    """An id for a new conversation."""
    return secrets.token_hex(4)


def saved(directory: Path) -> dict[str, Path]:
    """The file of every conversation that has an answer, by its id."""
    return {path.stem: path for path in (directory / FOLDER).glob("*.json") if _ID.fullmatch(path.stem)}


def _read(path: Path, chat_id: str) -> Conversation:
    try:
        return Conversation.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UsageError(f"there is no conversation {chat_id!r} to continue") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"the conversation {chat_id!r} cannot be read: {error}") from error


def _path(directory: Path, chat_id: str) -> Path:
    if not _ID.fullmatch(chat_id):  # it becomes a file name
        raise UsageError(f"there is no conversation {chat_id!r} to continue")
    return directory / FOLDER / f"{chat_id}.json"
