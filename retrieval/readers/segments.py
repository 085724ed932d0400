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
_NARROWEST_GAP = 0.55  # of a line's height: that between two numbers; all other limits are wider
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"^\(?(?:FY)?(?:19|20)\d\d(?:[/\u2013-](?:19|20)?\d\d)?[EA*]?\)?$")


class Word(NamedTuple):
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


class Segment(NamedTuple):
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
        return _is_year(self.text)


class SegmentedLine(NamedTuple):
    """A line cut into segments. `height` is that of its tallest word; `leader` is true when dots lead to a number.

    `has_value`: there is a number, which is no year, right of something else.
    """

    number: int
    segments: tuple[Segment, ...]
    x0: float
    x1: float
    y0: float
    y1: float
    height: float
    leader: bool
    has_value: bool = False


def is_leader(text: str) -> bool:
    """Whether a word is nothing but leader dots, as between a title and its page number."""
    return bool(text) and _DOTS.issuperset(text) and text not in {"_", "·", "…"}


@lru_cache(maxsize=8192)
def without_leader(text: str) -> str:
    """Return the word without the leader dots that are glued to its end.

    >>> without_leader("Product......")
    'Product'
    """
    return _LEADER.sub("", text)


@lru_cache(maxsize=8192)
def _is_year(text: str) -> bool:
    return _YEAR.match(text) is not None


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
    boxes = [line.words[i].box for i in kept]
    height = max([y1 - y0 for _, y0, _, y1 in boxes])
    gaps = [right[0] - left[2] for left, right in pairwise(boxes)]
    if leader or max(gaps, default=0.0) > _NARROWEST_GAP * height:
        groups = list(_groups(line.words, kept, _gap_limit(gaps, height), height))
    else:
        groups = [kept]
    segments = tuple([_segment(number, line.words, group) for group in groups])
    has_value = any(s.numeric and not s.is_year for s in segments[1:])
    return SegmentedLine(number, segments, segments[0].x0, segments[-1].x1, *_extent(line), height, leader, has_value)


def _extent(line: Line) -> tuple[float, float]:
    boxes = [word.box for word in line.words]
    return (min([box[1] for box in boxes]), max([box[3] for box in boxes])) if boxes else (0.0, 0.0)


def _without_leaders(line: Line) -> tuple[list[int], bool]:
    """Return the indices of the words that are no leader dots, and whether there were at least three dots."""
    n_dots, kept, glued = 0, [], False
    for i, (text, _) in enumerate(line.words):
        if text[-1] not in _DOTS:
            kept.append(i)
        elif is_leader(text):
            n_dots += len(text)
        else:
            kept.append(i)
            glued = glued or _LEADER.search(text) is not None
    if glued:
        kept = [i for i in kept if without_leader(line.words[i].text)]
    return kept, glued or n_dots >= 3


def _gap_limit(gaps: Sequence[float], height: float) -> float:
    """Return the width in points from which a gap parts two segments: justified prose stretches its spaces."""
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
    if word.text not in _PREFIX or after is None:
        return False
    return is_number(after.text) and after.box.x0 - word.box.x1 > 0.8 * height


def _parts(left: Word, right: Word, limit: float, height: float) -> bool:
    """Whether the gap between two neighbouring words ends a cell."""
    gap = right.box.x0 - left.box.x1
    if left.text[-1] in _DOTS and without_leader(left.text) != left.text:
        return True
    if gap <= _NARROWEST_GAP * height:
        return False
    if left.text in _PREFIX and is_number(right.text):
        return False
    if right.text in _SUFFIX and is_number(left.text):
        return gap > 2.5 * height
    if (is_number(left.text) or left.text in _SUFFIX) and (is_number(right.text) or right.text in _PREFIX):
        return True
    return gap > limit


def _segment(number: int, words: Sequence[Word], group: Sequence[int]) -> Segment:
    if len(group) == 1 and words[group[0]].text[-1] not in _DOTS:
        return _segment_of_word(WordRef(number, group[0]), words[group[0]])
    texts = [without_leader(words[i].text) for i in group]
    last = words[group[-1]]
    x1 = last.box.x1 if texts[-1] == last.text else _cut(last, len(texts[-1]))
    numeric = _is_numeric(texts)
    refs = tuple([WordRef(number, i) for i in group])
    edge = _edge([words[i] for i in group]) if numeric else x1
    gaps = tuple([words[b].box.x0 - words[a].box.x1 for a, b in pairwise(group)])
    return Segment(refs, " ".join(texts), words[group[0]].box.x0, x1, edge, numeric, gaps)


def _segment_of_word(ref: WordRef, word: Word) -> Segment:
    """Do for one word without leader dots, which most cells are, what `_segment` does."""
    text, box = word
    numeric = is_number(text)
    return Segment((ref,), text, box.x0, box.x1, _edge((word,)) if numeric else box.x1, numeric)


def _is_numeric(texts: Sequence[str]) -> bool:
    n_numbers = 0
    for text in texts:
        if is_number(text):
            n_numbers += 1
        elif text not in _JOINERS:
            return False
    return n_numbers > 0


def _edge(words: Sequence[Word]) -> float:
    """Return where the last digit ends, by the share of the word that stands before its end."""
    word = next((w for w in reversed(words) if _DIGIT.search(w.text)), words[-1])
    n_hanging = len(word.text) - len(word.text.rstrip(")%]*†‡§"))
    return word.box.x1 - (word.box.x1 - word.box.x0) * n_hanging / len(word.text)


def _cut(word: Word, n_chars: int) -> float:
    """Estimate where the text ends in a word that goes on with leader dots, which are about half as wide as letters."""
    n_dots = len(word.text) - n_chars
    share = n_chars / (n_chars + 0.5 * n_dots)
    return word.box.x0 + share * (word.box.x1 - word.box.x0)
