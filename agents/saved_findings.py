"""Findings as plain values that hold ids and spans and no page text, and back again with the text from the pages.

A checkpoint is written after every step; what it holds must be small, and must not be a second copy of the documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from docqa.agents.corpus import Corpus
from docqa.agents.reasoner import Abstention, Draft, DraftStatement, Evidence
from docqa.agents.strategy import Findings
from docqa.answers import Support
from docqa.documents import Document, Passage, Span

Saved = dict[str, Any]


def saved(findings: Findings) -> Saved:
    """Lists, dicts, texts and numbers. A statement that is its only quote, word for word, is saved without text."""
    draft = findings.draft
    return {
        "statements": [_saved_statement(statement) for statement in draft.statements],
        "abstention": None
        if draft.abstention is None
        else {"reason": draft.abstention.reason, "nearest": [_saved_evidence(e) for e in draft.abstention.nearest]},
        "warnings": list(draft.warnings),
        "terms": list(findings.terms),
        "missing_terms": list(findings.missing_terms),
        "n_passages": findings.n_passages,
        "limit": findings.limit,
        "n_pages": findings.n_pages,
    }


def restored(data: Saved, documents: Sequence[Document], corpus: Corpus) -> Findings:
    """The findings that were saved; evidence whose place is not in the documents any more is left out."""
    passages = _PassagesByPage(documents, corpus)
    abstention = data["abstention"]
    draft = Draft(
        tuple(passages.statement(statement) for statement in data["statements"]),
        None if abstention is None else Abstention(abstention["reason"], passages.evidence(abstention["nearest"])),
        tuple(data["warnings"]),
    )
    words = tuple(data["terms"]), tuple(data["missing_terms"])
    return Findings(draft, *words, data["n_passages"], data["limit"], data.get("n_pages"))


def _saved_statement(statement: DraftStatement) -> Saved:
    support = statement.support
    is_quote = len(statement.evidence) == 1 and statement.text == statement.evidence[0].quote
    return {
        "text": None if is_quote else statement.text,
        "evidence": [_saved_evidence(piece) for piece in statement.evidence],
        "support": support and [support.label, support.score, support.judge],
        "emphasis": statement.emphasis and list(statement.emphasis),
    }


def _saved_evidence(evidence: Evidence) -> list[Any]:
    passage = evidence.passage
    place = [passage.document_id, passage.page, passage.start_char, passage.end_char]
    return [*place, *evidence.span, evidence.score]


class _PassagesByPage:
    """Finds the passage that holds a span again; reads the passages of a document when the first one is sought."""

    def __init__(self, documents: Sequence[Document], corpus: Corpus) -> None:
        self._documents = {document.id: document for document in documents}
        self._corpus = corpus
        self._pages: dict[str, dict[int, list[Passage]]] = {}

    def statement(self, data: Saved) -> DraftStatement:
        evidence = self.evidence(data["evidence"])
        text = evidence[0].quote if data["text"] is None and evidence else data["text"] or ""
        emphasis = Span(*data["emphasis"]) if data.get("emphasis") else None
        return DraftStatement(text, evidence, Support(*data["support"]) if data["support"] else None, emphasis)

    def evidence(self, rows: Sequence[Sequence[Any]]) -> tuple[Evidence, ...]:
        return tuple(piece for row in rows if (piece := self._piece(*row)) is not None)

    def _piece(self, document_id: str, page: int, start: int, end: int, *rest: Any) -> Evidence | None:
        first, last, score = rest
        for whole in self._on_page(document_id, page):
            if whole.start_char <= start and end <= whole.end_char:
                return Evidence(_narrowed(whole, start, end), Span(first, last), score)
        return None

    def _on_page(self, document_id: str, page: int) -> Sequence[Passage]:
        if document_id not in self._documents:
            return ()
        if document_id not in self._pages:
            pages: dict[int, list[Passage]] = {}
            for passage in self._corpus.passages(self._documents[document_id]):
                pages.setdefault(passage.page, []).append(passage)
            self._pages[document_id] = pages
        return self._pages[document_id].get(page, ())


def _narrowed(whole: Passage, start: int, end: int) -> Passage:
    """The passage, or the part of it that a chunk had."""
    text = whole.text[start - whole.start_char : end - whole.start_char]
    sentences = tuple(span for span in whole.sentences if start <= span.start_char and span.end_char <= end)
    return replace(whole, start_char=start, end_char=end, text=text, sentences=sentences)
