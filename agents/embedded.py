"""The four skills without a language model: it chooses sentences of the document and writes none itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from docqa.agents.items import speaking_of
from docqa.agents.questions import kind_of
from docqa.agents.reasoner import Abstention, Draft, DraftStatement, Evidence, Notes, Plan, QuestionKind
from docqa.answers import Support, one_line
from docqa.documents import Document, Passage
from docqa.llm.reader import Candidate, EvidenceReader
from docqa.retrieval.retriever import Retrieval

_ONLY_QUOTED: dict[QuestionKind, str] = {
    "summary": "The question asks for a summary",
    "comparison": "The question asks for a comparison",
    "aggregation": "The question asks for a count or a list over the whole document",
    "reason": "The question asks for an explanation",
}


@dataclass(frozen=True, slots=True)
class EmbeddedReasoner:
    """Answers with one to `max_statements` quoted sentences, the best first.

    A sentence after the first is quoted when its score is at least `min_share` of the best one's. `n_nearest` passages
    are pointed at when nothing answers, and `n_carried` sentences of each turn compete with those of the next.
    """

    reader: EvidenceReader
    max_statements: int = 3
    min_share: float = 0.5
    n_nearest: int = 3
    n_carried: int = 12

    def plan(self, question: str, documents: Sequence[Document]) -> Plan:
        """The kind of the question by its words, and the question as the only query."""
        return Plan(kind_of(question), (question,))

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        """Rank the sentences of the passages and add them to the notes."""
        found = [
            Evidence(hit.passage, sentence.span, sentence.score) for hit in retrieval.hits for sentence in hit.sentences
        ]
        candidates = [Candidate(e.quote, _context(e.passage), e.score) for e in found]
        scores = self.reader.rank(question, candidates)
        ranked = [replace(e, score=score) for e, score in zip(found, scores, strict=True)]
        coverage = retrieval.evidence.coverage
        return replace(
            notes,
            evidence=self._joined(question, notes.evidence, ranked),
            coverage=max(notes.coverage, coverage),
            answerable=notes.answerable or self.reader.answerable(question, candidates, coverage),
            open_questions=_follow_up(retrieval, ranked),
            items=(*notes.items, *_items(question, retrieval, ranked)) if notes.kind == "aggregation" else notes.items,
        )

    def _joined(self, question: str, before: Sequence[Evidence], new: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """Best first. What was ranked at different times is ranked again together: a reader may grade on a curve."""
        new = sorted(new, key=_best_first)
        if not before:
            return tuple(new)
        places = {(e.passage.document_id, e.passage.page, e.span): e for e in (*before, *new[: self.n_carried])}
        joint = sorted(places.values(), key=_best_first)[: 2 * self.n_carried]
        candidates = [Candidate(e.quote, _context(e.passage), e.score) for e in joint]
        scores = self.reader.rank(question, candidates)
        return tuple(sorted((replace(e, score=s) for e, s in zip(joint, scores, strict=True)), key=_best_first))

    def compose(self, question: str, notes: Notes) -> Draft:
        """Quote the best sentences, or abstain when the evidence does not bear on the question."""
        chosen = self._chosen(notes.evidence)
        if not notes.answerable or not chosen:
            return Draft(abstention=self._abstention(notes))
        kind = kind_of(question)
        warning = _ONLY_QUOTED.get(kind)
        remark = "without a language model docqa only quotes the sentences that bear on it"
        return Draft(
            statements=tuple(
                DraftStatement(_wording(evidence.passage, evidence.quote), (evidence,)) for evidence in chosen
            ),
            warnings=(f"{warning}; {remark}.",) if warning else (),
        )

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        """Quotation and table rows bear themselves out; anything else is the reader's judgement."""
        rows = ((passage, line) for passage in passages for line in passage.text.split("\n") if "\t" in line)
        if any(claim == _wording(passage, row) for passage, row in rows):
            return Support("supports", 1.0, "table row")
        return self.reader.supports(claim, "\n".join(passage.text for passage in passages))

    def _chosen(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        """The best sentences whose scores hold up against the best one, each wording once."""
        best = evidence[0].score if evidence else 0.0
        strong = [e for e in evidence if e.score > 0 and e.score >= self.min_share * best]
        return _distinct(strong, self.max_statements)

    def _abstention(self, notes: Notes) -> Abstention:
        """Say why, and point to the best sentence of each of the best passages."""
        if notes.coverage == 0:
            return Abstention("Not found: none of the words that the question is about occurs.")
        best = {e.passage.id: e for e in reversed([e for e in notes.evidence if e.score > 0])}
        nearest = _distinct(sorted(best.values(), key=_best_first), self.n_nearest)
        return Abstention("Not found: no passage brings the words of the question together.", tuple(nearest))


def row_in_words(row: str, header: str, title: str = "") -> str:
    """A row of a table with the title of the table and the heads of its columns.

    The row alone where cells and heads do not pair.

    >>> row_in_words("Operating surplus\\t3,915\\t7,080", "Year\\t2023\\t2024", "Income (thousand euros)")
    'Income (thousand euros): Operating surplus — 2023: 3,915; 2024: 7,080'
    """
    cells, heads = ([one_line(cell) for cell in line.split("\t")] for line in (row, header))
    pairs = [f"{head}: {cell}" if head else cell for head, cell in zip(heads[1:], cells[1:], strict=False) if cell]
    fits = 2 <= len(cells) <= len(heads)  # empty cells at the end of a row are not kept
    if not fits or not cells[0] or not pairs or cells == heads:
        return row
    return f"{title}: {cells[0]} — {'; '.join(pairs)}" if title else f"{cells[0]} — {'; '.join(pairs)}"


def _follow_up(retrieval: Retrieval, ranked: Sequence[Evidence]) -> tuple[str, ...]:
    """What the best passage leaves open: the question's other words, sought together with the best sentence's."""
    uncovered = retrieval.evidence.uncovered
    best = max(ranked, key=lambda e: e.score, default=None)
    if not uncovered or best is None or best.score <= 0:
        return ()
    return (f"{' '.join(uncovered)} {one_line(best.quote)}",)


def _items(question: str, retrieval: Retrieval, ranked: Sequence[Evidence]) -> Iterator[DraftStatement]:
    """The sentences that speak of what is asked for, in the order of the document, all of equal worth."""
    words = [word for word in retrieval.evidence.words if word not in retrieval.evidence.missing]
    in_order = sorted(ranked, key=lambda e: (e.passage.number, e.span.start_char))
    for piece in speaking_of(question, words, in_order):
        yield DraftStatement(_wording(piece.passage, piece.quote), (replace(piece, score=1.0),))


def _wording(passage: Passage, text: str) -> str:
    """How a sentence or a row of a passage is put to a person who does not see what stands around it."""
    if passage.kind == "text":
        return text
    return row_in_words(text, passage.header, passage.headings[-1] if passage.headings else "")


def _context(passage: Passage) -> str:
    return "\n".join(part for part in (*passage.headings, passage.header, passage.text) if part)


def _best_first(evidence: Evidence) -> tuple[float, str, int, int]:
    """Sort key: the score, and among equals the order of the document."""
    passage = evidence.passage
    return -evidence.score, passage.document_id, passage.page, evidence.span.start_char


def _distinct(evidence: Iterable[Evidence], n: int) -> list[Evidence]:
    """The first n with different wording: running text is often repeated in boxes and captions."""
    return list({one_line(e.quote).casefold(): e for e in reversed(list(evidence))}.values())[::-1][:n]
