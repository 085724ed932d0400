"""Questions that follow each other: each is made to stand on its own before it is answered.

What was asked and answered is history and data; the documents stay the same for the whole conversation, and an answer
rests on them alone, never on an earlier answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docqa.answers import one_line
from docqa.errors import UsageError
from docqa.text import word_strings

SCHEMA = "docqa.conversation/1"
_N_SHOWN = 6  # turns that a rewriter sees
_MAX_CHARS = 400  # of one answer in the history
_POINTING = re.compile(
    r"\b(it|its|itself|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|same|"
    r"former|latter|above|else)\b",
    re.IGNORECASE,
)
_CONTINUING = re.compile(r"^\s*(and|but|or|so|also|what about|how about|why|when|where|who|how)\b[^.]{0,24}$", re.I)
_NAME = re.compile(r"(?<=[\w,;:)(“\"'’] )[“\"(]?[A-Z][\w.&'’-]*(?: [A-Z][\w.&'’-]*)*")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked, as it was understood, and the answer as text."""

    asked: str
    understood: str
    answer: str


Rewrite = Callable[[str, str], str]
"""From a question and the history as text to a question that stands on its own."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, over documents known by their ids."""

    document_ids: tuple[str, ...]
    turns: tuple[Turn, ...] = ()

    def understood(self, question: str, rewrite: Rewrite | None = None) -> str:
        """The question so that it stands on its own: rewritten by a model, or with the words that it points back to.

        Without a model a question that points back gets the subject of the last question behind it, which is all that a
        search needs: "And in 2019?" after "What was the revenue of Acme in 2020?" is understood as "And in 2019?
        (revenue Acme)".
        """
        if not self.turns:
            return question
        if rewrite is not None:
            return rewrite(question, self.history())
        if not (_POINTING.search(question) or _CONTINUING.match(question)):
            return question
        known = {word.casefold() for word in word_strings(question)}
        subject = [word for word in _subject(self.turns[-1]) if word.casefold() not in known]
        return f"{question} ({' '.join(subject)})" if subject else question

    def history(self) -> str:
        """The last turns as text."""
        lines = []
        for turn in self.turns[-_N_SHOWN:]:
            lines += [f"Question: {turn.understood}", f"Answer: {turn.answer[:_MAX_CHARS] or 'not found'}"]
        return "\n".join(lines)

    def with_turn(self, turn: Turn) -> Conversation:
        """The conversation one turn later."""
        return Conversation(self.document_ids, (*self.turns, turn))

    def to_json(self) -> dict[str, Any]:
        """The conversation as plain values, schema `docqa.conversation/1`."""
        turns = [{"asked": t.asked, "understood": t.understood, "answer": t.answer} for t in self.turns]
        return {"schema": SCHEMA, "documents": list(self.document_ids), "turns": turns}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conversation:
        """Read a conversation back; raises UsageError when it is not one."""
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise UsageError(f"this is not a saved conversation: expected an object with schema {SCHEMA!r}")
        try:
            turns = tuple(Turn(t["asked"], t["understood"], t["answer"]) for t in data["turns"])
            return cls(tuple(data["documents"]), turns)
        except (KeyError, TypeError) as error:
            raise UsageError(f"the saved conversation is damaged: {type(error).__name__} at {error}") from error


def _subject(turn: Turn) -> Sequence[str]:
    """The words of a question that say what it is about: names and long words, in order, each once."""
    text = one_line(turn.understood)
    names = {word for match in _NAME.findall(text) for word in word_strings(match)}
    words = [word for word in word_strings(text) if word in names or (len(word) > 3 and word.casefold() not in _ASKING)]
    return list(dict.fromkeys(words))


_ASKING = frozenset(
    "what when where which whom whose does have been were will would could should about with from that this these "
    "those there their they then than into much many long often tell give show list name "
    "explain describe compare".split()
)
