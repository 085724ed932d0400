"""The embeddable agent: `DocQA().ask("report.pdf", "…")` returns an `Answer` that prints well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from docqa.agents.events import Event
from docqa.answers import Answer
from docqa.app.build import build_answerer, build_corpus, build_library
from docqa.app.chat import Chat
from docqa.app.config import Settings, load_settings
from docqa.app.runs import kept_with
from docqa.documents import Document
from docqa.errors import UsageError
from docqa.retrieval.ingest import Progress
from docqa.retrieval.retriever import Hit

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool

    from docqa.agents.graph import Graph
    from docqa.agents.llama_index_engine import DocqaQueryEngine
    from docqa.llm.base import LLM

OnProgress = Callable[[str, Progress], None]
"""Called with the file's name and how far its ingest is."""

Files = str | PathLike[str] | Sequence[str | PathLike[str]]

MAX_QUESTION_CHARS = 10_000


class DocQA:
    """Asks documents. What was read is kept in the cache directory, so the same bytes are never read twice.

    Settings come from keyword arguments, then `DOCQA_*`, `docqa.toml` and the user's config, as for the command line:
    `DocQA(ocr="off")`. A ready `Settings` object is taken as it is. An `llm` of your own answers in place of the model
    that the settings name, and stays yours to close. Several threads may ask at once.

        with DocQA() as agent:
            agent.ask("report.pdf", "What was the revenue in 2021?")
    """

    def __init__(self, settings: Settings | None = None, *, llm: LLM | None = None, **overrides: Any) -> None:
        if settings is not None and overrides:
            raise UsageError("give either a Settings object or single settings, not both")
        self.settings = settings or load_settings(overrides).settings
        self.library = build_library(self.settings)
        self._corpus = build_corpus(self.settings, self.library)
        self._answer = build_answerer(self.settings, self._corpus, llm)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self, path: str | PathLike[str], *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Document:
        """Read and index a file, or find it again at once. Raises a leaf of `UnreadableDocument`."""
        path = Path(path)
        return self.library.add(path, password=password, on_progress=_named(path.name, on_progress))

    def embed(self, document: Document, on_progress: OnProgress | None = None) -> None:
        """Encode every passage of a document ahead of any question, with the encoder of the settings, if any."""
        self._corpus.embed(document, _named(document.name, on_progress))

    def ask(
        self, files: Files, question: str, *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Answer:
        """Read the files where needed and answer the question from them, with every citation checked."""
        started = time.perf_counter()
        question = checked_question(question)
        documents = self._add_all(files, password, on_progress)
        read_s = time.perf_counter() - started
        answer = self.ask_documents(documents, question)
        return replace(answer, seconds={"read": read_s, **answer.seconds})

    def ask_documents(self, documents: Sequence[Document], question: str) -> Answer:
        """Answer from documents that `add` returned."""
        return self._answer(checked_question(question), distinct(documents))

    def stream(
        self, files: Files, question: str, *, password: str | None = None, on_progress: OnProgress | None = None
    ) -> Iterator[Event]:
        """As `ask`, but gives each step as a typed event as it happens; the last one, `Finished`, holds the answer."""
        question = checked_question(question)
        return self._answer.stream(question, self._add_all(files, password, on_progress))

    def stream_documents(self, documents: Sequence[Document], question: str) -> Iterator[Event]:
        """As `stream`, over documents that `add` returned."""
        return self._answer.stream(checked_question(question), distinct(documents))

    def resume(self, run_id: str) -> Iterator[Event]:
        """Take up a run that was interrupted, with the settings of this agent, which should be those it was begun with.

        Raises UsageError for other ids.
        """
        document_ids, _ = kept_with(self.settings.cache_dir, run_id)
        documents = [self.library.document(document_id) for document_id in document_ids]
        return self._answer.resume(run_id, documents)

    def chat(self, files: Files, *, password: str | None = None) -> Chat:
        """A conversation about the files: `chat.ask("…")`, again and again."""
        return self.chat_about(self._add_all(files, password, None))

    def chat_about(self, documents: Sequence[Document]) -> Chat:
        """As `chat`, over documents that `add` returned."""
        return Chat.begun(self._answer, distinct(documents), self.settings.cache_dir)

    def continue_chat(self, chat_id: str) -> Chat:
        """A conversation of an earlier process, with its documents. Raises UsageError for an id that is not known."""
        return Chat.continued(self._answer, self.library.document, self.settings.cache_dir, chat_id)

    def graph(self, files: Files, *, password: str | None = None) -> Graph:
        """The compiled LangGraph graph over the files: `{"question": …}` in, `{"answer": {…}}` out."""
        from docqa.agents.graph import build_graph

        documents = self._add_all(files, password, None)
        return build_graph(lambda: self._answer.router(documents=documents), documents)

    def as_tool(self, files: Files, *, name: str = "ask_documents", password: str | None = None) -> StructuredTool:
        """A LangChain tool that asks the files."""
        from docqa.agents.langchain_tool import as_tool

        documents = self._add_all(files, password, None)
        named = ", ".join(document.name for document in documents)
        return as_tool(lambda question: self.ask_documents(documents, question), named, name)

    def as_query_engine(self, files: Files, *, password: str | None = None) -> DocqaQueryEngine:
        """A LlamaIndex query engine that asks the files."""
        from docqa.agents.llama_index_engine import DocqaQueryEngine

        documents = self._add_all(files, password, None)
        return DocqaQueryEngine(ask=lambda question: self.ask_documents(documents, question))

    def search(self, files: Files, query: str, *, k: int = 10, password: str | None = None) -> tuple[Hit, ...]:
        """The passages of the files that bear most on the query, best first."""
        return self.search_documents(self._add_all(files, password, None), query, k)

    def search_documents(self, documents: Sequence[Document], query: str, k: int = 10) -> tuple[Hit, ...]:
        """As `search`, over documents that `add` returned."""
        return self._corpus.search(distinct(documents), checked_question(query), k).hits

    def close(self) -> None:
        """Close the cache, which opens again when it is used, and the connections to a model's server, which do not."""
        self.library.close()
        self._answer.close()

    def _add_all(self, files: Files, password: str | None, on_progress: OnProgress | None) -> list[Document]:
        paths = [files] if isinstance(files, str | PathLike) else list(files)
        if not paths:
            raise UsageError("no file was given; name at least one document")
        return distinct([self.add(path, password=password, on_progress=on_progress) for path in paths])


def stream(files: Files, question: str, **settings: Any) -> Iterator[Event]:
    """`DocQA(**settings).stream(files, question)`, for a single question."""
    agent = DocQA(**settings)
    try:
        yield from agent.stream(files, question)
    finally:
        agent.close()


def _named(name: str, on_progress: OnProgress | None) -> Callable[[Progress], None] | None:
    return None if on_progress is None else (lambda progress: on_progress(name, progress))


def distinct(documents: Sequence[Document]) -> list[Document]:
    """Each document once, under its first name; raises UsageError when there is none."""
    if not documents:
        raise UsageError("no document was given; add at least one")
    return list({document.id: document for document in reversed(documents)}.values())[::-1]


def checked_question(question: str) -> str:
    """The question without white space around it; raises UsageError when it is empty or far too long."""
    question = question.strip()
    if not question:
        raise UsageError("the question is empty; write what you want to know")
    if len(question) > MAX_QUESTION_CHARS:
        raise UsageError(f"the question has {len(question)} characters; the limit is {MAX_QUESTION_CHARS}")
    return question
