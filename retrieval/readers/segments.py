"""Words at their places on a page, and the segments that wide gaps cut a line of them into; knows no file format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from docqa.documents import Box

_LEADER = re.compile(r"(?:[.\u2024\u2026\u00b7_]){3,}$")
_DOTS = frozenset(".\u2024\u2026\u00b7_")
_PREFIX = frozenset({"$", "€", "£", "¥", "(", "$(", "($", "US$", "C$", "A$", "Rs.", "CHF", "EUR", "USD", "GBP"})
_SUFFIX = frozenset({"%", ")", ")%", "%)", "x", "bps", "pts", "*", "**", "†", "‡", "°"})
_NUMBER = re.compile(
    r"^[(\[<>~≈±+\-\u2013\u2014\u2212*$€£¥]*\d[\d.,:/'\u2019%\u2013\-\u2212±]*[A-Za-z%]{0,4}[)\]*†‡§%↑↓+]*(?:\(\d{1,2}\))?$"
)
_NULL = frozenset(
    [
        "—",
        "\u2013",
        "-",
        "\u2212",
        "--",
        "N/A",
        "n/a",
        "NA",
        "NM",
        "nm",
        "N.A.",
        "n.a.",
        "*",
        "✓",
        "✗",
        "✔",
        "✘",
        "\u00d7",
    ]
)
_JOINERS = frozenset(
    ["±", "/", "%", ")", "(", "$", "€", "£", "¥", "+", "-", "\u2013", "x", "US$", "bps", "pts", "*", "†", "‡"]
)
_YEAR = re.compile(r"^\(?(?:FY)?(?:19|20)\d\d(?:[/\u2013-](?:19|20)?\d\d)?[EA*]?\)?$")


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without white space and its box in points, origin top left, y downwards."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one base line, left to right. Words far apart on one base line still are one line."""

    words: tuple[Word, ...]


class WordRef(NamedTuple):
    """The place of a word: `lines[line].words[word]`."""

    line: int
    word: int


class Ruling(NamedTuple):
    """A horizontal or vertical line segment that is drawn on the page, in points."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring words of one line with no wide gap between them; leader dots stand in no segment.

    `numeric`: the whole segment is a number, a year or a mark for "no value". `edge` is where its last digit ends:
    columns of numbers are flush there, while ")", "%" and footnote marks hang out. `gaps` are the widths of the white
    between its words.
    """

    refs: tuple[WordRef, ...]
    text: str
    x0: float
    x1: float
    edge: float
    numeric: bool
    gaps: tuple[float, ...] = ()

    @property
    def is_year(self) -> bool:
        """Whether it is a calendar year such as "2015" or "FY2015"."""
        return _YEAR.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class SegmentedLine:
    """A line cut into segments. `height` is that of its tallest word; `leader` is true when dots lead to a number."""

    number: int
    segments: tuple[Segment, ...]
    x0: float
    x1: float
    y0: float
    y1: float
    height: float
    leader: bool


def is_leader(text: str) -> bool:
    """Whether a word is nothing but leader dots, as between a title and its page number."""
    return bool(text) and _DOTS.issuperset(text) and text not in {"_", "·", "…"}


def without_leader(text: str) -> str:
    """Return the word without the leader dots that are glued to its end.

    >>> without_leader("Product......")
    'Product'
    """
    return _LEADER.sub("", text)


@lru_cache(maxsize=8192)
def is_number(text: str) -> bool:
    """Whether one word is a number with its signs and up to four letters of a unit, or a mark for "no value"."""
    # "31," is the day of "December 31, 2024", not a value.
    return text.rstrip("%") in _NULL or (text[-1] != "," and _NUMBER.match(text) is not None)


def segmented(number: int, line: Line) -> SegmentedLine:
    """Cut a line into segments at its wide gaps; a currency sign, "%" and brackets stay with their number."""
    kept, leader = _without_leaders(line)
    if not kept:
        return SegmentedLine(number, (), 0.0, 0.0, *_extent(line), 0.0, leader)
    height = max(line.words[i].box.y1 - line.words[i].box.y0 for i in kept)
    groups = list(_groups(line.words, kept, _gap_limit(line.words, kept, height), height))
    segments = tuple(_segment(number, line.words, group) for group in groups)
    return SegmentedLine(number, segments, segments[0].x0, segments[-1].x1, *_extent(line), height, leader)


