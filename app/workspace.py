"""Everything behind the page, once for the whole process: the library, what is being read and what is being asked.

Sessions come and go; they share this. What belongs to one person's window (which documents are chosen, which
conversation is open, which model) is passed in with every question.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from docqa.agents.conversation import Turn
from docqa.agents.events import Event, Started, Understood
from docqa.answers import Answer
from docqa.app.answering import Answering, resumable
from docqa.app.background_readings import BackgroundReadings
from docqa.app.background_runs import BackgroundRuns
from docqa.app.build import build_answerer, build_corpus
from docqa.app.chat import Chat, new_id, saved
from docqa.app.config import Settings
from docqa.app.conversations import ConversationEntry, conversation, conversations, forget_conversation
from docqa.app.evidence import Evidence, gather
from docqa.app.front_door import DocQA, checked_question
from docqa.app.run_log import Run, RunLog
from docqa.app.uploads import drop_upload, keep_upload
from docqa.documents import Document
from docqa.errors import OutOfBudget, StoreError, UnreadableDocument, UsageError
from docqa.llm.budget import STOPPED
from docqa.retrieval.catalogue import LibraryEntry
from docqa.retrieval.ingest import OnProgress
from docqa.retrieval.page_images import PageImages


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks: of which documents, in which conversation ("" for a new one), with which settings.

    `understood` is set where it is known already what the documents are to be asked: when one asks again.
    """

    text: str
    document_ids: tuple[str, ...]
    settings: Settings
    conversation: str = ""
    understood: str = ""


class Workspace:
    """The one object that a page needs; `preferred` are the settings that a new window begins with.

    It closes the agent with itself.
    """

    def __init__(self, agent: DocQA) -> None:
        settings = agent.settings
        self.settings = self.preferred = settings
        self.agent, self.library = agent, agent.library
        self.readings = BackgroundReadings(self._add)
        self._log = RunLog(settings.cache_dir, notify=lambda message: None)
        self.runs = BackgroundRuns(self._log, settings.cache_dir / "locks")
        self.images = PageImages(self.library.picture)
        self._corpus = build_corpus(settings, self.library)
        self._answerings: dict[Settings, Answering] = {}
        self._guard = threading.Lock()

    def upload(self, name: str, file: BinaryIO) -> Path:
        """Keep a file and begin to read it. Raises as `keep_upload`."""
        path = keep_upload(self.settings.cache_dir, name, file)
        self.readings.begin(path)
        return path

    def documents(self) -> tuple[LibraryEntry, ...]:
        """The documents that have been read to their end and hold text, the last used first."""
        return tuple(entry for entry in self.library.documents() if entry.complete and entry.health.n_chars)

    def remove(self, document_id: str) -> None:
        """Forget a document and the copy of its file that came in by the page. Raises as `Library.remove`."""
        self.library.remove(document_id)
        self.images.forget(document_id)
        drop_upload(self.settings.cache_dir, document_id)

    def ask(self, question: Question) -> Run:
        """Begin to answer a question. Raises UsageError when it cannot be asked."""
        if not question.document_ids:
            raise UsageError("no document is chosen; add one, or tick it in the list")
        text = checked_question(question.text)
        answering = self.answering(question.settings)
        run = Run("", question.conversation or new_id(), text, question.document_ids, resumable(question.settings))

        def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
            chat = self._chat(run, replace(answering, is_stopped=is_stopped), is_stopped)
            understood = question.understood or chat.understood(text)
            if understood != text:
                yield Understood(understood)
            yield from chat.stream(text, understood)

        return self.runs.run(self.runs.begin(run, work))

    def go_on(self, run_id: str, settings: Settings) -> None:
        """Take up a run whose process died. Raises UsageError where nothing of it was kept: then it must be asked anew.

        `settings` give the model's key; all else is as it was.
        """
        run = self.runs.run(run_id)
        checkpoint = run.checkpoint
        if run.state != "interrupted" or checkpoint is None:
            raise UsageError("this question cannot be gone on with; ask it again")
        answering = self.answering(replace(settings, **run.settings))

        def work(is_stopped: Callable[[], bool]) -> Iterator[Event]:
            chat = self._chat(run, replace(answering, is_stopped=is_stopped), is_stopped)
            events = replace(answering, is_stopped=is_stopped).resume(checkpoint, chat.documents)
            yield from (e for e in chat.followed(events, run.question, run.understood) if not isinstance(e, Started))

        self.runs.begin(run, work)

    def answering(self, settings: Settings) -> Answering:
        """What answers under these settings; kept, as connections and caches are. Raises UsageError."""
        with self._guard:
            if settings not in self._answerings:
                self._answerings[settings] = build_answerer(settings, self._corpus)
            return self._answerings[settings]

    def evidence_file(self, answer: Answer, write: Callable[[Evidence], str]) -> str:
        """An answer with its evidence as a file, every quote looked up again in those documents that are at hand."""
        documents = []
        for asked in answer.documents:
            with contextlib.suppress(StoreError, UnreadableDocument):
                documents.append(self.library.document(asked.sha256))
        return write(gather(answer, documents, self.images))

    def conversations(self, words: str = "") -> tuple[ConversationEntry, ...]:
        """The conversations in which the words occur, the last changed first."""
        return conversations(self._log, self.settings.cache_dir, words)

    def documents_of(self, conversation_id: str) -> tuple[str, ...]:
        """The ids of the documents that a conversation is about; none where there is no such conversation."""
        runs = self.runs.of_conversation(conversation_id)
        said = conversation(self.settings.cache_dir, conversation_id)
        return runs[0].document_ids if runs else said.document_ids if said else ()

    def said_elsewhere(self, conversation_id: str) -> tuple[Turn, ...]:
        """The turns of a conversation that were not asked on the page: only their words were kept."""
        asked_here = {run.question for run in self.runs.of_conversation(conversation_id)}
        said = conversation(self.settings.cache_dir, conversation_id)
        return tuple(turn for turn in said.turns if turn.asked not in asked_here) if said else ()

    def forget_conversation(self, conversation_id: str) -> None:
        """Delete a conversation for good; what is being answered in it is stopped."""
        for run in self.runs.of_conversation(conversation_id):
            if run.state == "running":
                self.runs.stop(run.id)
        forget_conversation(self._log, self.settings.cache_dir, conversation_id)

    def close(self) -> None:
        """Stop what is going on and close everything."""
        self.readings.close()
        self.runs.close()
        self._log.close()
        for answering in self._answerings.values():
            answering.close()
        self.agent.close()

    def _chat(self, run: Run, answering: Answering, is_stopped: Callable[[], bool]) -> Chat:
        """The run's conversation, once its documents have been read."""
        documents = self._read(run.document_ids, is_stopped)
        directory = self.settings.cache_dir
        if run.conversation in saved(directory):
            chat = Chat.continued(answering, self.library.document, directory, run.conversation)
            return replace(chat, documents=documents)
        return Chat.begun(answering, documents, directory, run.conversation)

    def _read(self, document_ids: Sequence[str], is_stopped: Callable[[], bool]) -> list[Document]:
        paths = [reading.path for reading in self.readings.readings() if reading.path.parent.name in document_ids]
        for reading in self.readings.wait_for(paths, is_stopped):
            if reading.state in ("failed", "locked"):
                raise UnreadableDocument(reading.name, reading.error)
        if is_stopped():
            raise OutOfBudget(STOPPED)
        return [self.library.document(document_id) for document_id in document_ids]

    def _add(self, path: Path, password: str | None, on_progress: OnProgress) -> Document:
        return self.agent.add(path, password=password, on_progress=lambda _, progress: on_progress(progress))
