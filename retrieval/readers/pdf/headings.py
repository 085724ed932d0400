"""Find the headings of a page from the file's outline, the size and weight of type, and numbering.

Precision comes before recall: a missed heading costs a passage part of its path, a false one misleads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from docqa.documents import Region
from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.cleaning import HYPHEN
from docqa.retrieval.readers.pdf.mapped_text import MappedText, RawSpan
from docqa.retrieval.readers.pdf.page_chars import PageChars, RawLine

_MAX_CHARS = 120
_MAX_WORDS = 16
_MAX_LINES = 3
_LARGER = 1.12
_NUMBERED = re.compile(
    r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?![a-z])[^\W\d_]|(?P<part>(?:Part|PART|Chapter|CHAPTER)\s+[IVX\d]+\b)"
    r"|(?P<item>(?:Item|ITEM|Section|SECTION|Article|ARTICLE|Appendix|APPENDIX|Annex)\s+[\dA-Z]{1,3}\b)|(?P<letter>[A-Z](?:\.\d{1,2}){0,3}\.?\s+[A-Z][a-z])"
)
_SENTENCE_END = re.compile(r"[.;,]$")
# Lines that look like headings and are none: captions, running heads with dates or page counts, names with initials,
# rules of dashes, entries of a list of contents.
_NO_HEADING = re.compile(
    r"(?:Figure|Fig\.|Table|FIGURE|TABLE)\s+[A-Z]?\d|Page \d+\b|\d{1,2}/\d{1,2}/\d{2,4}\b|Version \d"
    r"|.*\b\d{1,2}:\d\d\s?[AP]M\b|[A-Z]\. [A-Z][a-z]+(?: \(\w+\))?$|[A-Z]\. [A-Z][a-z]+ [A-Z][a-z]+(?: \(\w+\))?$"
    r"|.*[\u2013\u2014_\u2026=|]\s*$|.*\.{4}|[A-Z][\w-]+(?: [A-Z]\.)? [A-Z][\w-]+[\d*\u2020\u2021]+ ?,"
    r"|(?:\S+ ){5,}\S*:$"
)
_ENTRY_OF_CONTENTS = re.compile(r".*[^\W\d_].*\s\d{1,3}$")
_MAX_ENTRIES = 2
_BOLD_NAME = re.compile(r"bold|black|heavy|semibold|demi|[-,]bd|medi(?:um)?$|cmbx|-b$", re.IGNORECASE)
_BOLD_WEIGHT = 600

Outline = Sequence[tuple[int, str]]
"""The outline entries that point to one page: level from 1 and title."""


class _TypeLine(NamedTuple):
    """A line with its text, its size and the raw index of its first glyph. `level` is that of a heading, or 0."""

    line: RawLine
    text: str
    size: float
    first: int
    level: int = 0


def headings(
    chars: PageChars, lines: Sequence[RawLine], mapped: MappedText, outline: Outline, taken: Sequence[Region] = ()
) -> tuple[Region, ...]:
    """Return the headings of a page; lines inside the `taken` regions (tables) are none."""
    typed = [t for line in lines if (t := _type_line(chars, line)) is not None]
    body = _body_size(typed)
    titles = {_key(title): level for level, title in outline}
    found = [t._replace(level=level) for i, t in enumerate(typed) if (level := _level(chars, typed, i, body, titles))]
    if not found:
        return ()
    found = _with_their_second_lines(typed, [t for t in found if not _NO_HEADING.match(t.text)], body)
    if sum(_is_entry(t, titles) for t in found) > _MAX_ENTRIES:
        found = [t for t in found if not _is_entry(t, titles)]
    if len(found) > max(4, 0.3 * len(typed)):
        found = [t for t in found if _key(t.text) in titles] or found[:1]
    return tuple(_regions(typed, found, mapped, taken))


def _type_line(chars: PageChars, line: RawLine) -> _TypeLine | None:
    printed = chars.raw[line.span.start : line.span.end]
    text = printed.strip()
    if not text:
        return None
    first = line.span.start + printed.index(text[0])
    size = pdfium.displayed_size(chars.text, chars.char(first))
    if line.n_stretches > 1 and not text[0].isalpha():  # a raised figure is smaller than what follows it
        size = max(size, pdfium.displayed_size(chars.text, chars.char(_last_glyph(chars.raw, line.span))))
    return _TypeLine(line, text, size, first)


def _with_their_second_lines(typed: Sequence[_TypeLine], found: list[_TypeLine], body: float) -> list[_TypeLine]:
    """Drop lines larger than the body that are running text all the same, and add the second lines of headings.

    More than three lines of one size on end are running text: a page's tables may be set smaller and hold more of it.
    """
    heads = {t.first: t for t in found}
    for _, group in groupby(typed, key=lambda t: round(2 * t.size)):
        run = list(group)
        if run[0].size < _LARGER * body or not any(t.first in heads for t in run):
            continue
        if len(run) > _MAX_LINES and any(t.text[0].islower() for t in run):
            for t in run:
                if t.first in heads and not _NUMBERED.match(t.text):
                    del heads[t.first]
            continue
        for above, t in pairwise(run):
            goes_on = t.text[0].islower() and t.first not in heads and above.first in heads
            if goes_on and t.line.box.y0 - above.line.box.y1 < above.size:
                heads[t.first] = t._replace(level=heads[above.first].level)
    return [heads[t.first] for t in typed if t.first in heads]


def _is_entry(t: _TypeLine, titles: Mapping[str, int]) -> bool:
    """Whether a line looks like an entry of a list of contents: a title and a page number."""
    return _ENTRY_OF_CONTENTS.match(t.text) is not None and _key(t.text) not in titles


def _body_size(typed: Sequence[_TypeLine]) -> float:
    """Return the size in which most characters of the page are set."""
    sizes: Counter[float] = Counter()
    for t in typed:
        sizes[round(t.size * 2) / 2] += len(t.text)
    return max(sizes.items(), key=lambda item: (item[1], -item[0]))[0] if sizes else 0.0


def _key(title: str) -> str:
    return "".join(c for c in title.casefold() if c.isalnum())


def _level(chars: PageChars, typed: Sequence[_TypeLine], i: int, body: float, titles: Mapping[str, int]) -> int:
    """Return the level of a line as a heading, 0 if it is none."""
    t = typed[i]
    is_larger = t.size >= _LARGER * body
    is_short = len(t.text) <= _MAX_CHARS and not t.text[0].islower()
    if not is_short or not (titles or is_larger or t.size >= 0.97 * body):
        return 0
    if titles and (level := _outline_level(_key(t.text), titles)):
        return level if _could_be_heading(t.text) else 0
    numbered = _NUMBERED.match(t.text)
    level = 0
    if is_larger and t.text[0].isalnum() and len(typed) >= 4 and (numbered or not _SENTENCE_END.search(t.text)):
        level = _number_level(numbered) if numbered else _size_level(t.size / body)
    elif not is_larger and t.size >= 0.97 * body and not _SENTENCE_END.search(t.text):
        level = _bold_level(chars, typed, i, numbered)
    return level + max(titles.values(), default=0) if level and _could_be_heading(t.text) else 0


def _bold_level(chars: PageChars, typed: Sequence[_TypeLine], i: int, numbered: re.Match[str] | None) -> int:
    """Return the level of a bold line of body size, by its number or because it stands alone; 0 for others."""
    t = typed[i]
    if numbered:
        return _number_level(numbered) if _is_bold(chars, t) else 0
    if not (_may_stand_alone(typed, i) and _is_bold(chars, t)) or _bold_at(chars, chars.char(typed[i + 1].first)):
        return 0
    return 3 if t.text.isupper() else 4


def _outline_level(key: str, titles: Mapping[str, int]) -> int:
    return titles.get(key) or _prefix_level(key, titles)


def _prefix_level(key: str, titles: Mapping[str, int]) -> int:
    """Return the level of the outline title that this line begins or numbers ("3 Methods" for "Methods")."""
    if len(key) < 6:
        return 0
    return next(
        (n for k, n in titles.items() if len(k) >= 6 and (k.startswith(key) or key.lstrip("0123456789") == k)), 0
    )


def _could_be_heading(text: str) -> bool:
    n_letters = sum(c.isalpha() for c in text)
    return (
        n_letters >= 3
        and n_letters >= 0.5 * len(text.replace(" ", ""))
        and text.count(" ") < _MAX_WORDS
        and not text.endswith(("-", ";", ",", HYPHEN))
    )


def _number_level(numbered: re.Match[str]) -> int:
    if numbered["part"]:
        return 1
    if numbered["item"]:
        return 2
    return 1 + (numbered["number"] or numbered["letter"].split()[0].rstrip(".")).count(".")


def _size_level(ratio: float) -> int:
    return 1 if ratio >= 1.7 else 2 if ratio >= 1.3 else 3


def _is_bold(chars: PageChars, t: _TypeLine) -> bool:
    """Whether both ends of a line are set in a bold face."""
    ends = (t.first, _last_glyph(chars.raw, t.line.span))
    return all(_bold_at(chars, chars.char(i)) for i in ends)


def _last_glyph(raw: str, span: RawSpan) -> int:
    return next((i for i in range(span.end - 1, span.start, -1) if raw[i].isalnum()), span.start)


def _bold_at(chars: PageChars, index: int) -> bool:
    name = pdfium.font_name(chars.text, index)
    return bool(_BOLD_NAME.search(name)) or (not name and pdfium.font_weight(chars.text, index) >= _BOLD_WEIGHT)


def _may_stand_alone(typed: Sequence[_TypeLine], i: int) -> bool:
    """Whether a line is short and followed by a line of running text."""
    text = typed[i].text
    if i + 1 >= len(typed) or len(text) > 80 or text[-1] in ".:" or text.count(",") > 1 or text.count(" ") > 9:
        return False
    following = typed[i + 1].text
    return len(following) >= 40 and following.count(" ") >= 7


def _regions(
    typed: Sequence[_TypeLine], found: Sequence[_TypeLine], mapped: MappedText, taken: Sequence[Region]
) -> list[Region]:
    regions: list[Region] = []
    position = {id(t.line): i for i, t in enumerate(typed)}
    numbered = [(position[id(t.line)], t) for t in found]
    for _, run in groupby(enumerate(numbered), key=lambda e: (e[1][0] - e[0], e[1][1].level, round(e[1][1].size))):
        members = [t for _, (_, t) in run]
        for part in [members] if len(members) <= _MAX_LINES else [[m] for m in members]:
            region = _region(part, mapped)
            if region is not None and not any(_overlap(region, r) for r in taken):
                regions.append(region)
    return sorted(regions, key=attrgetter("start_char"))


def _region(part: Sequence[_TypeLine], mapped: MappedText) -> Region | None:
    raw = RawSpan(min(t.line.span.start for t in part), max(t.line.span.end for t in part))
    chars = mapped.chars_of(raw)
    if chars is None or chars[1] - chars[0] > 2 * _MAX_CHARS:
        return None
    return Region("heading", *chars, level=part[0].level)


def _overlap(a: Region, b: Region) -> bool:
    return a.start_char < b.end_char and b.start_char < a.end_char
