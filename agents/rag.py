"""Retrieve, read, answer: the shortest way from a question to an answer (Lewis et al. 2020, arXiv:2005.11401)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from docqa.agents.citing import cite, point_to
from docqa.agents.corpus import Corpus
from docqa.agents.reasoner import Abstention, Notes, Reasoner
from docqa.answers import Absence, Answer, Citation, Coverage, Route, Statement
from docqa.documents import Document
from docqa.retrieval.retriever import Retrieval


@dataclass(frozen=True, slots=True)
class Rag:
    """Answers from the `k` passages that bear most on the question."""

    reasoner: Reasoner
    corpus: Corpus
    k: int = 10
    reason: str = "the passages that bear most on the question are read"

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        """Answer from the documents, or say that it is not in them, with the nearest passages."""
        clock = _Clock()
        with clock.stage("retrieve"):
            plan = self.reasoner.plan(question, documents)
            retrievals = [self.corpus.search(documents, query, self.k) for query in plan.queries]
        with clock.stage("reason"):
            notes = Notes()
            for retrieval in retrievals:
                notes = self.reasoner.gather(question, retrieval, notes)
            draft = self.reasoner.compose(question, notes)
        with clock.stage("cite"):
            statements = cite(draft.statements, documents, self.corpus, self.reasoner)
            absence = None if statements else self._absence(draft.abstention, documents, retrievals)
            coverage = self.corpus.coverage(documents)
        return Answer(
            question=question,
            status="answered" if statements else "not_found",
            statements=statements,
            route=Route("rag", self.reason),
            coverage=coverage,
            absence=absence,
            warnings=(*(draft.warnings if statements else ()), *_warnings(statements, coverage)),
            usage={"passages": sum(len(retrieval.hits) for retrieval in retrievals)},
            seconds=clock.seconds,
        )

    def _absence(
        self, abstention: Abstention | None, documents: Sequence[Document], retrievals: Sequence[Retrieval]
    ) -> Absence:
        abstention = abstention or Abstention("Not found: no quote of the draft could be found on its page.")
        return Absence(
            reason=abstention.reason,
            terms=_words(retrieval.evidence.words for retrieval in retrievals),
            missing_terms=_words(retrieval.evidence.missing for retrieval in retrievals),
            nearest=point_to(abstention.nearest, documents, self.corpus),
        )


def _words(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))


def _warnings(statements: Sequence[Statement], coverage: Coverage) -> list[str]:
    cited = [citation for statement in statements for citation in statement.citations]
    return [*_ocr_warnings(cited), *_coverage_warnings(coverage)]


def _ocr_warnings(citations: Sequence[Citation]) -> Iterator[str]:
    by_place = {f"{c.document}, {c.locator}": c.ocr_confidence for c in citations if c.ocr_confidence is not None}
    for place, confidence in by_place.items():
        yield f"{place} was read by OCR (confidence {confidence:.0%}); compare the words with the page."


def _coverage_warnings(coverage: Coverage) -> Iterator[str]:
    if coverage.unreadable:
        n_unreadable = len(coverage.unreadable)
        yield f"{n_unreadable} of {coverage.pages} pages could not be read, so the answer may be incomplete."


@dataclass(frozen=True, slots=True)
class _Clock:
    """Wall time by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
