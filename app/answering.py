"""From settings to what answers: for every question a budget, an account and a router of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from docqa import __version__
from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.corpus import Corpus
from docqa.agents.events import Event, Finished
from docqa.agents.exhaustive import Exhaustive
from docqa.agents.full_context import FullContext
from docqa.agents.meter import Meter, metered
from docqa.agents.ordering import passage_order
from docqa.agents.rag import Rag
from docqa.agents.reading_orders import ReadingOrder, reading_orders
from docqa.agents.reasoner import Reasoner
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.agents.router.estimates import Economics
from docqa.agents.router.features import CountChars, DocumentTokens, chars_of_pages, tokens_by_chars
from docqa.agents.router.lengths import ModelTokens
from docqa.agents.router.routed import EXHAUSTIVE, Router
from docqa.agents.router.rules import Policy, Rules
from docqa.agents.sources import Names, names_of
from docqa.agents.strategy import Strategy, last_answer
from docqa.answers import Answer
from docqa.app.config import Settings
from docqa.app.runs import Work, resume, start
from docqa.documents import Document
from docqa.llm.base import LLM
from docqa.llm.budget import Budget, never
from docqa.llm.pricing import Price
from docqa.llm.reader import ClaimJudge
from docqa.retrieval.likeness import Likeness

if TYPE_CHECKING:
    from docqa.llm.response_cache import ReplyStore

_N_PARALLEL = 4
_RESUMABLE = (
    "model base_url context_length max_output_tokens route router judge passage_order chain_window chain_order clarify "
    "max_tokens max_seconds max_cost price_input price_output encoder".split()
)
_SIGNED_WITHOUT_MODEL = ("model", "route", "router", "encoder", "ocr", "ocr_languages")
_SIGNED = (
    *_SIGNED_WITHOUT_MODEL,
    *"context_length max_output_tokens judge passage_order chain_window chain_order clarify".split(),
    *"max_tokens max_seconds max_cost".split(),
)


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """The Answerer that the settings describe, and its streaming twin.

    `embedded` answers where there is no `llm`; `judge` says whether the model's statements are borne out, which costs
    it a call each where there is none; `replies` keeps what it said, so that an interrupted run need not ask again.
    `likeness` tells how alike parts are, by words where it is None; `read_per_s` is how many tokens `embedded` reads.
    Once `is_stopped` says so, nothing more is asked, and what is proved by then is the answer. An `llm` that `is_lent`
    is closed by whoever lent it.
    """

    settings: Settings
    corpus: Corpus
    embedded: Reasoner
    judge: ClaimJudge | None = None
    llm: LLM | None = None
    replies: ReplyStore | None = None
    n_chars: CountChars = chars_of_pages
    likeness: Likeness | None = None
    read_per_s: float = 3_000.0
    policy: Policy = field(default_factory=Rules)
    is_stopped: Callable[[], bool] = never
    is_lent: bool = False

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        """The answer."""
        return last_answer(self.stream(question, documents))

    def stream(self, question: str, documents: Sequence[Document]) -> Iterator[Event]:
        """The events on the way to the answer. With a language model, the run can be resumed if it is interrupted."""
        left = threading.Event()
        router = self.router(left.is_set, documents)
        if self.llm is None:
            return self._signed(router.stream(question, documents))
        work = Work(lambda: router, documents, left.set)
        return self._signed(start(self.settings.cache_dir, work, question, resumable(self.settings)))

    def resume(self, run_id: str, documents: Sequence[Document]) -> Iterator[Event]:
        """Take up an interrupted run over its documents. Raises UsageError when there is no such run."""
        left = threading.Event()
        router = self.router(left.is_set, documents)
        return self._signed(resume(self.settings.cache_dir, Work(lambda: router, documents, left.set), run_id))

    def router(self, is_abandoned: Callable[[], bool] = never, documents: Sequence[Document] = ()) -> Router:
        """A router whose budget is that of one question; `is_abandoned` says that nobody waits for the answer.

        Of several `documents` a language model is told the names.
        """
        settings = self.settings
        limits = settings.max_tokens or None, settings.max_seconds or None, settings.max_cost or None
        budget = Budget(*limits, self.is_stopped, is_abandoned)
        price = Price(settings.price_input, settings.price_output)
        strategies = (
            self._without_model(Meter(budget=budget))
            if self.llm is None
            else self._with_model(self.llm, budget, price, names_of(documents))
        )
        named = {s.name: replace(s, clarifies=settings.clarify) for s in strategies if not isinstance(s, Exhaustive)}
        exhaustive = next(strategy for strategy in strategies if isinstance(strategy, Exhaustive))
        return Router(
            {**named, EXHAUSTIVE: exhaustive},
            self.corpus,
            settings.route,
            self._economics(price),
            budget,
            self.policy,
            self._n_tokens(),
        )

    def rewritten(self, question: str, history: str) -> str:
        """A follow-up question so that it stands on its own, by the language model; as it is where there is none."""
        if self.llm is None:
            return question
        from docqa.agents.llm_reasoner import LLMReasoner

        limited, meter = metered(self.llm, Budget(is_stopped=self.is_stopped))
        return LLMReasoner(limited, meter=meter).rewrite(question, history)

    def close(self) -> None:
        """Close the connections to the model's server and the store of replies; nothing can be asked after that."""
        close(*(() if self.is_lent else (self.llm,)), self.replies)

    def _signed(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events, the answer with what it was made with."""
        for event in events:
            if isinstance(event, Finished):
                signature = made_with(self.settings, by_model=self.llm is not None)
                event = Finished(replace(event.answer, made_with=signature))
            yield event

    def _without_model(self, meter: Meter) -> list[Strategy]:
        reasoner, corpus = self.embedded, self.corpus
        return [
            Rag(reasoner, corpus, meter=meter),
            RetrieveThenReason(reasoner, corpus, meter=meter),
            Chain(reasoner, corpus, meter=meter, orders=self._orders(), likeness=self.likeness),
            Exhaustive(reasoner, corpus, meter=meter),
            FullContext(reasoner, corpus, meter=meter),  # says that it needs a model
        ]

    def _with_model(self, llm: LLM, budget: Budget, price: Price, names: Names) -> list[Strategy]:
        from docqa.agents.llm_reasoner import LLMReasoner  # what only a language model needs
        from docqa.agents.turns import WindowTurns
        from docqa.llm.response_cache import CachedLLM

        limited, meter = metered(llm, budget, price)
        remembered = limited if self.replies is None else CachedLLM(limited, self.replies)
        window = Window(size=self.settings.chain_window)
        reasoner, corpus = LLMReasoner(remembered, self.judge, meter, window, names), self.corpus
        turns = WindowTurns(corpus, reasoner)
        chain = Chain(reasoner, corpus, meter=meter, turns=turns, orders=self._orders(), choose=reasoner.choose)
        return [
            Rag(reasoner, corpus, meter=meter, gathers=False, order=passage_order(self.settings.passage_order)),
            RetrieveThenReason(reasoner, corpus, meter=meter),
            replace(chain, likeness=self.likeness),
            Exhaustive(reasoner, corpus, meter=meter, turns=turns, n_parallel=_N_PARALLEL, what="items"),
            FullContext(reasoner, corpus, meter=meter),
        ]

    def _n_tokens(self) -> DocumentTokens:
        if self.llm is None:
            return partial(tokens_by_chars, n_chars=self.n_chars)
        return ModelTokens(self.llm, self.corpus)

    def _economics(self, price: Price) -> Economics:
        if self.llm is None:
            return Economics(read_per_s=self.read_per_s)
        from docqa.agents.llm_reasoner import LLMReasoner

        room = LLMReasoner(self.llm, window=Window(self.settings.chain_window)).room("")
        orders = self._orders()
        n_readings = len(orders) + orders.count("bidirectional")
        return Economics(self.llm.context_length, room, n_readings, len(orders), self.settings.clarify, price=price)

    def _orders(self) -> tuple[ReadingOrder, ...]:
        return reading_orders(self.settings.chain_order)


def close(*parts: object) -> None:
    """Close what can be closed."""
    for part in parts:
        if isinstance(part, _Closable):
            part.close()


def made_with(settings: Settings, by_model: bool) -> dict[str, str]:
    """The version and the settings that an answer depends on; neither the server's address nor the key."""
    names = _SIGNED if by_model else _SIGNED_WITHOUT_MODEL
    values = {name: getattr(settings, name) for name in names}
    plain = {name: ", ".join(value) if isinstance(value, tuple) else str(value) for name, value in values.items()}
    return {"docqa": __version__, **plain}


def resumable(settings: Settings) -> dict[str, Any]:
    """The settings that a run depends on, as `load_settings` takes them; never the key."""
    return {name: getattr(settings, name) for name in _RESUMABLE}
