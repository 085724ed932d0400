"""What is printed on pages but is not the text: running heads, footers, page numbers, contents pages, dot leaders.

They are kept out of the index because they repeat every subject of a document and win the first rank; the page's text
stays as it is. Two passes: `FurnitureFinder.observe` every page, then ask `Furniture.spans` page by page. What is kept
in between is counts of hashed lines, not text. Documents of one or two pages have no furniture.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from docqa.documents import Page, Span
from docqa.text import lines

VERSION = "2"

Zone = Literal["top", "bottom"]
Key = tuple[Zone, int]

_ZONE_LINES = 3
_MAX_LINE_CHARS = 140
_MIN_PAGES = 3
_MIN_SHARE = 0.3
_MIN_RUN = 6  # pages of a chapter, at least, for its own running head
_RUN_DENSITY = 0.8
_MIN_ENTRIES = 5
_BEGINNING_WORDS = 4  # that a running head shares where it goes on with the title of the chapter
_MIN_BEGINNING_CHARS = 20
_MIN_TITLE_CHARS = 4

_NUMBER = re.compile(r"(?<![^\W\d])\d+(?![^\W\d])")  # "q3" is a name
_MIN_SENTENCE_WORDS = 5
_ROMAN = re.compile(r"[ivxlc]{1,7}", re.IGNORECASE)
_PAGE_REFERENCE = re.compile(r"(?<![^\s.\u2026_\u00b7])(?:[A-Z]{1,2}-)?(\d{1,4}|[ivxlc]{1,7})\Z", re.IGNORECASE)
_LEADER_CHARACTERS = " \t.\u2026_\u00b7"
_CONTENTS_TITLE = re.compile(
    r"(?:table of )?contents|list of (?:figures|tables)|index|inhalt|inhaltsverzeichnis|sommaire|table des mati[eè]res|"
    r"[ií]ndice|contenido|sommario|sum[aá]rio|inhoud|inhoudsopgave|inneh[aå]ll|indhold|innhold|sis[aä]llys|"
    r"spis tre[sś]ci|obsah|содержание|оглавление|зміст|περιεχόμενα|目[录錄次]|차례|목차",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Occurrences:
    """Where lines with one signature stood. `offsets` counts (number on the line - page index), which is constant for
    page numbers."""

    n: int = 0
    last: int = -10
    first: int = 0
    n_near: int = 0
    exact: Counter[int] = field(default_factory=Counter)
    offsets: Counter[tuple[int, int]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Furniture:
    """What was found in a document: the signatures of its running lines and of those that begin alike, and the offsets
    of its printed page numbers."""

    n_pages: int = 0
    running: frozenset[Key] = frozenset()
    exact: frozenset[Key] = frozenset()
    numbered: Mapping[Key, frozenset[tuple[int, int]]] = field(default_factory=dict)
    beginnings: frozenset[Key] = frozenset()

    def spans(self, page: Page) -> tuple[Span, ...]:
        """The stretches of a page that are not text, in order; adjoining lines are joined into one span."""
        if self.n_pages < _MIN_PAGES:
            return ()
        page_lines = lines(page.text)
        found = {span for zone, span in _zones(page_lines) if self._is_furniture(zone, page, span)}
        found.update(_contents(page, page_lines))
        return tuple(_join(page_lines, found))

    def _is_furniture(self, zone: Zone, page: Page, span: Span) -> bool:
        line = page.text[span.start_char : span.end_char]
        if page.label and line.strip("-\u2013\u2014 []()") == page.label:
            return True
        key = (zone, _signature(line))
        if (zone, hash(line)) in self.exact or (key in self.running and not _NUMBER.search(line)):
            return True
        if (zone, _beginning(line)) in self.beginnings:
            return True
        offsets = self.numbered.get(key, frozenset())
        return any(offset in offsets for offset in _offsets(line, page.index))


class FurnitureFinder:
    """Sees every page of a document once, in order, and then knows its furniture."""

    def __init__(self) -> None:
        self._n_pages = 0
        self._seen: defaultdict[Key, _Occurrences] = defaultdict(_Occurrences)
        self._begun: Counter[Key] = Counter()
        self._told: Counter[Key] = Counter()
        self._last_rest: dict[Key, str] = {}

    def observe(self, page: Page) -> None:
        """Count the lines at the top and at the bottom of a page."""
        self._n_pages += 1
        page_lines = lines(page.text)
        begun: dict[Key, str] = {}
        for zone, span in _zones(page_lines):
            line = page.text[span.start_char : span.end_char]
            if len(line) <= _MAX_LINE_CHARS:
                self._count(zone, line, page.index)
                begun[zone, _beginning(line)] = _rest(line)
        titles = tuple(title for a, b in page_lines if len(title := _rest(page.text[a:b], 0)) >= _MIN_TITLE_CHARS)
        for key, rest in begun.items():
            if key[1]:
                self._begun[key] += 1
                self._told[key] += rest.endswith(titles) or rest == self._last_rest.get(key, rest)
                self._last_rest[key] = rest

    def _count(self, zone: Zone, line: str, index: int) -> None:
        seen = self._seen[(zone, _signature(line))]
        if not seen.n:
            seen.first = index
        seen.n_near += index - seen.last <= 2  # left and right pages alternate
        seen.n += index != seen.last
        seen.last = index
        seen.exact[hash(line)] += 1
        seen.offsets.update(_offsets(line, index))

    def furniture(self) -> Furniture:
        """What repeats: on 30 % of the pages, or on most pages of a run of at least six.

        A head may go on with the title of its chapter, which then stands on the page as well, or in the head before.
        """
        if self._n_pages < _MIN_PAGES:
            return Furniture(self._n_pages)
        running = {key: seen for key, seen in self._seen.items() if self._repeats(seen.n, seen)}
        exact = {
            (key[0], line) for key, seen in running.items() for line, n in seen.exact.items() if self._repeats(n, seen)
        }
        numbered = {
            key: frozenset(offset for offset, n in seen.offsets.items() if n >= _MIN_PAGES)
            for key, seen in running.items()
        }
        most = max(_MIN_PAGES, _MIN_SHARE * self._n_pages)
        beginnings = frozenset(
            key for key, n in self._begun.items() if n >= max(most, _MIN_RUN) and self._told[key] >= _RUN_DENSITY * n
        )
        return Furniture(self._n_pages, frozenset(running), frozenset(exact), numbered, beginnings)

    def _repeats(self, n: int, seen: _Occurrences) -> bool:
        if n >= max(_MIN_PAGES, _MIN_SHARE * self._n_pages):
            return True
        return n >= _MIN_RUN and seen.n_near >= _RUN_DENSITY * (seen.n - 1)


def find_furniture(pages: Iterable[Page]) -> Furniture:
    """Observe all pages and say what repeats."""
    finder = FurnitureFinder()
    for page in pages:
        finder.observe(page)
    return finder.furniture()


def _zones(page_lines: list[Span]) -> Iterator[tuple[Zone, Span]]:
    """The first and the last lines of a page; the same line is in both zones of a short page."""
    for span in page_lines[:_ZONE_LINES]:
        yield "top", span
    for span in page_lines[-_ZONE_LINES:]:
        yield "bottom", span


def _signature(line: str) -> int:
    """Hash of a line without its digits, roman page numbers, case and spacing."""
    folded = " ".join(_NUMBER.sub("#", line.casefold()).split())
    return hash("#" if _ROMAN.fullmatch(folded) else folded)


def _beginning(line: str) -> int:
    """Hash of the first words of a line that goes on and is no sentence, without digits and case; 0 for any other."""
    words = _NUMBER.sub("#", line.casefold()).split()
    begun = " ".join(words[:_BEGINNING_WORDS])
    goes_on = len(words) > _BEGINNING_WORDS and len(begun) >= _MIN_BEGINNING_CHARS
    return hash(begun) if goes_on and line[-1] not in ".!?:;," else 0


def _rest(line: str, n_words: int = _BEGINNING_WORDS) -> str:
    """What follows the first words of a line, without page numbers: the title of a chapter, in a running head."""
    words = _NUMBER.sub("#", line.casefold()).split()[n_words:]
    return " ".join(word for word in words if word != "#" and not _ROMAN.fullmatch(word))


def _offsets(line: str, index: int) -> Iterator[tuple[int, int]]:
    """(position, number - page index) of each number of a line; position counts from the left."""
    if line[-1] in ".!?" and len(line.split()) >= _MIN_SENTENCE_WORDS:
        return  # a sentence with a number in it, not a page number in its running head
    if _ROMAN.fullmatch(line):
        yield (0, _roman_value(line) - index)
    for position, match in enumerate(_NUMBER.finditer(line)):
        if len(match.group()) <= 4:
            yield (position, int(match.group()) - index)


def _roman_value(numeral: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}[c] for c in numeral.lower()]
    return sum(-a if a < b else a for a, b in pairwise([*values, 0]))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line that ends with a page number; `has_leader` when dots lead there."""

    line: int
    number: int | None
    has_leader: bool


