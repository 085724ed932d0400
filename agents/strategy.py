"""What every strategy shares: it works until there is a draft, the draft is checked, and the result becomes an Answer.

A strategy writes only `work`. It yields events as it goes and returns what it found; a limit that is reached on the way
ends the work and not the answer.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar

from docqa.agents.citing import Cited, cite, point_to
from docqa.agents.clarifying import clarify
from docqa.agents.corpus import Corpus
from docqa.agents.events import Checked, Event, Finished, LimitReached, Routed, Searched
from docqa.agents.llm_reasoner import of_language_model, quoted
from docqa.agents.meter import Meter
from docqa.agents.reasoner import Draft, Notes, Reasoner
from docqa.answers import Absence, Answer, Asked, Citation, Coverage, Route
from docqa.checks import Check
from docqa.documents import Document
from docqa.errors import UNUSABLE, OutOfBudget
from docqa.llm.attention.report import AttentionReport
from docqa.retrieval.retriever import Retrieval

_N_QUOTED = 3
_N_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Task:
    """One question over documents."""

    question: str
    documents: Sequence[Document]


@dataclass(frozen=True, slots=True)
class Findings:
    """What the work of a strategy came to.

    `terms` are the words that were searched for, `missing_terms` those that occur nowhere. `n_passages` were read, and
    stand on `n_pages` pages. `limit` says which budget ended the work, "" when it ran to its end.
    """

    draft: Draft
    terms: tuple[str, ...] = ()
    missing_terms: tuple[str, ...] = ()
    n_passages: int = 0
    limit: str = ""
    n_pages: int | None = None

    @classmethod
    def of(cls, draft: Draft, retrievals: Sequence[Retrieval], limit: str = "") -> Findings:
        """The findings from what was read."""
        return cls(
            draft,
            _words(retrieval.evidence.words for retrieval in retrievals),
            _words(retrieval.evidence.missing for retrieval in retrievals),
            sum(len(retrieval.hits) for retrieval in retrievals),
            limit,
            len({(hit.passage.document_id, hit.passage.page) for retrieval in retrievals for hit in retrieval.hits}),
        )

    def warned(self, warning: str) -> Findings:
        """The same with one more remark for the reader, if there is one."""
        if not warning:
            return self
        return replace(self, draft=replace(self.draft, warnings=(*self.draft.warnings, warning)))


class Clock:
    """Wall time by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what the block takes to a stage."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


Work = Generator[Event, None, Findings]

GIVEN_UP = (OutOfBudget, *UNUSABLE)
"""What ends a further attempt and not the answer that there is already."""


