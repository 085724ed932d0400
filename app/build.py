"""The one place where names and settings become objects. An unknown name raises and lists the known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from docqa.agents.corpus import Corpus
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.reasoner import Reasoner
from docqa.agents.router.rules import Policy, Rules
from docqa.answers import Coverage
from docqa.app.answering import Answering
from docqa.app.config import Settings
from docqa.app.reports import place
from docqa.documents import Box, Document, Passage, Span
from docqa.errors import UsageError
from docqa.llm.base import LLM, Sampling
from docqa.llm.generation import Generator
from docqa.llm.reader import ClaimJudge, EvidenceReader, LexicalReader
from docqa.retrieval.embedders import Embedder, SentenceTransformersEmbedder
from docqa.retrieval.ingest import OnProgress
from docqa.retrieval.library import Library
from docqa.retrieval.likeness import EncodedLikeness, Likeness
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.retriever import HybridRetriever, Retrieval

if TYPE_CHECKING:
    from docqa.llm.local.local_llm import LocalLLM

T = TypeVar("T")

REPLIES = "replies.sqlite"

READERS: Mapping[str, Callable[[str], EvidenceReader]] = {
    "lexical": lambda _: LexicalReader(),
    "trained": lambda _: _trained_reader(),
    "cross-encoder": lambda model: _cross_encoder(model),
}
"""What judges evidence where no language model does, by its name and what stands behind it."""
DEFAULT_READER = "trained"
REASONERS: Mapping[str, Callable[[str, Settings], Reasoner]] = {
    "embedded": lambda reader, settings: _embedded(reader, settings.sentences)
}
PACES: Mapping[str, float] = {"lexical": 100_000.0, "trained": 3_000.0, "cross-encoder": 1_000.0}
"""About how many tokens a second a reader judges on two ordinary cores."""
JUDGES: Mapping[str, Callable[[str], ClaimJudge | None]] = {
    "embedded": lambda _: _trained_reader(),
    "model": lambda _: None,
    "nli": lambda model: nli_judge(model),
}
"""What says whether a language model's statements are borne out; None is the model itself."""
POLICIES: Mapping[str, Callable[[str], Policy]] = {
    "rules": lambda _: Rules(),
    "learned": lambda reader: _learned(reader),
}
"""How the router decides, made for a reader; for "", where a language model answers, always by rules."""
ENCODERS: Mapping[str, Callable[[str], Embedder | None]] = {
    "none": lambda _: None,
    "embedded": lambda _: _trained_encoder(),
    "sentence-transformers": SentenceTransformersEmbedder,
}


class MeasuredCorpus(Corpus, Protocol):
    """A corpus that knows how long its documents are without reading them, and how alike their parts."""

    def n_chars(self, document: Document) -> int:
        """How many characters of text a document has."""
        ...

    def likeness(self) -> Likeness | None:
        """By the encoder of the corpus; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class LibraryCorpus:
    """The documents of a library as strategies see them; `embedder` encodes passages when a question needs them."""

    library: Library
    embedder: Embedder | None = None

    def search(self, documents: Sequence[Document], query: str, k: int) -> Retrieval:
        """The k passages of exactly these documents that bear most on the query."""
        encoder = self.embedder.fingerprint if self.embedder else ""
        sources = [self.library.indexed(document.id, encoder=encoder) for document in documents]
        return HybridRetriever(sources, self.embedder, self.library.vectors()).search(query, k)

    def passages(self, document: Document) -> Sequence[Passage]:
        """Every passage of a document, in order."""
        return self.library.passages(document.id)

    def n_chars(self, document: Document) -> int:
        """How many characters of text a document has."""
        return self.library.health(document.id).summary.n_chars

    def likeness(self) -> Likeness | None:
        """By the encoder, with the vectors that it made before; None where there is none."""
        return EncodedLikeness(self.embedder, self.library.vectors()) if self.embedder else None

    def embed(self, document: Document, on_progress: OnProgress | None = None) -> None:
        """Encode every passage of a document, where there is an encoder."""
        if self.embedder is not None:
            self.library.embed(document.id, self.embedder, on_progress)

    def boxes(self, document_id: str, page_index: int, spans: Sequence[Span]) -> list[tuple[Box, ...]]:
        """The boxes of each span on the displayed page; empty where they cannot be found."""
        return self.library.boxes(document_id, page_index, spans)

    def coverage(self, documents: Sequence[Document]) -> Coverage:
        """How many pages there are, how many could be read, and which could not."""
        reports = [replace(self.library.health(document.id), name=document.name) for document in documents]
        unreadable = [
            place(page) if len(reports) == 1 else f"{report.name}, {place(page)}"
            for report in reports
            if report.summary.n_unreadable
            for page in report.pages
            if page.health.source == "unreadable"
        ]
        n_pages = sum(report.summary.n_pages for report in reports)
        return Coverage(n_pages, n_pages - len(unreadable), tuple(unreadable))


def build_library(settings: Settings) -> Library:
    """The library in the cache directory, reading as the settings say."""
    options = ReadOptions(
        ocr=settings.ocr, ocr_languages=settings.ocr_languages, page_timeout_s=settings.page_timeout_s
    )
    return Library(settings.cache_dir, options)


def build_corpus(settings: Settings, library: Library) -> LibraryCorpus:
    """The library with the encoder that the settings name."""
    return LibraryCorpus(library, _chosen(ENCODERS, settings.encoder, "encoder"))


def build_answerer(settings: Settings, corpus: MeasuredCorpus, llm: LLM | None = None) -> Answering:
    """The strategies with the model that the settings name, or with `llm` in its place."""
    name, _, argument = settings.model.partition(":")
    if llm is not None:
        name, argument, settings = "given", "", replace(settings, model=llm.name)
    elif name not in {**REASONERS, **LLMS}:
        raise UsageError(f"unknown model {name!r}; known: {', '.join(sorted([*REASONERS, *LLMS]))}")
    reader = (argument if name in REASONERS else "") or DEFAULT_READER
    reader_name = reader.partition(":")[0]
    embedded = REASONERS[name if name in REASONERS else "embedded"](reader, settings)
    without_model = Answering(
        settings,
        corpus,
        embedded,
        n_chars=corpus.n_chars,
        likeness=corpus.likeness(),
        read_per_s=PACES[reader_name],
        policy=_named(POLICIES, settings.router, "router")(reader_name if name in REASONERS else ""),
    )
    if name in REASONERS:
        return without_model
    from docqa.llm.response_cache import ReplyStore  # only models have replies

    replies = ReplyStore(settings.cache_dir / REPLIES)
    judge = _chosen(JUDGES, settings.judge, "judge")
    made = llm or LLMS[name](settings, argument)
    return replace(without_model, judge=judge, llm=made, is_lent=llm is not None, replies=replies)


def _embedded(reader: str, n_sentences: int) -> EmbeddedReasoner:
    made = EmbeddedReasoner(_chosen(READERS, reader, "reader"))
    return replace(made, max_statements=n_sentences, summary_sentences=n_sentences) if n_sentences else made


def _trained_reader() -> EvidenceReader:
    """The trained networks; they also judge what a model wrote, in milliseconds."""
    from docqa.llm.onnx_reader import OnnxReader  # loads onnxruntime, which quotation does not need

    return OnnxReader()


def _trained_encoder() -> Embedder:
    """The trained encoder, the same networks' third part."""
    from docqa.llm.onnx_encoder import OnnxEncoder

    return OnnxEncoder()


