"""The four skills with a language model: prompts out, typed replies in, evidence always chosen by number.

A model can name a wrong sentence but cannot invent one: whatever it cites is a sentence that it was just shown. A reply
that cannot be used is asked for once more and counted; after that the step gives what it honestly can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from docqa.agents import parsing, prompts
from docqa.agents.chunks import Window
from docqa.agents.meter import Meter
from docqa.agents.questions import kind_of
from docqa.agents.reasoner import Abstention, Draft, DraftStatement, Evidence, Notes, Plan, Reasoner
from docqa.agents.sources import (
    Names,
    Sources,
    heading_line,
    lay_out,
    numbered_line,
    premise,
    sentences_in,
    sentences_of,
)
from docqa.agents.voting import evidence_of, most_agreed
from docqa.answers import Support, one_line
from docqa.documents import Document, Passage, Span
from docqa.errors import UNUSABLE, MalformedReply, NoCompletion, UsageError
from docqa.llm.base import LLM, Message, Schema
from docqa.llm.reader import ClaimJudge
from docqa.retrieval.retriever import Retrieval

T = TypeVar("T")

_MAX_OPEN_QUESTIONS = 5
_N_NEAREST = 3
_N_QUOTED = 3
_LISTING_TOKENS = 2_000  # of names of documents
_ORIENTING_TOKENS = 4_000  # of evidence, for a model that is to say what it would like to know


@dataclass(frozen=True, slots=True)
class LLMReasoner:
    """Plans, gathers, composes and judges with `llm`.

    `judge` decides whether statements are borne out, without a call; the model itself does when there is none. `window`
    is what one worker's turn may take; what it keeps for the reply is the model's own limit. `names` tell several
    documents apart.
    """

    llm: LLM
    judge: ClaimJudge | None = None
    meter: Meter = field(default_factory=Meter)
    window: Window = field(default_factory=Window)
    names: Names = field(default_factory=dict)

    def plan(self, question: str, documents: Sequence[Document]) -> Plan:
        """The model's plan; the question itself stays the first query whatever it says."""
        listed = self._listed(documents, min(_LISTING_TOKENS, self.capacity(question)))
        found = self._ask(prompts.plan(question, listed), parsing.PLAN, parsing.planned)
        if found is None:
            return Plan(kind_of(question), (question,))
        return Plan(found.kind, tuple(dict.fromkeys((question, *found.queries))))

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        """A worker's turn: sentences of these passages by number, and notes brought up to date."""
        sources = self._laid_out(sentences_in(retrieval))
        if not sources.evidence:
            return notes
        if notes.kind == "aggregation":
            return self._collect(question, sources, notes)
        messages = prompts.work(question, sources.text, self._unit(notes))
        found = self._ask(messages, parsing.WORK, parsing.worked)
        if found is None:
            return replace(notes, n_unread=notes.n_unread + 1)
        evidence = _graded(sources.at(found.numbers))
        return replace(
            notes,
            evidence=_joined(notes.evidence, evidence),
            answerable=notes.answerable or bool(evidence),
            partial_answer=found.partial_answer or notes.partial_answer,
            open_questions=found.open_questions[:_MAX_OPEN_QUESTIONS],
        )

    def compose(self, question: str, notes: Notes) -> Draft:
        """The manager's turn: statements whose evidence is named by number, or an abstention.

        Where the manager's replies are of no use, what workers have found is quoted; raises a leaf of ModelError where
        there is none, as nobody has said then that the documents do not answer.
        """
        room = self.capacity(question) - self.unit_tokens
        sources = self._laid_out(self._that_fits(notes.evidence, room))
        if notes.evidence and not sources.evidence:
            raise UsageError(
                f"the question leaves {max(0, room)} of the {self.llm.context_length} tokens of {self.llm.name} for "
                "the documents; ask a shorter question or take a model with a longer context"
            )
        if not sources.evidence:
            return Draft(abstention=Abstention("Not found: nothing that was read bears on the question."))
        messages = prompts.answer(question, sources.text, self._unit(replace(notes, evidence=())))
        parse = partial(parsing.composed, n_sentences=len(sources.evidence))
        found = self._ask(messages, parsing.ANSWER, parse)
        if found is None:
            return self._unworded(notes)
        statements = (DraftStatement(s.text, sources.at(s.numbers)) for s in found.statements)
        proved = tuple(statement for statement in statements if statement.evidence)
        n_left_out = len(notes.evidence) - len(sources.evidence)
        if proved:
            warning = f"{n_left_out} of {len(notes.evidence)} sentences that were found did not fit the model's window."
            return Draft(proved, warnings=(warning,) if n_left_out else ())
        reason = found.reason or "the sentences that were found do not answer the question."
        return Draft(abstention=Abstention(f"Not found: {reason}", notes.evidence[:_N_NEAREST]))

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        """The judge's verdict, or the model's own where there is no judge.

        Raises a leaf of ModelError when its replies are of no use: then nobody has judged.
        """
        if self.judge is not None:
            return self.judge.supports(claim, "\n".join(premise(passage, self.names) for passage in passages))
        sources = self._laid_out([piece for passage in passages for piece in sentences_of(passage)])
        label = self._ask(prompts.judge(claim, sources.text), parsing.VERDICT, parsing.verdict)
        if label is None:
            raise self.meter.fault
        return Support(label, {"supports": 1.0, "partly": 0.5}.get(label, 0.0), self.llm.name)

    def choose(self, question: str, drafts: Sequence[Draft]) -> int:
        """The draft to take, counted from 0; by vote when the model's reply is of no use."""
        evidence = tuple(dict.fromkeys(piece for draft in drafts for piece in evidence_of(draft)))
        sources = self._laid_out(self._that_fits(evidence, self.capacity(question) - self.unit_tokens))
        answers = "\n".join(f"Answer {n}: {_told(draft, sources)}" for n, draft in enumerate(drafts, start=1))
        messages = prompts.choose(question, sources.text, answers)
        found = self._ask(messages, parsing.CHOICE, partial(parsing.chosen, n_answers=len(drafts)))
        return most_agreed(question, drafts) if found is None else found

    def clarifying_question(self, question: str, notes: Notes) -> str:
        """What the model would like to know first, in view of the best evidence so far; "" for nothing."""
        sources = self._laid_out(self._that_fits(notes.evidence, min(_ORIENTING_TOKENS, self.capacity(question))))
        messages = prompts.clarify(question, sources.text, self._unit(replace(notes, evidence=())))
        return self._ask(messages, parsing.QUESTION, parsing.asked) or ""

    def point_back(self, question: str, retrieval: Retrieval) -> Notes:
        """The sentences of the paragraphs that the model points to, and what they say; none where it points nowhere."""
        whole = [Evidence(h.passage, Span(h.passage.start_char, h.passage.end_char), h.score) for h in retrieval.hits]
        sources = self._laid_out(self._that_fits(whole, self.capacity(question)))
        found = self._ask(prompts.point_back(question, sources.text), parsing.POINTED, parsing.pointed)
        pointed = sources.at(found.numbers) if found else ()
        if not found or not pointed:
            return Notes()
        evidence = _certain([piece for paragraph in pointed for piece in sentences_of(paragraph.passage)])
        known = f"{question} {found.answer}" if found.answer else ""
        return Notes(evidence, answerable=True, partial_answer=known)

    def rewrite(self, question: str, history: str) -> str:
        """A follow-up question so that it stands on its own; as it is when the model does not manage."""
        return self._ask(prompts.rewrite(question, history), parsing.QUESTION, parsing.rewritten) or question

    @property
    def window_size(self) -> int:
        """Tokens that one worker's turn may take, prompt and reply included."""
        return min(self.window.size, self.llm.context_length)

    @property
    def unit_tokens(self) -> int:
        """What the communication unit may take of a worker's turn; of a small window an eighth."""
        return min(self.window.unit, self.window_size // 8)

    def room(self, question: str) -> int:
        """Tokens of document text that fit in one worker's turn."""
        return self._window(self.window_size).room(*self._fixed_tokens(question, prompts.work(question, "", "")))

    def capacity(self, question: str) -> int:
        """Tokens of document text that the model can take at once, when it answers from all of it."""
        fixed = self._fixed_tokens(question, prompts.answer(question, "", ""))
        return replace(self._window(self.llm.context_length), unit=0).room(*fixed)

    def _unworded(self, notes: Notes) -> Draft:
        """What can be said when the manager's replies were of no use: the evidence that workers chose."""
        if not notes.answerable:
            raise self.meter.fault
        warning = f"the replies of {self.llm.name} could not be used; docqa quotes what was found."
        return Draft(quoted(notes.evidence[:_N_QUOTED]), warnings=(warning,))

    def _window(self, size: int) -> Window:
        size, output = min(size, self.llm.context_length), self.llm.max_output_tokens
        return replace(self.window, size=size, unit=self.unit_tokens, output=output)

    def _fixed_tokens(self, question: str, messages: Sequence[Message]) -> tuple[int, int]:
        n_question = self.llm.count_tokens(question)
        return n_question, max(0, self._tokens(messages) - n_question)

    def _collect(self, question: str, sources: Sources, notes: Notes) -> Notes:
        found = self._ask(prompts.collect(question, sources.text), parsing.ITEMS, parsing.collected)
        if found is None:
            return replace(notes, n_unread=notes.n_unread + 1)
        items = tuple(DraftStatement(item.text, _certain(sources.at(item.numbers))) for item in found)
        kept = tuple(item for item in items if item.evidence)
        return replace(notes, items=(*notes.items, *kept), answerable=notes.answerable or bool(kept))

    def _unit(self, notes: Notes) -> str:
        """The communication unit: the answer so far, what is open, and of the quotes the latest that still fit."""
        budget = self.unit_tokens
        lines = []
        for line in (
            self._cut(f"Known so far: {notes.partial_answer}", budget) if notes.partial_answer else "",
            *(f"Still open: {question}" for question in notes.open_questions),
        ):
            if line and (cost := self.llm.count_tokens(line + "\n")) <= budget:
                lines.append(line)
                budget -= cost
        quotes: list[str] = []
        for piece in reversed(notes.evidence):
            line = f"Quote, part {piece.passage.page + 1}: {one_line(piece.quote)}"
            budget -= self.llm.count_tokens(line + "\n")
            if budget < 0:
                break
            quotes.append(line)
        return "\n".join([*lines, *reversed(quotes)])

    def _listed(self, documents: Sequence[Document], budget: int) -> str:
        """The documents by name, length and language, a line for each, as far as so many tokens go."""
        lines: list[str] = []
        for document in documents:
            language = f", language {document.language}" if document.language else ""
            line = f"- {one_line(document.name)}, {len(document.pages)} parts{language}"
            budget -= self.llm.count_tokens(line + "\n")
            if budget < 0:
                return "\n".join([*lines, f"- and {len(documents) - len(lines)} more"])
            lines.append(line)
        return "\n".join(lines)

    def _cut(self, line: str, n_tokens: int) -> str:
        """The beginning of a line, to a whole word, that has fewer than so many tokens; a model may write on and on."""
        words = line.split(" ")
        while words and self.llm.count_tokens(" ".join(words) + "\n") > n_tokens:
            words = words[: len(words) * 9 // 10]
        return " ".join(words)

    def _laid_out(self, evidence: Sequence[Evidence]) -> Sources:
        return lay_out(evidence, self.names)

    def _that_fits(self, evidence: Sequence[Evidence], budget: int) -> Sequence[Evidence]:
        """As much of the evidence as so many tokens hold: the best of it, in the order in which it came."""
        used, n_best, headings = 0, 0, set[str]()
        by_worth = sorted(range(len(evidence)), key=lambda number: -evidence[number].score)
        for number in by_worth:
            here = heading_line(evidence[number].passage, self.names)
            heading = "" if here in headings else here + "\n"
            headings.add(here)
            used += self.llm.count_tokens(heading + numbered_line(number + 1, evidence[number].quote) + "\n")
            if used > budget:
                break
            n_best += 1
        chosen = [evidence[number] for number in sorted(by_worth[:n_best])]
        while (
            n_best and self.llm.count_tokens(self._laid_out(chosen).text) > budget
        ):  # a heading that had to be repeated
            n_best -= 1
            chosen = [evidence[number] for number in sorted(by_worth[:n_best])]
        return chosen

    def _ask(self, messages: Sequence[Message], schema: Schema, parse: Callable[[Mapping[str, Any]], T]) -> T | None:
        """The reply as a type, asked for again when it follows the schema and still makes no sense; None after that.

        Raises NoCompletion for a server that is none: that is no matter of a model's form.
        """
        for _ in range(2):
            try:
                completion = self.llm.complete(messages, schema)
            except NoCompletion:
                raise
            except UNUSABLE as error:  # the model was already asked again for the form
                self.meter.add_malformed(error)
                return None
            try:
                return parse(parsing.data_of(completion))
            except parsing.UnusableReply as problem:
                self.meter.add_malformed(MalformedReply(f"a reply of {self.llm.name} made no sense: {problem}"))
                messages = prompts.repair(messages, completion.text, str(problem))
        return None

    def _tokens(self, messages: Sequence[Message]) -> int:
        return sum(self.llm.count_tokens(message.content) for message in messages)


def of_language_model(reasoner: Reasoner, what: str) -> LLMReasoner:
    """The reasoner, if it is a language model's; raises UsageError otherwise: `what` needs one."""
    if not isinstance(reasoner, LLMReasoner):
        raise UsageError(f"{what} needs a language model; choose one with --model")
    return reasoner


def quoted(evidence: Sequence[Evidence]) -> tuple[DraftStatement, ...]:
    """Evidence as statements of its own: what can be shown when nobody can word an answer."""
    return tuple(DraftStatement(piece.quote, (piece,)) for piece in evidence)


def _told(draft: Draft, sources: Sources) -> str:
    """An answer on one line, each statement with the numbers of its sentences."""
    if not draft.statements:
        return one_line(draft.abstention.reason if draft.abstention else "Not found.")
    return " ".join(f"{one_line(s.text)} {sources.numbers_of(s.evidence)}".rstrip() for s in draft.statements)


def _graded(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence in the order in which a model has named it, most helpful first: so much is the n-th of a part worth."""
    return tuple(replace(piece, score=1.0 / rank) for rank, piece in enumerate(evidence, start=1))


def _certain(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence that a model has named: it gives no grades."""
    return tuple(replace(piece, score=1.0) for piece in evidence)


def _joined(before: Sequence[Evidence], new: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Both, each sentence once."""
    return tuple({(e.passage.document_id, e.passage.page, e.span): e for e in (*before, *new)}.values())
