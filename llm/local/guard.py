"""Before sparse attention is trusted at a length: does the model still find what was hidden, and cite the place?

At the first prompt of a length the model reads a haystack as long, with facts at several depths, and is asked for each
fact and for the number of its passage. Only questions that it answers densely on a short text count; a model that fails
most of them is read densely. The outcome is remembered, so this is paid for once for each model, length and policy.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from docqa.llm.base import Message

Verdict = Literal["sparse", "dense", "retrieval"]
"""Sparse attention finds what dense attention finds; it does not; neither does, so the text is too long."""

Ask = Callable[[Sequence[Message], bool], str]
"""From a prompt and whether to attend sparsely to the beginning of the reply."""

_NUMBER = "[0-9]+"
SHORT = 1024
SHORTEST = 4096

_FILLER = (
    "The committee met in the small hall and took note of the report without discussion.",
    "Rain fell in the valley for most of the week, and the lower road was closed to carts.",
    "Two of the carpenters were paid in advance, the others at the end of the month.",
    "A copy of the letter was placed in the archive beside the earlier correspondence.",
    "The harbour was quiet in the morning, and no vessel left before the tide had turned.",
    "New lamps were ordered for the reading room, as the old ones gave too little light.",
)
_FACTS = (
    ("The code of the north gate is {value}.", "What is the code of the north gate?"),
    ("The code of the mill cellar is {value}.", "What is the code of the mill cellar?"),
    ("The code of the tower room is {value}.", "What is the code of the tower room?"),
)


@dataclass(frozen=True, slots=True)
class Probes:
    """What is hidden in what; a model of another language may bring its own as `docqa_probes.json`.

    A fact is a sentence with `{value}` in it and the question for that value; `ask_value` and `ask_place` frame the
    question, with `{question}` in them. `value` and `place` are patterns that find the number in the reply, as their
    first group where they have one.
    """

    filler: tuple[str, ...] = _FILLER
    facts: tuple[tuple[str, str], ...] = _FACTS
    passage: str = "[{number}] {text}"
    ask_value: str = "{question} Reply with the code alone."
    ask_place: str = "{question} Reply with nothing but the number in brackets before the passage that says so."
    value: str = _NUMBER
    place: str = _NUMBER

    @classmethod
    def of(cls, model: str) -> Probes:
        """Those that lie in the model's folder, or ours."""
        path = Path(model) / "docqa_probes.json"
        if not path.is_file():
            return cls()
        given = json.loads(path.read_text(encoding="utf-8"))
        given["filler"] = tuple(given["filler"])
        given["facts"] = tuple((sentence, question) for sentence, question in given["facts"])
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, and the number that `pattern` has to find in the reply."""

    messages: tuple[Message, ...]
    expected: str
    pattern: str = _NUMBER


def questions(probes: Probes, n_tokens: int, count_tokens: Callable[[str], int], seed: int = 0) -> list[Question]:
    """A haystack of about so many tokens, and for each fact one question for its value and one for its passage."""
    chosen = random.Random(seed)
    passages = [_text(probes, chosen) for _ in range(max(2 * len(probes.facts), n_tokens // 8))]
    tried = _numbered(probes, passages[:50])
    n_passages = max(2 * len(probes.facts), int(0.95 * n_tokens * len(passages[:50]) / count_tokens(tried)))
    passages = passages[:n_passages]
    places = [(2 * i + 1) * len(passages) // (2 * len(probes.facts)) for i in range(len(probes.facts))]
    values = [str(chosen.randrange(10_000, 100_000)) for _ in probes.facts]
    for place, value, (sentence, _) in zip(places, values, probes.facts, strict=True):
        passages[place] = f"{passages[place]} {sentence.format(value=value)}"
    haystack = _numbered(probes, passages)
    asked = []
    for place, value, (_, question) in zip(places, values, probes.facts, strict=True):
        for frame, expected, pattern in (
            (probes.ask_value, value, probes.value),
            (probes.ask_place, str(place + 1), probes.place),
        ):
            content = f"{haystack}\n\n{frame.format(question=question)}"
            asked.append(Question((Message("user", content),), expected, pattern))
    return asked


def judged(probes: Probes, n_tokens: int, count_tokens: Callable[[str], int], ask: Ask) -> Verdict:
    """How prompts of this length are to be read."""
    short = questions(probes, SHORT, count_tokens)
    able = [i for i, question in enumerate(short) if _right(question, ask(question.messages, False))]
    if 2 * len(able) <= len(short):
        return "dense"  # the model cannot show what sparse attention would lose
    asked = questions(probes, n_tokens, count_tokens, seed=1)
    missed = [i for i in able if not _right(asked[i], ask(asked[i].messages, True))]
    if not missed:
        return "sparse"
    found_densely = [i for i in missed if _right(asked[i], ask(asked[i].messages, False))]
    if found_densely:
        return "dense"
    return "retrieval" if len(missed) == len(able) else "sparse"


def length_class(n_tokens: int, context_length: int) -> int:
    """The length at which a prompt is probed: the next power of two, from SHORTEST to what the model can read."""
    length = SHORTEST
    while length < n_tokens:
        length *= 2
    return min(length, context_length)


def _numbered(probes: Probes, passages: Sequence[str]) -> str:
    return "\n".join(probes.passage.format(number=i + 1, text=text) for i, text in enumerate(passages))


def _text(probes: Probes, chosen: random.Random) -> str:
    return " ".join(chosen.choice(probes.filler) for _ in range(3))


def _right(question: Question, reply: str) -> bool:
    """Whether the first number of the reply is the right one."""
    found = re.search(question.pattern, reply)
    return found is not None and found.group(found.lastindex or 0) == question.expected