def _extent(line: Line) -> tuple[float, float]:
    tops = [w.box.y0 for w in line.words]
    return (min(tops), max(w.box.y1 for w in line.words)) if tops else (0.0, 0.0)


def _without_leaders(line: Line) -> tuple[list[int], bool]:
    """Return the indices of the words that are no leader dots, and whether there were at least three dots."""
    n_dots, kept, glued = 0, [], False
    for i, word in enumerate(line.words):
        if is_leader(word.text):
            n_dots += len(word.text)
        else:
            kept.append(i)
            glued = glued or (word.text[-1] in _DOTS and _LEADER.search(word.text) is not None)
    return [i for i in kept if without_leader(line.words[i].text)], glued or n_dots >= 3


def _gap_limit(words: Sequence[Word], kept: Sequence[int], height: float) -> float:
    """Return the width in points from which a gap parts two segments: justified prose stretches its spaces."""
    gaps = [words[b].box.x0 - words[a].box.x1 for a, b in pairwise(kept)]
    usual = median(gaps) if len(gaps) >= 6 else 0.0
    return max(1.05 * height, min(2.2 * usual, 1.6 * height))


def _groups(words: Sequence[Word], kept: Sequence[int], limit: float, height: float) -> Iterator[list[int]]:
    group = [kept[0]]
    for place, i in enumerate(kept[1:], start=1):
        after = words[kept[place + 1]] if place + 1 < len(kept) else None
        if _is_far_sign(words[i], after, height) or _parts(words[group[-1]], words[i], limit, height):
            yield group
            group = []
        group.append(i)
    yield group


def _is_far_sign(word: Word, after: Word | None, height: float) -> bool:
    """Whether a currency sign stands at the left of a column whose number is set flush right."""
    if after is None or word.text not in _PREFIX:
        return False
    return is_number(after.text) and after.box.x0 - word.box.x1 > 0.8 * height


def _parts(left: Word, right: Word, limit: float, height: float) -> bool:
    """Whether the gap between two neighbouring words ends a cell."""
    gap = right.box.x0 - left.box.x1
    if without_leader(left.text) != left.text:
        return True
    if left.text in _PREFIX and is_number(right.text):
        return False
    if right.text in _SUFFIX and is_number(left.text):
        return gap > 2.5 * height
    if (is_number(left.text) or left.text in _SUFFIX) and (is_number(right.text) or right.text in _PREFIX):
        return gap > 0.55 * height
    return gap > limit


def _segment(number: int, words: Sequence[Word], group: Sequence[int]) -> Segment:
    texts = [without_leader(words[i].text) for i in group]
    last = words[group[-1]]
    x1 = last.box.x1 if texts[-1] == last.text else _cut(last, len(texts[-1]))
    numeric = all(t in _JOINERS or is_number(t) for t in texts) and any(is_number(t) for t in texts)
    refs = tuple(WordRef(number, i) for i in group)
    edge = _edge([words[i] for i in group]) if numeric else x1
    gaps = tuple(words[b].box.x0 - words[a].box.x1 for a, b in pairwise(group))
    return Segment(refs, " ".join(texts), words[group[0]].box.x0, x1, edge, numeric, gaps)


def _edge(words: Sequence[Word]) -> float:
    """Return where the last digit ends, by the share of the word that stands before its end."""
    word = next((w for w in reversed(words) if any(c.isdigit() for c in w.text)), words[-1])
    n_hanging = len(word.text) - len(word.text.rstrip(")%]*†‡§"))
    return word.box.x1 - (word.box.x1 - word.box.x0) * n_hanging / len(word.text)


def _cut(word: Word, n_chars: int) -> float:
    """Estimate where the text ends in a word that goes on with leader dots, which are about half as wide as letters."""
    n_dots = len(word.text) - n_chars
    share = n_chars / (n_chars + 0.5 * n_dots)
    return word.box.x0 + share * (word.box.x1 - word.box.x0)
