"""The four skills without a language model: it chooses sentences of the document and writes none itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from docqa.agents.comparing import evidence_for, sides_of
from docqa.agents.explaining import announced_by, by_reasons, reason_in, steps_from
from docqa.agents.extractive_summary import central
from docqa.agents.items import speaking_of
from docqa.agents.questions import asks_for_heading, asks_for_source, kind_of, says_nothing_new
from docqa.agents.reasoner import Abstention, Draft, DraftStatement, Evidence, Notes, Plan, QuestionKind
from docqa.answers import Support, one_line
from docqa.documents import Document, Passage, Span
from docqa.llm.exact_checks import changed_details
from docqa.llm.reader import Candidate, EvidenceReader
from docqa.retrieval.headings import is_like_names, is_reference, is_surely_heading
from docqa.retrieval.places import is_author, is_of_itself, is_title, without_place
from docqa.retrieval.retriever import Hit, Retrieval

_ONLY_QUOTED: dict[QuestionKind, str] = {
    "summary": "The question asks for a summary",
    "comparison": "The question asks for a comparison",
    "aggregation": "The question asks for a count or a list over the whole document",
    "reason": "The question asks for an explanation",
}
_REMARK = (
    "without a language model docqa only quotes the sentences that bear on it; --model openai:NAME gives an answer in "
    "other words"
)
_DOUBT = "The document may not answer this: what is quoted comes nearest to the question."
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_N_TOP = 12  # lines of a first page that may be its title or names its authors
_NEXT_LINE = 0.8  # of the worth of the line above, where a title is looked for
_NO_SUBJECTS: Mapping[str, str] = MappingProxyType({})
_QUOTATION = Support("supports", 1.0, "quotation")


@dataclass(frozen=True, slots=True)
class EmbeddedReasoner:
    """Answers with one to `max_statements` quoted sentences, the best first; a summary takes `summary_sentences`.

    A sentence after the first is quoted when its score is at least `min_share` of the best one's, or `doubtful_share`
    where none may be the answer: then a person wants to see more of what comes near. `n_nearest` passages are pointed
    at when nothing answers. Of each turn the `n_read` best passages are read (measured, later ones change nothing),
    and `n_carried` of their sentences compete with those of the next turn. What names the subject and says nothing of
    it counts for `empty_share` of its score: an entry of a list of references where no source is asked for, a sentence
    with no word but the question's.
    """

    reader: EvidenceReader
    max_statements: int = 3
    min_share: float = 0.5
    doubtful_share: float = 0.1
    n_nearest: int = 3
    n_read: int = 6
    n_carried: int = 12
    empty_share: float = 0.1
    summary_sentences: int = 10

    def plan(self, question: str, documents: Sequence[Document]) -> Plan:
        """The kind of the question by its words; a comparison is looked for side by side, else the question is all."""
        kind = kind_of(question)
        sides = sides_of(question) if kind == "comparison" else ()
        return Plan(kind, (question, *(side.query for side in sides)))

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        """Rank the sentences of the passages and add them to the notes."""
        kind = notes.kind if notes.kind == "aggregation" else kind_of(question)
        notes = replace(notes, within=notes.within or retrieval.within)
        question = without_place(question) if notes.within else question
        if kind == "summary":  # everything counts, in the order of the text, and nothing is ranked
            found = [e for hit in retrieval.hits for e in _in_order(hit)]
            return replace(notes, evidence=(*notes.evidence, *found), coverage=1.0, answerable=True)
        if notes.kind == "aggregation":
            found = [e for hit in retrieval.hits for e in _in_order(hit)]
            return replace(notes, items=(*notes.items, *_items(question, retrieval, found)))
        best = sorted(retrieval.hits, key=lambda hit: _to_be_read(question, hit))[: self.n_read]
        subjects = retrieval.evidence.subjects
        candidates = candidates_of(best, subjects)
        found = [Evidence(hit.passage, sentence.span, sentence.score) for hit in best for sentence in hit.sentences]
        ranked = self._ranked(question, found, candidates)
        coverage = retrieval.evidence.coverage
        answerable = bool(ranked) and is_of_itself(question)
        answerable = answerable or self.reader.answerable(question, candidates, coverage)
        was_certain = notes.answerable and not notes.doubtful
        return replace(
            notes,
            evidence=self._joined(question, notes.evidence, ranked, subjects),
            coverage=max(notes.coverage, coverage),
            answerable=notes.answerable or answerable,
            doubtful=not was_certain
            and (not self.reader.certain(question, candidates, coverage) or _is_of_another_year(question, ranked)),
            absent=() if kind == "comparison" else tuple(dict.fromkeys((*notes.absent, *retrieval.evidence.absent))),
            open_questions=() if notes.within else _follow_up(retrieval, ranked),
        )

    def _ranked(self, question: str, found: Sequence[Evidence], candidates: Sequence[Candidate]) -> list[Evidence]:
        """The sentences, which are the candidates, with what each is worth as an answer."""
        scores = self.reader.rank(question, candidates)
        ranked = [replace(e, score=score) for e, score in zip(found, scores, strict=True)]
        if is_title(question):
            return _from_the_top(ranked)
        if is_author(question):
            return _from_the_top([e for e in _top(ranked) if is_like_names(one_line(e.quote))] or ranked)
        if not asks_for_heading(question):
            ranked = _below_headings(ranked)
        takes_references = asks_for_source(question)
        return [
            replace(e, score=self.empty_share * e.score)
            if says_nothing_new(question, e.quote)
            or (not takes_references and is_reference(one_line(e.quote), e.passage.headings))
            else e
            for e in ranked
        ]

    def _joined(
        self, question: str, before: Sequence[Evidence], new: Sequence[Evidence], subjects: Mapping[str, str]
    ) -> tuple[Evidence, ...]:
        """Best first. What was ranked at different times is ranked again together: a reader may grade on a curve."""
        new = sorted(new, key=_best_first)
        if not before:
            return tuple(new)
        places = {(e.passage.document_id, e.passage.page, e.span): e for e in (*before, *new[: self.n_carried])}
        joint = sorted(places.values(), key=_best_first)[: 2 * self.n_carried]
        candidates = [Candidate(e.quote, _context(e.passage, subjects), e.score) for e in joint]
        return tuple(sorted(self._ranked(question, joint, candidates), key=_best_first))

    def compose(self, question: str, notes: Notes) -> Draft:
        """Quote the best sentences, or abstain when the evidence does not bear on the question."""
        kind = kind_of(question)
        question = without_place(question) if notes.within else question
        if not notes.answerable or not notes.evidence or notes.absent:
            return Draft(abstention=self._abstention(question, notes))
        statements = self._statements(question, kind, notes)
        if not statements:
            return Draft(abstention=self._abstention(question, notes))
        if kind in _ONLY_QUOTED:
            return Draft(statements, warnings=(f"{_ONLY_QUOTED[kind]}; {_REMARK}.",))
        return Draft(statements, warnings=(_DOUBT,) if notes.doubtful else ())

    def _statements(self, question: str, kind: QuestionKind, notes: Notes) -> tuple[DraftStatement, ...]:
        evidence = notes.evidence
        if kind == "summary":
            is_short = bool(notes.within) and len(evidence) <= self.summary_sentences
            return tuple(map(_quoted, evidence if is_short else central(evidence, question, self.summary_sentences)))
        if kind == "comparison":
            compared = self._compared(question, evidence)
            if compared:
                return compared
        if kind == "reason":
            return self._explained(question, evidence)
        chosen = self._chosen(evidence, self.doubtful_share if notes.doubtful else self.min_share)
        chosen = (announced_by(chosen[0]) if chosen else []) or chosen
        spans = self.reader.find_spans(question, [e.quote for e in chosen])
        return tuple(
            _quoted(e, span if e.passage.kind == "text" else None) for e, span in zip(chosen, spans, strict=True)
        )

    def _compared(self, question: str, evidence: Sequence[Evidence]) -> tuple[DraftStatement, ...]:
        """The best sentences for one side, then for the other, each under its name; empty without two sides."""
        sides = sides_of(question)
        if not sides:
            return ()
        strong = [e for e in evidence if e.score > 0]
        n = max(1, self.max_statements // 2)
        found = [
            _distinct(evidence_for(side, other, strong, 2 * n), n)
            for side, other in zip(sides, sides[::-1], strict=True)
        ]
        if not all(found):
            return ()
        if found[0][0] == found[1][0]:  # a row or a sentence that speaks of both
            return (_quoted(found[0][0]),)
        return tuple(
            DraftStatement(f"{side.name}: {_wording(e.passage, e.quote)}", (e,), _QUOTATION)
            for side, pieces in zip(sides, found, strict=True)
            for e in pieces
        )

    def _explained(self, question: str, evidence: Sequence[Evidence]) -> tuple[DraftStatement, ...]:
        """Sentences that give reasons or steps before their equals; steps are quoted to their end."""
        chosen = self._chosen(by_reasons(question, [e for e in evidence if e.score > 0]), self.min_share)
        steps = steps_from(chosen[0]) if chosen else []
        return tuple(_quoted(e, reason_in(e.quote)) for e in steps or chosen)

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        """Quotation and table rows bear themselves out; anything else is the reader's judgement."""
        rows = ((passage, line) for passage in passages for line in passage.text.split("\n") if "\t" in line)
        if any(claim == _wording(passage, row) for passage, row in rows):
            return Support("supports", 1.0, "table row")
        return self.reader.supports(claim, "\n".join(passage.text for passage in passages))

    def _chosen(self, evidence: Sequence[Evidence], min_share: float) -> list[Evidence]:
        """The best sentences whose scores hold up against the best one, each wording once."""
        best = evidence[0].score if evidence else 0.0
        strong = [e for e in evidence if e.score > 0 and e.score >= min_share * best]
        return _distinct(strong, self.max_statements)

    def _abstention(self, question: str, notes: Notes) -> Abstention:
        """Say why, and point to the best sentence of each of the best passages."""
        if notes.within and not notes.evidence:
            return Abstention(f"Not found: there is no text {notes.within}.")
        if notes.coverage == 0 and not notes.within:
            return Abstention("Not found: none of the words that the question is about occurs.")
        best = {e.passage.id: e for e in reversed([e for e in notes.evidence if e.score > 0])}
        nearest = _distinct(sorted(best.values(), key=_best_first), self.n_nearest)
        if notes.absent:
            named = " and ".join(f"“{code}”" for code in notes.absent)
            return Abstention(f"Not found: {named} stands nowhere in what was searched.", tuple(nearest))
        missing = changed_details(question, "\n".join(_context(e.passage) for e in nearest))
        if nearest and missing:
            named = ", ".join(f"“{name}”" for name in dict.fromkeys(missing))
            return Abstention(f"Not found: the nearest passages do not speak of {named}.", tuple(nearest))
        passage = f"passage {notes.within}" if notes.within else "passage"
        return Abstention(f"Not found: no {passage} answers the question, as far as docqa can tell.", tuple(nearest))


