"""Near matches of a quote: an alignment of words in which nothing that carries the meaning may differ.

Semi-global alignment (Sellers 1980) over words, costs in characters. What may differ are typing and reading errors,
inflection and function words. Numbers, dates, names, negations, comparisons and quantities may not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from docqa.llm.negations import NEGATIONS
from docqa.text import has_unspaced

_WORD = re.compile(r"\S+")
_EDGES = "\"'()[]{}.,;:!?"
_MIN_TYPO_CHARS = 4
_MOST_CELLS = 8_000_000  # of the table of costs
_MIN_SHARED = 0.6

_FUNCTION_WORDS = frozenset(
    "a an the this that these those of in on at to for from by with as and is are was were be been being has have "
    "had it its he she they we you i his her their our which who whom whose there here also then so".split()
)
_DECISIVE = NEGATIONS | frozenset(
    "only all any some most few many every each both either always more less fewer greater smaller higher lower above "
    "below over under up down before after until since first second third last next half double twice increase "
    "increased decrease decreased rise rose rising fall fell falling grew shrank gain gains loss losses profit deficit "
    "surplus true false must may might shall should can could will would if or but than one two three four five six "
    "seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty "
    "forty fifty sixty seventy eighty ninety hundred thousand million billion fourth fifth sixth seventh eighth ninth "
    "tenth january february march april may june july august september october november december monday tuesday "
    "wednesday thursday friday saturday sunday today yesterday tomorrow "
    # months, weekdays, numbers and quantities that one letter turns into another in the languages of Europe
    "juni juli junio julio junho julho junij julij giugno luglio juin juillet iunie iulie июня июля июнь июль "
    "sesenta setenta sessenta sessanta settanta soixante septante dois doze trois treize seis siete sete nueve nove "
    "sechs sechzig sieben siebzig zwei drei eine einer einem einen martes mardi marzo mayo maggio marts märz "
    "mehr weniger alle alles mindestens höchstens plus moins más menos mas mais più meno meer minder mer mindre "
    "больше меньше более менее два две три".split()
)
_ENDINGS = frozenset(("", "s", "es", "ed", "d", "ing", "'s", "’s", "e", "y", "ies", "ied"))
_NEGATING = ("un", "in", "im", "il", "ir", "dis", "non", "non-", "anti", "de")


@dataclass(frozen=True, slots=True)
class CloseMatch:
    """Characters `start` to `end` (half-open) of the text, and their similarity with the quote from 0 to 1."""

    start: int
    end: int
    similarity: float


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int

    @property
    def core(self) -> str:
        """The word without punctuation around it."""
        return self.text.strip(_EDGES)


def close_match(quote: str, text: str, min_similarity: float) -> CloseMatch | None:
    """The best near match of the quote in a text, None when there is none or when a detail differs.

    None also where looking for one would take seconds: a quote of some pages in a text of hundreds.
    """
    if 2 * len(text) < min_similarity * (len(quote) + len(text)):
        return None  # it is so much longer that they cannot be alike
    ours, theirs = _tokens(quote), _tokens(text)
    if not ours or len(ours) * len(theirs) > _MOST_CELLS or not _shares_words(ours, theirs):
        return None
    pairs = _aligned([token.text for token in ours], [token.text for token in theirs])
    matched = [theirs[j] for _, j in pairs if j is not None]
    if not matched:
        return None
    start, end = matched[0].start, matched[-1].end
    similarity = SequenceMatcher(None, quote, text[start:end], autojunk=False).ratio()
    if similarity < min_similarity:
        return None
    differing = [
        (ours[i].core if i is not None else "", theirs[j].core if j is not None else "")
        for i, j in pairs
        if i is None or j is None or ours[i].core != theirs[j].core
    ]
    return CloseMatch(start, end, similarity) if all(_may_differ(a, b) for a, b in differing) else None


def _tokens(text: str) -> list[_Token]:
    return [_Token(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]


def _shares_words(ours: Sequence[_Token], theirs: Sequence[_Token]) -> bool:
    held = {token.core.casefold() for token in theirs}
    return sum(token.core.casefold() in held for token in ours) >= _MIN_SHARED * len(ours)


def _aligned(quote: Sequence[str], text: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of word indexes of the cheapest place of the quote in the text; None stands for a missing word."""
    costs = _costs(quote, text)
    i, j = len(quote), min(range(len(text) + 1), key=lambda column: costs[len(quote)][column])
    pairs: list[tuple[int | None, int | None]] = []
    while i:
        if j and costs[i][j] == costs[i - 1][j - 1] + _substitution(quote[i - 1], text[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif costs[i][j] == costs[i - 1][j] + len(quote[i - 1]) + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _costs(quote: Sequence[str], text: Sequence[str]) -> list[list[int]]:
    """Cheapest costs of aligning the first i words of the quote so that they end at word j; it may begin anywhere."""
    table = [[0] * (len(text) + 1)]
    for word in quote:
        above, row = table[-1], [table[-1][0] + len(word) + 1]
        for j, other in enumerate(text, start=1):
            swapped = above[j - 1] + _substitution(word, other)
            row.append(min(swapped, above[j] + len(word) + 1, row[-1] + len(other) + 1))
        table.append(row)
    return table


def _substitution(word: str, other: str) -> int:
    """Nothing for equal words; for others the longer length, less what they begin with in common."""
    if word == other:
        return 0
    shared = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    return max(1, max(len(word), len(other)) - shared)


def _may_differ(ours: str, theirs: str) -> bool:
    """Whether a word may stand for another, or ("") be missing, without a change of meaning that could matter."""
    if ours.casefold() == theirs.casefold():
        return True
    if any(map(_carries_meaning, (ours, theirs))) or has_unspaced(ours + theirs):
        return False  # "word" is a whole clause where no spaces are written
    if all(not word or word.casefold() in _FUNCTION_WORDS for word in (ours, theirs)):
        return True
    if not ours or not theirs or _negates(ours.casefold(), theirs.casefold()):
        return False
    return _is_typo(ours.casefold(), theirs.casefold()) or _is_inflection(ours.casefold(), theirs.casefold())


def _is_typo(a: str, b: str) -> bool:
    """One letter more, less or other, or two neighbours swapped, in a word that is long enough to tell."""
    if min(len(a), len(b)) < _MIN_TYPO_CHARS or abs(len(a) - len(b)) > 1:
        return False
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    swapped = a[start + 1 : start + 2] + a[start : start + 1] + a[start + 2 :] == b[start:]
    return swapped or b[start:] == a[start + 1 :] or a[start:] == b[start + 1 :] or a[start + 1 :] == b[start + 1 :]


def _is_inflection(a: str, b: str) -> bool:
    """Whether two words differ in an English ending alone."""
    shared = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= 3 and {a[shared:], b[shared:]} <= _ENDINGS


def _carries_meaning(word: str) -> bool:
    """Numbers and units, names, and words that turn a statement around."""
    plain = word.casefold()
    if (
        any(sign.isdigit() or sign in "%$€£¥°±<>=" for sign in word)
        or plain in _DECISIVE
        or plain.endswith(("n't", "less"))
    ):
        return True
    return word[:1].isupper() and plain not in _FUNCTION_WORDS


def _negates(a: str, b: str) -> bool:
    return any(a == prefix + b or b == prefix + a for prefix in _NEGATING)
