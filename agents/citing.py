"""From a draft to statements whose every citation was looked up on the page: what is not there is not shown.

A citation is located first (are these words at this place?), then judged (do they bear the statement out?).
Both fail closed: evidence whose words are not on the page is dropped, and so is a statement left with none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from docqa.agents.corpus import Corpus
from docqa.agents.reasoner import DraftStatement, Evidence, Reasoner
from docqa.answers import Citation, Statement, Support
from docqa.documents import Box, Document, Span, locator


def cite(
    drafts: Sequence[DraftStatement], documents: Sequence[Document], corpus: Corpus, reasoner: Reasoner
) -> tuple[Statement, ...]:
    """Check the drafts' evidence against the pages and bind it to the statements as citations."""
    known = {document.id: document for document in documents}
    evidence = [piece for draft in drafts for piece in draft.evidence if _stands_on_its_page(piece, known)]
    boxes = _boxes(evidence, corpus)
    statements: dict[int, Statement] = {}
    cited: dict[Evidence, Citation] = {}
    for number, draft in sorted(enumerate(drafts), key=lambda numbered: numbered[1].support is not None):
        pieces = [piece for piece in draft.evidence if piece in boxes]
        if pieces:
            support = draft.support or reasoner.supports(draft.text, [piece.passage for piece in pieces])
            citations = {
                piece: citation_of(piece, known[piece.passage.document_id], boxes[piece], support) for piece in pieces
            }
            if draft.support is not None:  # it counts what others say, and points to the same citations
                citations = {piece: cited.get(piece, citation) for piece, citation in citations.items()}
            cited.update(citations)
            statements[number] = Statement(draft.text, tuple(citations.values()), draft.emphasis)
    return tuple(statements[number] for number in sorted(statements))


def point_to(evidence: Sequence[Evidence], documents: Sequence[Document], corpus: Corpus) -> tuple[Citation, ...]:
    """Citations for passages that are only pointed at ("nearest passages"), with no statement to judge."""
    known = {document.id: document for document in documents}
    located = [piece for piece in evidence if _stands_on_its_page(piece, known)]
    boxes = _boxes(located, corpus)
    return tuple(citation_of(piece, known[piece.passage.document_id], boxes[piece], None) for piece in located)


def citation_of(evidence: Evidence, document: Document, boxes: tuple[Box, ...], support: Support | None) -> Citation:
    """The citation for evidence that stands on its page, word for word."""
    page = document.pages[evidence.passage.page]
    return Citation(
        document=document.name,
        sha256=document.id,
        part=page.index,
        page=page.number,
        page_label=page.label,
        locator=locator(page, evidence.span),
        start_char=evidence.span.start_char,
        end_char=evidence.span.end_char,
        quote=evidence.quote,
        verdict="verbatim",
        support=support,
        boxes=boxes,
        ocr_confidence=page.health.ocr_confidence,
    )


def _stands_on_its_page(evidence: Evidence, documents: dict[str, Document]) -> bool:
    document = documents.get(evidence.passage.document_id)
    if document is None or not 0 <= evidence.passage.page < len(document.pages):
        return False
    page_text = document.pages[evidence.passage.page].text
    return bool(evidence.quote) and page_text[evidence.span.start_char : evidence.span.end_char] == evidence.quote


def _boxes(evidence: Sequence[Evidence], corpus: Corpus) -> dict[Evidence, tuple[Box, ...]]:
    """Boxes for each piece, asked for page by page, as opening a page is what costs."""

    def place(piece: Evidence) -> tuple[str, int]:
        return piece.passage.document_id, piece.passage.page

    found: dict[Evidence, tuple[Box, ...]] = {}
    for (document_id, page_index), group in groupby(sorted(evidence, key=place), key=place):
        pieces = list(group)
        spans: list[Span] = [piece.span for piece in pieces]
        found.update(zip(pieces, corpus.boxes(document_id, page_index, spans), strict=True))
    return found
