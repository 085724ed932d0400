"""Questions put to passages that do not answer them: near passages by BM25, questions with a name or number changed."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.corpora import Context, QaRow

NAME_OR_NUMBER = re.compile(
    r"(?<!^)\b(?:[A-Z][\w'’-]+(?:\s(?:of|the|de|von)\s(?=[A-Z]))?\s?)+\b|\b\d[\d,.]*\d\b|\b\d\b"
)


def names_and_numbers(text: str) -> list[str]:
    """Runs of capitalised words (not at the very start) and numbers, in order."""
    return [match.group().strip() for match in NAME_OR_NUMBER.finditer(text)]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each question the contexts that BM25 finds near, best first; the nearest of the same document stand first."""

    contexts: tuple[Context, ...]
    by_question: dict[str, tuple[int, ...]]

    def near(self, row: QaRow, n_best: int = 6) -> list[Context]:
        """The best near contexts that do not hold the answer."""
        answer = row.context.text[slice(*row.answer)].casefold() if row.answer else ""
        found: list[Context] = []
        for number in self.by_question.get(row.question, ()):
            context = self.contexts[number]
            if context.text != row.context.text and not (answer and answer in context.text.casefold()):
                found.append(context)
            if len(found) == n_best:
                break
        return found

    def draw(self, row: QaRow, rng: random.Random, n_best: int = 6) -> QaRow | None:
        """The question with one of the near contexts, or None when there is none."""
        found = self.near(row, n_best)
        return QaRow(f"{row.source}+near", row.question, rng.choice(found), None) if found else None


def find_neighbours(rows: Sequence[QaRow], n_candidates: int = 40, n_kept: int = 16) -> Neighbours:
    """Search all contexts of the rows with all their questions."""
    import bm25s
    import Stemmer

    contexts = tuple({row.context.text: row.context for row in rows}.values())
    questions = sorted({row.question for row in rows})
    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(k1=1.5, b=0.75)
    index.index(bm25s.tokenize([c.text for c in contexts], stemmer=stemmer, show_progress=False), show_progress=False)
    tokens = bm25s.tokenize(questions, stemmer=stemmer, show_progress=False)
    numbers, _ = index.retrieve(tokens, k=n_candidates, show_progress=False)
    groups = np.asarray([hash(context.group) for context in contexts])
    own = {row.question: hash(row.context.group) for row in rows}
    by_question = {}
    for question, found in zip(questions, np.asarray(numbers), strict=True):
        same = groups[found] == own[question]
        ordered = np.concatenate([found[same], found[~same]])
        by_question[question] = tuple(int(number) for number in ordered[:n_kept])
    return Neighbours(contexts, by_question)


@dataclass(frozen=True, slots=True)
class NameSwaps:
    """Names and numbers of each document, to put another one into a question."""

    by_group: dict[str, tuple[str, ...]]

    def draw(self, row: QaRow, rng: random.Random) -> QaRow | None:
        """The question with one of its names or numbers changed to another of the document that this context lacks."""
        asked = [name for name in names_and_numbers(row.question) if name in row.context.text]
        if not asked:
            return None
        old = rng.choice(asked)
        is_number = old[0].isdigit()
        others = [
            name
            for name in self.by_group.get(row.context.group, ())
            if name[0].isdigit() == is_number and name not in row.context.text and name.casefold() not in old.casefold()
        ]
        if is_number and len(old) == 4 and old.isdigit():
            others = [str(int(old) + rng.choice((-30, -12, -7, -3, 3, 5, 11, 24)))]
        if not others:
            return None
        question = row.question.replace(old, rng.choice(others), 1)
        return replace(
            row, source=f"{row.source}+swap", question=question, answer=None, positive=frozenset(), unsure=frozenset()
        )


def find_names(rows: Sequence[QaRow]) -> NameSwaps:
    """Collect the names and numbers of every document among the rows."""
    names: dict[str, set[str]] = defaultdict(set)
    for context in {row.context.text: row.context for row in rows}.values():
        names[context.group].update(n for n in names_and_numbers(context.text) if len(n) < 40)
    return NameSwaps({group: tuple(sorted(found)) for group, found in names.items()})