def _cross_encoder(model: str) -> EvidenceReader:
    """A reranker in a folder or in the Hugging Face cache."""
    from docqa.llm.cross_encoder import CrossEncoderReader  # loads torch

    return CrossEncoderReader(model)


def nli_judge(model: str) -> ClaimJudge:
    """A cross-encoder in a folder or in the Hugging Face cache."""
    from docqa.llm.nli import NliModel  # loads torch

    if not model:
        raise UsageError("judge nli needs a model: nli:tasksource/deberta-base-long-nli or the folder of one")
    return NliModel(model)


def _remote(settings: Settings, name: str) -> LLM:
    """A model on an OpenAI-compatible server."""
    from docqa.llm.remote import RemoteLLM  # the openai package takes half a second
    from docqa.llm.server import Server
    from docqa.llm.server_notes import NotesFile

    if not name or not settings.base_url:
        raise UsageError("a model on a server needs a name and an address: --model openai:NAME --base-url http://…/v1")
    notes = NotesFile(settings.cache_dir / "servers.json")
    server = Server(settings.base_url, settings.api_key)
    sampling = Sampling(0.0, max(1, settings.max_output_tokens))
    return RemoteLLM(name, server, sampling, context_length=settings.context_length or None, notes=notes)


def _local(settings: Settings, name: str) -> LocalLLM:
    """A model in this process."""
    if not name:
        raise UsageError("a model on this machine needs a folder or a name: --model local:PATH_OR_ID")
    from docqa.llm.local.loading import load  # PyTorch and transformers take seconds

    loaded = load(name)
    from docqa.llm.cache.store import KVStore
    from docqa.llm.local.local_llm import Limits, LocalLLM, Memory
    from docqa.llm.server_notes import NotesFile

    memory = Memory(KVStore(settings.cache_dir / "readings"), NotesFile(settings.cache_dir / "local.json", 365.0))
    return LocalLLM(loaded, memory=memory, limits=Limits(settings.context_length or None))


def build_generator(settings: Settings, name: str) -> Generator:
    """A model in this process, to be served."""
    return _local(settings, name)


LLMS: Mapping[str, Callable[[Settings, str], LLM]] = {"local": _local, "openai": _remote}


def _learned(reader: str) -> Policy:
    """The weights that were fitted on the answers of this reader; rules where there is none."""
    if not reader:
        return Rules()
    from docqa.agents.router.learned import Learned, shipped

    return Learned(shipped(reader))


def _chosen(table: Mapping[str, Callable[[str], T]], setting: str, what: str) -> T:
    """Make what "name" or "name:argument" stands for."""
    name, _, argument = setting.partition(":")
    return _named(table, name, what)(argument)


def _named(table: Mapping[str, T], name: str, what: str) -> T:
    """What goes by that name."""
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}; known: {', '.join(sorted(table))}")
    return table[name]
