"""What a drafted statement may be shown with: its evidence where that holds, other evidence where that can be found.

Knows no citation and no box: it rules on evidence, and `agents.citing` binds what it lets through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from docqa.agents.corpus import Corpus
from docqa.agents.judging import Judging
from docqa.agents.locating import Claimed, Locator
from docqa.agents.reasoner import DraftStatement, Evidence
from docqa.agents.repairing import Repair
from docqa.answers import Support, Verdict
from docqa.checks import Action
from docqa.documents import Document, Passage, Span
from docqa.errors import UNUSABLE, OutOfBudget

_MOST_REPAIRS = 8  # of one answer; what is left then is only refused


@dataclass(frozen=True, slots=True)
class RefusedEvidence:
    """Evidence that does not hold, with the verdict on its place and, where it has one, on what it bears out."""

    piece: Evidence
    verdict: Verdict
    support: Support | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """A drafted statement with the evidence it is shown with, none for a statement that is refused, and what it lost.

    `support` is what the kept evidence together is worth; None where nobody could be asked.
    """

    draft: DraftStatement
    kept: tuple[Evidence, ...]
    support: Support | None
    refused: tuple[RefusedEvidence, ...] = ()
    repaired: bool = False

    @property
    def action(self) -> Action:
        """What became of the statement that lost evidence."""
        if not self.kept:
            return "statement_removed"
        return "citations_replaced" if self.repaired else "citations_removed"

    @property
    def is_flagged(self) -> bool:
        """Whether it is shown without being borne out as a whole."""
        return bool(self.kept) and (self.support is None or self.support.label != "supports")


@dataclass(slots=True)
class Court:
    """Rules on the statements of one draft. `limit` says which budget kept the judge from going on, "" for none."""

    documents: Sequence[Document]
    corpus: Corpus
    judging: Judging
    limit: str = ""
    _n_repairs: int = 0
    _known: Mapping[str, Document] = field(init=False)

    def __post_init__(self) -> None:
        self._known = {document.id: document for document in self.documents}

    def ruled(self, draft: DraftStatement) -> Ruling:
        """Look the evidence up, have it judged, and repair or refuse what does not hold."""
        standing: list[Evidence] = []
        lost: list[RefusedEvidence] = []
        moved = False
        for piece in draft.evidence:
            if stands_on_its_page(piece, self._known):
                standing.append(piece)
                continue
            verdict, real = self._relocated(piece)
            standing += [real] if real else []
            if verdict != "verbatim":  # only the blanks around it are others
                lost.append(RefusedEvidence(piece, verdict))
                moved = moved or real is not None
        if draft.support is not None:
            return Ruling(draft, tuple(standing), draft.support, tuple(lost), moved)
        ruling = self._judged(draft, tuple(dict.fromkeys(standing)))
        return replace(ruling, refused=(*lost, *ruling.refused), repaired=ruling.repaired or moved)

    def _judged(self, draft: DraftStatement, pieces: tuple[Evidence, ...]) -> Ruling:
        support: Support | None = None
        try:
            if pieces:
                support = self.judging.support(draft.text, _passages(pieces))
            if support is not None and support.label == "supports":
                kept = self._needed(draft.text, pieces)
                return Ruling(draft, kept, support, self._refused(draft.text, pieces, kept))
            found = self._found(draft.text, pieces if support is not None and support.label == "partly" else ())
            if found:
                proof = self.judging.support(draft.text, _passages(found))
                return Ruling(draft, found, proof, self._refused(draft.text, pieces, found), repaired=True)
        except (OutOfBudget, *UNUSABLE) as error:
            self.limit = str(error)
            if support is None:  # nobody could be asked: it is shown, and flagged
                return Ruling(draft, pieces, None)
        if support is not None and support.label == "partly":
            return Ruling(draft, pieces, support)
        return Ruling(draft, (), support, tuple(RefusedEvidence(piece, "verbatim", support) for piece in pieces))

    def _needed(self, claim: str, pieces: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """The evidence without passages that neither bear the claim out alone nor are missed by the others."""
        kept = list(pieces)
        for passage in reversed(_passages(pieces)):
            rest = [piece for piece in kept if piece.passage != passage]
            if rest and not self.judging.bears_out(claim, [passage]) and self.judging.bears_out(claim, _passages(rest)):
                kept = rest
        return tuple(kept)

    def _found(self, claim: str, held: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        if self._n_repairs >= _MOST_REPAIRS:
            return ()
        self._n_repairs += 1
        return Repair(self.documents, self.corpus, self.judging).proof(claim, held)

    def _refused(self, claim: str, pieces: Sequence[Evidence], kept: Sequence[Evidence]) -> tuple[RefusedEvidence, ...]:
        return tuple(
            RefusedEvidence(piece, "verbatim", self.judging.support(claim, [piece.passage]))
            for piece in pieces
            if piece not in kept
        )

    def _relocated(self, piece: Evidence) -> tuple[Verdict, Evidence | None]:
        """The verdict on words that do not stand where they are said to, and the real words, if there are any."""
        passage = piece.passage
        claimed = Claimed(passage.document_id, passage.page, piece.span.start_char)
        located = Locator(self.documents).locate(piece.quote, claimed)
        if located.span is None or located.part is None:
            return located.verdict, None
        document = self._known[located.document_id]
        holding = self._holding(document, located.part, located.span)
        return located.verdict, Evidence(holding, located.span, piece.score)

    def _holding(self, document: Document, part: int, span: Span) -> Passage:
        """The passage that holds a span; the span itself where it crosses the border of two."""
        for passage in self.corpus.passages(document):
            if passage.page == part and passage.start_char <= span.start_char and span.end_char <= passage.end_char:
                return passage
        return Passage(document.id, 0, part, *span, document.pages[part].text[slice(*span)], (span,))


def stands_on_its_page(piece: Evidence, documents: Mapping[str, Document]) -> bool:
    """Whether the page of a document, known by its id, has the words of the quote at its span."""
    document = documents.get(piece.passage.document_id)
    if document is None or not 0 <= piece.passage.page < len(document.pages):
        return False
    page_text = document.pages[piece.passage.page].text
    return bool(piece.quote) and page_text[piece.span.start_char : piece.span.end_char] == piece.quote


def _passages(pieces: Sequence[Evidence]) -> list[Passage]:
    """The passages of the evidence, each once."""
    return list(dict.fromkeys(piece.passage for piece in pieces))
