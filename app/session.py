"""One run of the command line: settings, the agent, and where its output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from docqa.agents.events import Event, Started
from docqa.agents.strategy import last_answer
from docqa.answers import Answer, one_line
from docqa.app import reports, steps, streams
from docqa.app.chat import Chat
from docqa.app.config import Settings, load_settings
from docqa.app.files import FileArgument, check_order, find_files
from docqa.app.front_door import DocQA, checked_question
from docqa.app.offline import OfflineGuard, hosts_of
from docqa.app.progress import progress_bar
from docqa.app.uploads import drop_uploads_but
from docqa.documents import Document
from docqa.errors import DocqaError, UnreadableDocument, UsageError
from docqa.retrieval.catalogue import LibraryEntry
from docqa.retrieval.collection import Collected

if TYPE_CHECKING:
    from docqa.app.doctor import Check


@dataclass(frozen=True, slots=True)
class Session:
    """The agent with its consoles: `out` for the result, `err` for progress and warnings."""

    settings: Settings
    agent: DocQA
    guard: OfflineGuard
    out: Console
    err: Console
    as_json: bool
    quiet: bool

    @classmethod
    def start(cls, flags: Mapping[str, Any], *, as_json: bool, quiet: bool) -> Session:
        """Read the settings, close the network if asked to, and open the cache."""
        settings = load_settings(flags).settings
        guard = OfflineGuard(hosts_of(settings.base_url) if settings.model.startswith("openai:") else frozenset())
        if settings.offline:
            guard.install()
        out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        out.soft_wrap = not out.is_terminal  # a terminal breaks lines between words, anything else gets them whole
        err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
        return cls(settings, DocQA(settings), guard, out, err, as_json, quiet)

    def ask(self, files: Sequence[str], question: str, password: str | None, resources: ExitStack) -> Answer:
        """Answer from the files; those of a folder that cannot be read are warned of and left out."""
        question = checked_question(question)
        check_order(files, question)
        documents = self.read(files, password, resources)
        return self._answered(self.agent.stream_documents(documents, question))

    def resume(self, run_id: str) -> Answer:
        """The answer of a run that was interrupted."""
        return self._answered(self.agent.resume(run_id))

    def talk(self, chat: Chat, questions: Iterable[str]) -> None:
        """Answer one question after the other until an empty one; errors of a single question do not end it."""
        self.warn(f"conversation {chat.id}; docqa chat --continue {chat.id} goes on with it")
        for question in questions:
            if not question.strip():
                break
            try:
                understood = chat.understood(checked_question(question))
                if understood != question.strip():
                    self.warn(f"understood as: {understood}")
                answer = self._answered(chat.stream(question.strip(), understood))
            except DocqaError as error:
                self.warn(str(error))
            else:
                self.show_answer(answer)
                self.out.print()

    def _answered(self, events: Iterable[Event]) -> Answer:
        answer = last_answer(self._shown(events))
        for warning in answer.warnings:
            self.warn(warning)
        return answer

    def _shown(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events, each step with a line on a terminal; how to resume a run is always said."""
        for event in steps.shown(events, self.err) if self.err.is_terminal and not self.quiet else events:
            if isinstance(event, Started):
                self.warn(f"{event}; if it is interrupted, docqa resume {event.run_id} goes on")
            yield event

    def index(
        self, files: Sequence[str], password: str | None, resources: ExitStack, encodes: bool = False
    ) -> list[LibraryEntry]:
        """Read the files; `encodes` every passage too, instead of those that a question needs."""
        documents = self.read(files, password, resources)
        with progress_bar(self.err, self.quiet) as on_progress:
            for document in documents if encodes else ():
                self.agent.embed(document, on_progress)
        names = {document.id: document.name for document in documents}
        return [replace(entry, name=names[entry.id]) for entry in self.agent.library.documents() if entry.id in names]

    def search(
        self, files: Sequence[str], query: str, k: int, password: str | None, resources: ExitStack
    ) -> list[dict[str, Any]]:
        """The best passages as plain values."""
        query = checked_question(query)
        documents = self.read(files, password, resources)
        by_id = {document.id: document for document in documents}
        hits = self.agent.search_documents(documents, query, k)
        return [reports.passage_report(hit, by_id[hit.passage.document_id]) for hit in hits]

    def document(self, name: str, password: str | None, resources: ExitStack) -> Document:
        """The document of that file, or one that was read before, by name or hash."""
        if name != "-" and not os.path.exists(name):
            return self.agent.library.find(name)
        documents = self.read([name], password, resources)
        if len(documents) != 1:
            raise UsageError(f"{name}: name one document; this folder has {len(documents)}")
        return documents[0]

    def read(self, files: Sequence[str], password: str | None, resources: ExitStack) -> list[Document]:
        """Read every file; one that was named must be readable, one found in a folder may fail with a warning."""
        documents: dict[str, Document] = {}
        failures: list[UnreadableDocument] = []
        with progress_bar(self.err, self.quiet) as on_progress:
            for file in find_files(files, streams.stdin_bytes(), resources):
                try:
                    if file.problem:
                        raise UnreadableDocument(file.path, file.problem)
                    document = self.agent.add(file.path, password=password, on_progress=on_progress)
                except UnreadableDocument as error:
                    failures.append(self._forgivable(type(error)(file.shown, error.cause), file))
                else:
                    documents.setdefault(document.id, document)
        for failure in failures:
            self.warn(f"left out: {failure}")
        if not documents:
            raise failures[-1]
        return list(documents.values())

    def _forgivable(self, error: UnreadableDocument, file: FileArgument) -> UnreadableDocument:
        if file.named:
            raise error
        return error

    def warn(self, sentence: str) -> None:
        """One line on standard error, unless --quiet."""
        if not self.quiet:
            self.err.print(f"docqa: {one_line(sentence)}", style="yellow")

    def show_answer(self, answer: Answer) -> None:
        """The answer for a person: styled on a terminal, plain text elsewhere."""
        self._show(answer.to_json(), lambda: [reports.styled_answer(answer)])

    def show_documents(self, schema: str, documents: Sequence[LibraryEntry]) -> None:
        """One line for each document."""
        data = {"schema": schema, "documents": [reports.document_report(entry) for entry in documents]}
        self._show(data, lambda: map(reports.document_line, documents))

    def show_passages(self, query: str, passages: Sequence[Mapping[str, Any]]) -> None:
        """Passages, best first, each with its place."""
        data = {"schema": "docqa.search/1", "query": query, "passages": list(passages)}
        self._show(data, lambda: reports.passage_lines(passages))

    def show_page(self, document: Document, number: int) -> None:
        """The clean text of the page with this 1-based position."""
        if number > len(document.pages):
            raise UsageError(f"{document.name} has no page {number}: the last one is {len(document.pages)}")
        page = document.pages[number - 1]
        data = {
            "schema": "docqa.page/1",
            "sha256": document.id,
            "part": page.index,
            "page": page.number,
            "text": page.text,
        }
        self._show(data, lambda: [reports.printable(page.text)])

    def show_health(self, document: Document) -> None:
        """Counts for the document and a line for each page that is not plain text."""
        report = replace(self.agent.library.health(document.id), name=document.name)
        self._show(reports.health_report(report), lambda: reports.health_lines(report))

    def collect(self, older_than_days: float | None) -> Collected:
        """Drop documents that are not needed any more, and the copies of files that no document needs."""
        collected = self.agent.library.gc(older_than_days=older_than_days)
        n_copies = drop_uploads_but(self.settings.cache_dir, {entry.id for entry in self.agent.library.documents()})
        return replace(collected, n_leftovers=collected.n_leftovers + n_copies)

    def show_checks(self, checks: Sequence[Check]) -> None:
        """A line for each check of `docqa doctor`."""
        data = {"schema": "docqa.doctor/1", "checks": [asdict(check) for check in checks]}
        self._show(data, lambda: (f"{check.state:<8} {check.name}: {check.detail}" for check in checks))

    def show_collected(self, collected: Collected) -> None:
        """What garbage collection dropped."""
        dropped = f"{len(collected.documents)} documents and {collected.n_leftovers} leftovers"
        self._show(
            {"schema": "docqa.gc/1", **asdict(collected)},
            lambda: [f"dropped {dropped}, freed {collected.n_bytes_freed / 1e6:.1f} MB"],
        )

    def _show(self, data: Mapping[str, Any], lines: Callable[[], Iterable[str | Text]]) -> None:
        """One JSON object under --json, else lines for a person."""
        if self.as_json:
            sys.stdout.write(streams.json_text(data) + "\n")
            return
        for line in lines():
            self.out.print(line)
