"""From a draft to an answer whose every citation was checked: what does not hold is repaired, or left out and counted.

A citation is located first (do these words stand at this place?), then judged (do they bear the statement out?). Both
fail closed. Words that stand elsewhere are cited where they stand; a statement that its passages do not bear out gets
others that do, if a search for the statement finds them; a citation that adds nothing is removed, and a statement left
with none is no part of the answer. What was refused stays with the answer, so that it can be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from docqa.agents.corpus import Corpus
from docqa.agents.judging import Judging
from docqa.agents.reasoner import COUNT, DraftStatement, Evidence, Reasoner
from docqa.agents.rulings import Court, RefusedEvidence, Ruling, stands_on_its_page
from docqa.agents.sources import names_of
from docqa.answers import Citation, Statement, Support
from docqa.checks import Check, JudgedScore, Refused
from docqa.citation_scores import CitedClaim, score_claims
from docqa.documents import Box, Document, Page, Span, locator
from docqa.errors import UNUSABLE, OutOfBudget


@dataclass(frozen=True, slots=True)
class Cited:
    """What remains of a draft, what was done to it, and the limit that kept the judge from going on, "" for none."""

    statements: tuple[Statement, ...]
    check: Check
    limit: str = ""


def cite(drafts: Sequence[DraftStatement], documents: Sequence[Document], corpus: Corpus, reasoner: Reasoner) -> Cited:
    """Check the drafts' evidence against the pages and bind what holds to the statements as citations."""
    judging = Judging(reasoner, names_of(documents))
    court = Court(documents, corpus, judging)
    rulings = [court.ruled(draft) for draft in drafts]
    judged = [ruling for ruling in rulings if not ruling.draft.is_count]
    binder = _Binder(documents, corpus, [p for r in judged for p in (*r.kept, *(lost.piece for lost in r.refused))])
    check = Check(
        n_statements=len(judged),
        n_citations=sum(len(ruling.draft.evidence) for ruling in judged),
        n_flagged=sum(ruling.is_flagged for ruling in judged),
        refused=tuple(
            Refused(ruling.draft.text, ruling.action, tuple(map(binder.refused, ruling.refused)))
            for ruling in judged
            if ruling.refused or not ruling.kept
        ),
        score=_score(judged, judging),
    )
    return Cited(_statements(rulings, binder), check, court.limit)


def point_to(evidence: Sequence[Evidence], documents: Sequence[Document], corpus: Corpus) -> tuple[Citation, ...]:
    """Citations for passages that are only pointed at ("nearest passages"), with no statement to judge."""
    binder = _Binder(documents, corpus, evidence)
    return tuple(binder.citation(piece, None) for piece in evidence if piece in binder.boxes)


def _statements(rulings: Sequence[Ruling], binder: _Binder) -> tuple[Statement, ...]:
    """What is shown, in the order of the draft. What docqa counted says how many of the others there are, and cites
    what they cite."""
    judged = {
        number: Statement(r.draft.text, tuple(binder.citation(piece, r.support) for piece in r.kept), r.draft.emphasis)
        for number, r in enumerate(rulings)
        if r.kept and not r.draft.is_count
    }
    cited = tuple(dict.fromkeys(citation for statement in judged.values() for citation in statement.citations))
    counted = {
        number: Statement(r.draft.text.replace(COUNT, str(len(judged))), cited)
        for number, r in enumerate(rulings)
        if cited and r.draft.is_count
    }
    return tuple(statement for _, statement in sorted({**judged, **counted}.items()))


def _score(rulings: Sequence[Ruling], judging: Judging) -> JudgedScore | None:
    """The citation score of what is shown; a passage is what is cited, however many of its sentences are quoted.

    What docqa knows itself needs no judge. None where there is nothing to score or a judge was missing.
    """
    shown = [ruling for ruling in rulings if ruling.kept]
    known = {ruling.draft.text: ruling.draft.support for ruling in shown}
    passages = list(dict.fromkeys(piece.passage for ruling in shown for piece in ruling.kept))
    numbers = {passage: number for number, passage in enumerate(passages, start=1)}

    def borne_out(claim: CitedClaim, cited: Sequence[int]) -> bool:
        if (support := known[claim.text]) is not None:
            return support.label == "supports"
        return judging.bears_out(claim.text, [passages[index] for index in cited])

    claims = [CitedClaim(r.draft.text, tuple(numbers[piece.passage] for piece in r.kept)) for r in shown]
    try:
        score = score_claims(claims, len(passages), borne_out, "strict", at_most=None)
    except (OutOfBudget, *UNUSABLE):
        return None
    judges = sorted({ruling.support.judge for ruling in shown if ruling.support})
    return JudgedScore(score, ", ".join(judges), "strict") if shown and score is not None else None


class _Binder:
    """Makes citations of evidence. The boxes of all of it are asked for at once, page by page, as opening one costs."""

    def __init__(self, documents: Sequence[Document], corpus: Corpus, evidence: Sequence[Evidence]) -> None:
        self._known = {document.id: document for document in documents}
        standing = [piece for piece in evidence if stands_on_its_page(piece, self._known)]
        self.boxes = _boxes(standing, corpus)

    def citation(self, piece: Evidence, support: Support | None) -> Citation:
        """The citation for evidence that stands on its page, word for word."""
        document = self._known[piece.passage.document_id]
        return _citation(piece, document.name, document.pages[piece.passage.page], self.boxes[piece], support)

    def refused(self, lost: RefusedEvidence) -> Citation:
        """The citation that was refused, as the draft had it: its words may stand nowhere."""
        piece, passage = lost.piece, lost.piece.passage
        if piece in self.boxes:
            return self.citation(piece, lost.support)
        document = self._known.get(passage.document_id)
        page = Page(passage.page, "")
        if document is not None and 0 <= passage.page < len(document.pages):
            page = document.pages[passage.page]
        found = _citation(piece, document.name if document else "", page, (), lost.support)
        return replace(found, verdict=lost.verdict)


def _citation(piece: Evidence, document: str, page: Page, boxes: tuple[Box, ...], support: Support | None) -> Citation:
    return Citation(
        document=document,
        sha256=piece.passage.document_id,
        part=page.index,
        page=page.number,
        page_label=page.label,
        locator=locator(page, piece.span),
        start_char=piece.span.start_char,
        end_char=piece.span.end_char,
        quote=piece.quote,
        verdict="verbatim",
        support=support,
        boxes=boxes,
        ocr_confidence=page.health.ocr_confidence,
    )


def _boxes(evidence: Sequence[Evidence], corpus: Corpus) -> dict[Evidence, tuple[Box, ...]]:
    """Boxes for each piece, asked for page by page."""

    def place(piece: Evidence) -> tuple[str, int]:
        return piece.passage.document_id, piece.passage.page

    found: dict[Evidence, tuple[Box, ...]] = {}
    for (document_id, page_index), group in groupby(sorted(evidence, key=place), key=place):
        pieces = list(dict.fromkeys(group))
        spans: list[Span] = [piece.span for piece in pieces]
        found.update(zip(pieces, corpus.boxes(document_id, page_index, spans), strict=True))
    return found
