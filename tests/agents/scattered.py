"""A long document with 57 incidents scattered among other sentences, made anew by every test that asks for it."""

from __future__ import annotations

import random

from docqa.documents import Document, Page

from .library_of_pages import document_of

N_ITEMS = 57
_SUBJECTS = "turbine pump conveyor boiler crane compressor furnace gearbox ventilator loader".split()
_STATES = "was inspected|ran at full load|was repainted|was cleaned|stood still|was oiled|was moved".split("|")
_PLACES = "in the north hall|by the quay|on the upper deck|near the gate|behind the depot".split("|")


def item(number: int) -> str:
    """The sentence of one item."""
    return f"Incident {number + 101} concerned a leak at valve {chr(65 + number % 26)}{number}."


def plant_report(n_pages: int = 60, n_sentences: int = 20, seed: int = 5) -> Document:
    """Pages of filler, every sentence different, with the items at random places in random order."""
    chance = random.Random(seed)
    pages = [[_filler(chance, page * n_sentences + n) for n in range(n_sentences)] for page in range(n_pages)]
    for number in chance.sample(range(N_ITEMS), N_ITEMS):
        page = chance.choice(pages)
        page.insert(chance.randrange(len(page) + 1), item(number))
    return document_of(*(Page(i, _paragraphs(page), number=i + 1) for i, page in enumerate(pages)))


def _filler(chance: random.Random, number: int) -> str:
    subject, state, place = chance.choice(_SUBJECTS), chance.choice(_STATES), chance.choice(_PLACES)
    return f"On shift {number} the {subject} {place} {state} for {chance.randrange(5, 95)} minutes."


def _paragraphs(sentences: list[str]) -> str:
    return "\n\n".join(" ".join(sentences[i : i + 6]) for i in range(0, len(sentences), 6))