@dataclass(frozen=True, slots=True)
class Strategy(ABC):
    """A way from a question to an answer: call it for the answer, `stream` it for the events with the answer last.

    With `clarifies`, a language model clears up a question of its own before it answers.
    """

    reasoner: Reasoner
    corpus: Corpus
    reason: str = "it was asked for"
    meter: Meter = field(default_factory=Meter)
    clarifies: bool = False

    name: ClassVar[str]

    @abstractmethod
    def work(self, task: Task, clock: Clock) -> Work:
        """Yield events and return what was found. Raises OutOfBudget only when nothing at all was found before."""

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        """Answer from the documents, or say that it is not in them, with the nearest passages."""
        return last_answer(self.stream(question, documents))

    def stream(self, question: str, documents: Sequence[Document]) -> Iterator[Event]:
        """The events on the way to the answer, `Finished` last."""
        task, clock = Task(question, documents), Clock()
        yield Routed(self.name, self.reason)
        findings = yield from self.work(task, clock)
        answer = self.checked(task, findings, clock)
        yield checked_event(len(findings.draft.statements), answer)
        yield Finished(answer)

    def checked(self, task: Task, findings: Findings, clock: Clock) -> Answer:
        """The answer that remains when every citation has been checked, repaired or removed."""
        draft = findings.draft
        with clock.stage("cite"):
            cited = cite(draft.statements, task.documents, self.corpus, self.reasoner)
            absence = None if cited.statements else self._absence(task, findings, cited.check)
            coverage = replace(self.corpus.coverage(task.documents), pages_shown=findings.n_pages)
        limits = tuple(dict.fromkeys(filter(None, (findings.limit, cited.limit))))
        return Answer(
            question=task.question,
            status="not_found" if not cited.statements else "partial" if limits else "answered",
            statements=cited.statements,
            route=Route(self.name, self.reason),
            coverage=coverage,
            absence=absence,
            warnings=(*draft.warnings, *_warnings(cited, coverage), *limits),
            usage=self._usage(findings),
            seconds=clock.seconds,
            check=cited.check,
            documents=tuple(Asked(d.name, d.id, len(d.pages)) for d in task.documents),
        )

    def composed(self, task: Task, notes: Notes, retrievals: Sequence[Retrieval], limit: str = "") -> Findings:
        """Let the reasoner word the answer; where the budget does not allow that, quote the evidence as it stands."""
        try:
            draft = self.reasoner.compose(task.question, notes)
        except OutOfBudget as error:
            if not notes.answerable:  # nobody has said that this evidence bears on the question
                raise
            draft, limit = Draft(quoted(notes.evidence[:_N_QUOTED])), limit or str(error)
        return Findings.of(draft, retrievals, limit)

    def unread(self, n_unread: int, n_turns: int) -> str:
        """What a reader must know when workers failed, "" when none did. Raises a leaf of ModelError when all did."""
        if not n_unread:
            return ""
        if n_unread >= n_turns:
            raise self.meter.fault
        return (
            f"The model's replies on {n_unread} of {n_turns} parts could not be used; what stands there is not "
            "considered."
        )

    def clarified(self, task: Task, notes: Notes, clock: Clock) -> Generator[Event, None, tuple[Notes, str]]:
        """The notes after the optional step, and which limit ended it, "" for none.

        Raises UsageError where there is no language model.
        """
        if not self.clarifies:
            return notes, ""
        reasoner = of_language_model(self.reasoner, "clarify")
        with clock.stage("clarify"):
            try:
                return (yield from clarify(task.question, task.documents, notes, reasoner, self.corpus)), ""
            except OutOfBudget as error:
                stopped = limited(error, notes)
                yield stopped
                return notes, stopped.reason

    def searched(self, task: Task, query: str, k: int) -> Generator[Event, None, Retrieval]:
        """The k best passages for a query."""
        retrieval = self.corpus.search(task.documents, query, k)
        yield Searched(query, len(retrieval.hits))
        return retrieval

    def _absence(self, task: Task, findings: Findings, check: Check) -> Absence:
        """Why there is no answer, with what was looked for and what came nearest: also what was refused in the end."""
        abstention = findings.draft.abstention
        nearest = point_to(abstention.nearest if abstention else (), task.documents, self.corpus)
        if abstention is None:
            refused = (citation for refused in check.refused for citation in refused.citations)
            nearest = tuple(dict.fromkeys(c for c in refused if c.verdict == "verbatim"))[:_N_NEAREST]
        return Absence(
            reason=abstention.reason if abstention else "Not found: no passage bears out what was drafted.",
            terms=findings.terms,
            missing_terms=findings.missing_terms,
            nearest=nearest,
        )

    def _usage(self, findings: Findings) -> dict[str, int]:
        usage = self.meter.usage
        counts = {
            "calls": usage.n_calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "repairs": usage.n_repairs,
            "malformed_replies": self.meter.malformed,
            **(_attention(usage.attention) if usage.attention else {}),
        }
        return {"passages": findings.n_passages, **{name: count for name, count in counts.items() if count}}


def _attention(report: AttentionReport) -> dict[str, int]:
    """What sparse attention did, where it took part: percent, rounded down for the recall."""
    if not report.n_sampled:
        return {}
    return {
        "attention_density_percent": round(100 * report.density),
        "attention_recall_percent": int(100 * report.recall),
        "dense_recomputations": report.n_dense,
    }


def last_answer(events: Iterable[Event]) -> Answer:
    """The answer at the end of a stream."""
    answer = next((event.answer for event in events if isinstance(event, Finished)), None)
    assert answer is not None  # every stream ends with it or with an error
    return answer


def limited(error: OutOfBudget, notes: Notes) -> LimitReached:
    """The event for a limit that ends the work; the error itself when nothing has been found yet."""
    if not notes.answerable and not notes.items:
        raise error
    return LimitReached(str(error))


def _words(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))


def checked_event(n_drafted: int, answer: Answer) -> Checked:
    """What the check of a draft came to, as an event."""
    n_kept, check = len(answer.statements), answer.check
    if check is None:
        return Checked(n_drafted, n_kept)
    return Checked(n_drafted, n_kept, check.count("citations_replaced"), check.n_removed_citations)


def _warnings(cited: Cited, coverage: Coverage) -> list[str]:
    citations = [citation for statement in cited.statements for citation in statement.citations]
    return [*_check_warnings(cited.check), *_ocr_warnings(citations), *_coverage_warnings(coverage)]


def _check_warnings(check: Check) -> Iterator[str]:
    n_removed = check.count("statement_removed")
    if n_removed:
        were = "was" if n_removed == 1 else "were"
        yield f"{n_removed} of {check.n_statements} drafted statements {were} left out: no passage bears them out."
    if check.n_flagged:
        yield f"{check.n_flagged} of the statements are borne out in part only, or could not be judged."


def _ocr_warnings(citations: Sequence[Citation]) -> Iterator[str]:
    by_place = {f"{c.document}, {c.locator}": c.ocr_confidence for c in citations if c.ocr_confidence is not None}
    for place, confidence in by_place.items():
        yield f"{place} was read by OCR (confidence {confidence:.0%}); compare the words with the page."


def _coverage_warnings(coverage: Coverage) -> Iterator[str]:
    if coverage.unreadable:
        n_unreadable = len(coverage.unreadable)
        yield f"{n_unreadable} of {coverage.pages} pages could not be read, so the answer may be incomplete."