def _contents(page: Page, page_lines: list[Span]) -> set[Span]:
    """The lines of contents pages: dot leaders anywhere, and runs of entries under a title or with leaders among
    them."""
    texts = [page.text[a:b] for a, b in page_lines]
    entries = [entry for i, text in enumerate(texts) if (entry := _entry(i, text))]
    n_leaders = sum(entry.has_leader for entry in entries)
    found = {page_lines[entry.line] for entry in entries if entry.has_leader}
    title = next((i for i, text in enumerate(texts[:6]) if _CONTENTS_TITLE.fullmatch(text.strip(" .:"))), None)
    is_list = len(entries) >= max(_MIN_ENTRIES, 0.4 * len(texts)) and _ascends(entries)
    if is_list and (title is not None or n_leaders >= 0.5 * len(entries)):
        first = entries[0].line if title is None else min(title, entries[0].line)
        found.update(page_lines[first : entries[-1].line + 1])
    return found


def _entry(i: int, text: str) -> _Entry | None:
    reference = _PAGE_REFERENCE.search(text, max(0, len(text) - 10))
    if reference is None:
        return None
    before = text[: reference.start()]
    title = before.rstrip(_LEADER_CHARACTERS)
    if not title:
        return None
    gap = before[len(title) :].replace(" ", "").replace("\t", "")
    number = int(reference.group(1)) if reference.group(1).isdecimal() else None
    return _Entry(i, number, len(gap) >= 4 or gap.count("\u2026") >= 2)


def _ascends(entries: list[_Entry]) -> bool:
    """Whether the page numbers hardly ever fall."""
    numbers = [entry.number for entry in entries if entry.number is not None]
    steps = list(pairwise(numbers))
    return sum(a <= b for a, b in steps) >= 0.8 * len(steps)


def _join(page_lines: list[Span], found: set[Span]) -> Iterator[Span]:
    start: int | None = None
    end = 0
    for span in page_lines:
        if span in found:
            start, end = span.start_char if start is None else start, span.end_char
        elif start is not None:
            yield Span(start, end)
            start = None
    if start is not None:
        yield Span(start, end)
