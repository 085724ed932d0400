"""Details that must agree to the letter: numbers, dates and names of a claim that its text does not hold.

A network of this size overlooks a changed digit now and then; a comparison never does. It knows no meaning: a number
that the text writes in another unit counts as changed.
"""

from __future__ import annotations

import re

from docqa.llm.negations import NEGATIONS
from docqa.text import names, sentences

_EAST_ASIAN = "\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3"  # no space stands between these and a number
_NUMBER = re.compile(rf"(?:(?<![\w.])[-+]?|(?<=[{_EAST_ASIAN}]))\d[\d,]*(?:\.\d+)?")
_WORDS = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve".split(),
        map(str, range(13)),
        strict=True,
    )
)
_MONTHS = frozenset("january february march april may june july august september october november december".split())


def changed_details(claim: str, text: str) -> tuple[str, ...]:
    """The numbers, months and names of the claim that do not stand in the text.

    >>> changed_details("Sales rose to 4,120 in March.", "Sales rose to 4,210 in May 2020.")
    ('4,120', 'March')
    >>> changed_details("It has three legs.", "It has 3 legs.")
    ()
    """
    plain = text.casefold()
    changed = list(changed_numbers(claim, text))
    for name in names(claim):
        stem = name.casefold().removesuffix("'s").removesuffix("’s")
        if stem not in plain and (stem in _MONTHS or len(stem) > 2):
            changed.append(name)
    return tuple(changed)


def changed_numbers(claim: str, text: str) -> tuple[str, ...]:
    """The numbers that the claim writes in digits and the text does not hold, not even spelled out."""
    held = numbers(text)
    return tuple(number for number in _NUMBER.findall(claim) if _normal(number) not in held)


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text in one form: digits without separators, small ones also when spelled out."""
    found = {_normal(number) for number in _NUMBER.findall(text)}
    return frozenset(found | {_WORDS[word] for word in re.findall(r"[a-z]+", text.casefold()) if word in _WORDS})


def _normal(number: str) -> str:
    plain = number.replace(",", "").lstrip("+")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


_NEGATION = re.compile(rf"\b(?:{'|'.join(sorted(NEGATIONS))})\b|n['’]t\b|\bn['’](?=\w)", re.IGNORECASE)
_SAME_WORDS = 0.8


def is_altered_copy(claim: str, text: str) -> bool:
    """Whether the claim is nearly a sentence of the text, but with another number in it or a negation more or less.

    >>> is_altered_copy("The mill was not closed in 1950.", "The mill was closed in 1950. It was rebuilt.")
    True
    >>> is_altered_copy("The mill was closed in 1962.", "The mill was closed in 1950. In 1962 it was rebuilt.")
    True
    >>> is_altered_copy("The mill was closed.", "The mill was closed in 1950, but not for long. It was rebuilt.")
    False
    """
    claimed = _words(claim)
    best, shared = "", 0.0
    for span in sentences(text):
        sentence = text[slice(*span)]
        share = len(claimed & _words(sentence)) / max(1, len(claimed))
        if share > shared:
            best, shared = sentence, share
    if shared < _SAME_WORDS:
        return False
    if not _certain_numbers(claim) <= numbers(best):
        return True
    added, taken = _n_negations(claim) - _n_negations(best), len(claimed) / max(1, len(_words(best)))
    return added > 0 or (added < 0 and taken >= _SAME_WORDS)


def _certain_numbers(text: str) -> frozenset[str]:
    """The numbers of a text without the word "one", which more often stands for a thing than for how many."""
    return numbers(re.sub(r"\bone\b", " ", text, flags=re.IGNORECASE))


def _n_negations(text: str) -> int:
    return len(_NEGATION.findall(text))


def _words(text: str) -> set[str]:
    """The words that are neither numbers nor negations."""
    return set(re.findall(r"[^\W\d]{2,}", _NEGATION.sub(" ", text.casefold())))
