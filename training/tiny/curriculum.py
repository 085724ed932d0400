"""What is trained when: short texts first, one look-up before several, docqa's own forms of reply last."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.tiny.conversations import Conversation, answer, plain, work
from training.tiny.documents import Shape
from training.tiny.sequences import Reply

LENGTHS = (96, 144, 216, 324, 486, 729, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12_288, 16_384)
ONE_LOOK_UP = {"find": 1.0}
ALL = {"find": 0.3, "follow": 0.45, "count": 0.25}
BARS = {"find": 0.97, "follow": 0.95, "count": 0.9}
_FORMS_FROM = 1536
_MOST_LINES = 960  # the numbers of lines are one token up to 999
_LONGEST_FORM = 3072


@dataclass(slots=True)
class Progress:
    """How far a training is: the length, whether all tasks and all forms have begun, and the latest outcomes by task.

    A text gets longer when of the latest `window` replies of each task the share in BARS was right in every token.
    """

    window: int = 240

    level: int = 0
    all_tasks: bool = False
    forms: bool = False
    outcomes: dict[str, deque[bool]] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Tokens of a row."""
        return LENGTHS[self.level]

    def accuracy(self) -> dict[str, float]:
        """Of the latest replies of each task that has enough of them at this length."""
        return {t: sum(o) / len(o) for t, o in sorted(self.outcomes.items()) if len(o) >= self.window // 2}

    def take(self, outcomes: Iterable[tuple[Reply, bool]]) -> None:
        """Note how replies came out, and go on to what is harder when everything begun has been learned."""
        for reply, right in outcomes:
            self.outcomes.setdefault(reply.task, deque(maxlen=self.window)).append(right)
        found = self.accuracy()
        begun = ALL if self.all_tasks else ONE_LOOK_UP
        if any(found.get(task, 0.0) < BARS[task] for task in begun):
            return
        if not self.all_tasks:
            self.all_tasks = True
        else:
            self.forms = self.forms or self.length >= _FORMS_FROM
            if self.level + 1 == len(LENGTHS):
                return
            self.level += 1
        for task in begun:
            self.outcomes[task].clear()

    def go_on_at(self, length: int) -> None:
        """Take texts of a length in LENGTHS, whatever has been learned."""
        self.level = LENGTHS.index(length)
        self.outcomes.clear()

    def state(self) -> dict[str, Any]:
        """Everything that a later run needs."""
        kept = {task: list(outcomes) for task, outcomes in self.outcomes.items()}
        return {"level": self.level, "all_tasks": self.all_tasks, "forms": self.forms, "outcomes": kept}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.level, self.all_tasks, self.forms = state["level"], state["all_tasks"], state["forms"]
        self.outcomes = {task: deque(kept, maxlen=self.window) for task, kept in state["outcomes"].items()}


def conversations(progress: Progress, n_tokens: int, chance: random.Random) -> tuple[list[Conversation], int]:
    """About so many tokens of conversations, and the length that their rows may have.

    Three in ten steps are in docqa's own forms once these have begun, six in ten when the texts have reached their full
    length. Two in five of the others may be shorter than the length that has been reached, so that it is not forgotten.
    """
    share_of_forms = 0.6 if progress.level + 1 == len(LENGTHS) else 0.3
    if progress.forms and chance.random() < share_of_forms:
        length = chance.choice([n for n in LENGTHS[1:] if n <= min(progress.length, _LONGEST_FORM)])
        made = [_in_form(chance, length) for _ in range(max(1, n_tokens // length))]
        return made, length + 128
    length = chance.choice(LENGTHS[: progress.level + 1]) if chance.random() < 0.4 else progress.length
    weights = ALL if progress.all_tasks else ONE_LOOK_UP
    rows = []
    for _ in range(max(1, n_tokens // length)):
        share = chance.uniform(0.35, 0.65)  # of the row that is document
        shape = _shape(chance, int(length * share))
        rows.append(plain(chance, shape, int(length * (1 - share)), weights))
    return rows, length


def _shape(chance: random.Random, n_tokens: int) -> Shape:
    most = min(0.95, (18 - n_tokens / _MOST_LINES) / 9)  # a fact has about 9 tokens, a line of filler 18
    share = chance.uniform(min(0.3, most / 2), most)
    n_lines = int(n_tokens / (18 - 9 * share))
    start = 1 if chance.random() < 0.5 else chance.randint(1, max(1, _MOST_LINES - n_lines))
    n_series = chance.randint(2, 2 + n_tokens // 150)  # of one alone, nobody would have to look at its name
    return Shape(n_tokens, share, start, min(n_series, 48))


def _in_form(chance: random.Random, length: int) -> Conversation:
    n_tokens = int(length * chance.uniform(0.3, 0.75))
    shape = Shape(n_tokens, chance.uniform(0.2, 0.95), n_series=chance.randint(0, 1))
    return (work if chance.random() < 0.5 else answer)(chance, shape)
