"""Documents of the tiny language: facts scattered among filler, one numbered line each."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.tiny.language import FILLER_STARTS, FILLER_WORDS, FIRST_WORDS, ORDINALS, SECOND_WORDS


@dataclass(frozen=True, slots=True)
class Fact:
    """What a name leads to, and the number of the line that says so. Names begin with a space, as in a text."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a document is made of: about so many tokens, of whose lines a share are facts.

    `numbered_from` is the first line's number; `n_series` names are the beginning of a numbered series of facts.
    """

    n_tokens: int
    share_of_facts: float = 0.4
    numbered_from: int = 1
    n_series: int = 1


@dataclass(frozen=True, slots=True)
class Document:
    """`lines` without their numbers, the first of which is `numbered_from`; `facts` by name; `series` by first word."""

    lines: tuple[str, ...]
    numbered_from: int
    facts: dict[str, Fact]
    series: dict[str, tuple[Fact, ...]]

    @property
    def text(self) -> str:
        """The numbered lines."""
        return "\n".join(f"[{n}]{line}" for n, line in enumerate(self.lines, start=self.numbered_from))

    @property
    def names(self) -> list[str]:
        """The names of facts."""
        return list(self.facts)

    @property
    def chains(self) -> list[str]:
        """The names of facts that lead to another fact of the document."""
        return [name for name, fact in self.facts.items() if fact.value in self.facts]


def document(chance: random.Random, shape: Shape) -> Document:
    """A document. Every name stands once at the beginning of a fact; about a third of the facts lead to another one."""
    plan = _plan(chance, shape)
    names = Names(chance)
    keys = [names.new() for kind in plan if kind == "fact"]
    longest = min(len(ORDINALS) - 1, int(0.6 * len(keys)) // max(1, shape.n_series))
    series = {first: chance.randint(1, longest) if longest else 0 for first in names.first_words(shape.n_series)}
    entries = [(name, _value(chance, name, keys, names)) for name in keys]
    items = [(first + ORDINALS[i], names.new()) for first, n_items in series.items() for i in range(n_items)]
    entries = [*entries[: len(entries) - len(items)], *items]
    chance.shuffle(entries)
    lines, facts = [], {}
    waiting = iter(entries)
    for number, kind in enumerate(plan, start=shape.numbered_from):
        entry = next(waiting, None) if kind == "fact" else None
        if entry is None:
            lines.append(filler(chance))
            continue
        name, value = entry
        facts[name] = Fact(name, value, number)
        lines.append((filler(chance) if chance.random() < 0.1 else "") + f"{name}{value}.")
    return Document(tuple(lines), shape.numbered_from, facts, {first: _items(facts, first) for first in series})


class Names:
    """Names that have not been given yet."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._given = chance, set[str]()

    def new(self) -> str:
        """A name of two words."""
        while (name := self._chance.choice(FIRST_WORDS) + self._chance.choice(SECOND_WORDS)) in self._given:
            pass
        self._given.add(name)
        return name

    def first_words(self, n: int) -> list[str]:
        """So many different first words."""
        return self._chance.sample(FIRST_WORDS, n)


def filler(chance: random.Random) -> str:
    """A sentence without names."""
    words = chance.choices(FILLER_WORDS, k=chance.randint(3, 22))
    return chance.choice(FILLER_STARTS) + "".join(words) + "."


def _plan(chance: random.Random, shape: Shape) -> list[str]:
    """What each line is; a fact has about 9 tokens, a line of filler 18."""
    kinds, n_tokens = list[str](), 0
    while n_tokens < shape.n_tokens:
        is_fact = chance.random() < shape.share_of_facts or not kinds
        kinds.append("fact" if is_fact else "filler")
        n_tokens += 9 if is_fact else 18
    return kinds


def _value(chance: random.Random, name: str, keys: list[str], names: Names) -> str:
    kind = chance.random()
    if kind < 0.35 and len(keys) > 1:
        return _other(chance, name, keys)
    return f" {chance.randrange(10_000, 100_000)}" if kind < 0.43 else names.new()


def _other(chance: random.Random, name: str, keys: list[str]) -> str:
    while (key := chance.choice(keys)) == name:
        pass
    return key


def _items(facts: dict[str, Fact], first: str) -> tuple[Fact, ...]:
    items = (facts.get(first + ordinal) for ordinal in ORDINALS)
    return tuple(item for item in items if item is not None)