def candidates_of(hits: Sequence[Hit], subjects: Mapping[str, str] = _NO_SUBJECTS) -> list[Candidate]:
    """Every sentence of retrieved passages, as a reader judges them; `subjects` are what documents are about."""
    return [
        Candidate(Evidence(hit.passage, s.span, s.score).quote, _context(hit.passage, subjects), s.score, s.cosine)
        for hit in hits
        for s in hit.sentences
    ]


def _is_of_another_year(question: str, ranked: Sequence[Evidence]) -> bool:
    """Whether years are asked for and the best sentence stands among others, and none of those."""
    best = max(ranked, key=lambda e: e.score, default=None)
    asked = set(_YEAR.findall(question))
    around = set(_YEAR.findall(_context(best.passage))) if best else set()
    return bool(asked and around) and not asked & around


def _to_be_read(question: str, hit: Hit) -> tuple[bool, float]:
    """Sort key of a hit: what is worth reading first. A title stands at the top, references wait for the rest."""
    if is_title(question) or is_author(question):
        return False, hit.passage.number
    waits = not asks_for_source(question) and is_reference(one_line(hit.passage.text), hit.passage.headings)
    return waits, -hit.score


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


def _below_headings(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The sentences without headings: a heading says where to read, so the best sentence below it takes its score.

    The heading of a passage that has nothing else stays.
    """
    headings = [e for e in ranked if _is_heading(one_line(e.quote), e.passage)]
    best: dict[str, Evidence] = {}
    for e in sorted((e for e in ranked if e not in headings), key=_best_first):
        best.setdefault(e.passage.id, e)
    raised = {best[e.passage.id]: e.score for e in sorted(headings, key=lambda e: e.score) if e.passage.id in best}
    kept = [e for e in ranked if e not in headings or e.passage.id not in best]
    return [replace(e, score=max(e.score, raised.get(e, e.score))) for e in kept]


def _top(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The first dozen in the order of the text."""
    return sorted(evidence, key=lambda e: (e.passage.number, e.span.start_char))[:_N_TOP]


def _from_the_top(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence in the order of the text, the first best: a title stands at the top, in whatever words."""
    return [replace(e, score=_NEXT_LINE**i) for i, e in enumerate(_top(evidence))]


def _is_heading(line: str, passage: Passage) -> bool:
    return line in map(one_line, passage.headings) or is_surely_heading(line)


def _follow_up(retrieval: Retrieval, ranked: Sequence[Evidence]) -> tuple[str, ...]:
    """What the best passage leaves open: the question's other words, sought together with the best sentence's."""
    uncovered = retrieval.evidence.uncovered
    best = max(ranked, key=lambda e: e.score, default=None)
    if not uncovered or best is None or best.score <= 0:
        return ()
    return (f"{' '.join(uncovered)} {one_line(best.quote)}",)


def _items(question: str, retrieval: Retrieval, found: Sequence[Evidence]) -> Iterator[DraftStatement]:
    """The sentences that speak of what is asked for, in the order of the document, all of equal worth."""
    words = [word for word in retrieval.evidence.words if word not in retrieval.evidence.missing]
    in_order = sorted(found, key=lambda e: (e.passage.number, e.span.start_char))
    for piece in speaking_of(question, words, in_order):
        yield DraftStatement(_wording(piece.passage, piece.quote), (replace(piece, score=1.0),))


def _in_order(hit: Hit) -> list[Evidence]:
    """The sentences of a passage in the order of the page."""
    return [Evidence(hit.passage, s.span, s.score) for s in sorted(hit.sentences, key=lambda s: s.span.start_char)]


def _quoted(evidence: Evidence, span: Span | None = None) -> DraftStatement:
    """The sentence as a statement; `span` are the characters of it that answer."""
    wording = _wording(evidence.passage, evidence.quote)
    marked = span if span is not None and wording == evidence.quote and span.start_char < span.end_char else None
    return DraftStatement(wording, (evidence,), emphasis=marked)


def _wording(passage: Passage, text: str) -> str:
    """How a sentence or a row of a passage is put to a person who does not see what stands around it."""
    if passage.kind == "text":
        return text
    return row_in_words(text, passage.header, passage.headings[-1] if passage.headings else "")


def _context(passage: Passage, subjects: Mapping[str, str] = _NO_SUBJECTS) -> str:
    below = "\n".join(part for part in (*passage.headings, passage.header, passage.text) if part)
    above = [name for name in subjects.get(passage.document_id, "").split() if name not in below]
    return f"{' '.join(above)}\n{below}" if above else below


def _best_first(evidence: Evidence) -> tuple[float, str, int, int]:
    """Sort key: the score, and among equals the order of the document."""
    passage = evidence.passage
    return -evidence.score, passage.document_id, passage.page, evidence.span.start_char


def _distinct(evidence: Iterable[Evidence], n: int) -> list[Evidence]:
    """The first n with different wording: running text is often repeated in boxes and captions."""
    return list({one_line(e.quote).casefold(): e for e in reversed(list(evidence))}.values())[::-1][:n]
