"""The four skills that every strategy is written against, with or without a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from docqa.answers import Support
from docqa.documents import Document, Passage, Span
from docqa.retrieval.retriever import Retrieval

QuestionKind = Literal["fact", "comparison", "aggregation", "summary", "reason", "location"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What kind of question it is and what has to be looked for; one query is the question itself."""

    kind: QuestionKind
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a passage that bears on the question; `score` is comparable within one question."""

    passage: Passage
    span: Span
    score: float

    @property
    def quote(self) -> str:
        """The sentence, exactly as the page has it."""
        return self.passage.text[
            self.span.start_char - self.passage.start_char : self.span.end_char - self.passage.start_char
        ]


COUNT = "{count}"
"""In a statement that docqa counted: the number of the draft's other statements that hold when all are checked."""


@dataclass(frozen=True, slots=True)
class DraftStatement:
    """A sentence of the answer with the evidence it rests on, not yet checked.

    `support` is set where docqa itself knows that the statement holds (it counted), and then no judge is asked.
    `emphasis` are the characters of the text that answer the question.
    """

    text: str
    evidence: tuple[Evidence, ...]
    support: Support | None = None
    emphasis: Span | None = None

    @property
    def is_count(self) -> bool:
        """Whether it says how many others there are, and rests on what they rest on."""
        return self.support is not None and COUNT in self.text


@dataclass(frozen=True, slots=True)
class Notes:
    """What has been gathered so far: evidence in order of worth, and whether it can carry an answer.

    This is what one worker hands to the next (the communication unit of Chain-of-Agents, typed). `coverage` is the
    share of the question's words, weighted by rarity, that one passage holds, from 0 to 1. `partial_answer` and
    `open_questions` are a model's words and prove nothing; `open_questions` serve as follow-up queries. Where `kind` is
    "aggregation" workers collect `items` instead, each with its own evidence. `doubtful` says that the evidence passes
    for an answer and may well be none. `within` says to which pages or sections the search was limited.
    `absent` are numbers and codes of the question that stand nowhere in the documents. `n_unread` counts the turns that
    came to nothing because the worker's replies were of no use.
    """

    evidence: tuple[Evidence, ...] = ()
    coverage: float = 0.0
    answerable: bool = False
    doubtful: bool = False
    partial_answer: str = ""
    open_questions: tuple[str, ...] = ()
    kind: QuestionKind = "fact"
    within: str = ""
    absent: tuple[str, ...] = ()
    items: tuple[DraftStatement, ...] = ()
    n_unread: int = 0


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why there is no answer, with the evidence that came nearest."""

    reason: str
    nearest: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before its citations are checked: statements, or an abstention when there are none."""

    statements: tuple[DraftStatement, ...] = ()
    abstention: Abstention | None = None
    warnings: tuple[str, ...] = ()


class Reasoner(Protocol):
    """Plans, gathers, composes and judges. Strategies call these four and nothing else."""

    def plan(self, question: str, documents: Sequence[Document]) -> Plan:
        """Say what kind of question it is and what to look for."""
        ...

    def gather(self, question: str, retrieval: Retrieval, notes: Notes) -> Notes:
        """A worker's turn: read the passages and add what bears on the question to the notes."""
        ...

    def compose(self, question: str, notes: Notes) -> Draft:
        """The manager's turn: statements with their evidence, or an abstention."""
        ...

    def supports(self, claim: str, passages: Sequence[Passage]) -> Support:
        """Whether the passages bear the claim out."""
        ...
