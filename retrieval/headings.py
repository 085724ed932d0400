"""Which lines of plain text are headings, where a reader could not say; and the path of headings down a document.

Only lines that hardly can be anything else: numbered ("3.2 Results", "Chapter 4", "Appendix B"), or in capitals or
title case on a line of their own before running text. A miss costs a little context, a wrong one misleads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docqa.documents import Region, Span
from docqa.text import blocks

_MAX_CHARS = 90
_MAX_WORDS = 12
_UNNUMBERED_LEVEL = 7  # below every numbered heading
_NUMBERED = re.compile(
    r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?=[^\W\d_a-z])[^\d\W]"
    r"|(?P<letter>[A-Z](?:\.\d{1,2}){1,3}|[A-Z])\.\s+(?=[^\W\d_a-z])\w{3}"
    r"|(?P<roman>[IVX]{1,5})\.\s+(?=[^\W\d_a-z])\w{3}"
    r"|(?P<part>(?:Chapter|CHAPTER|Part|PART|Appendix|APPENDIX|Section|SECTION|ITEM|Item|Article|ARTICLE|Annex|ANNEX|Kapitel|Chapitre|"
    r"Capítulo|Capitolo|Глава)\s+(?:\d{1,3}[A-Z]?|[IVXLC]{1,6}|[A-Z])\b)"
)
_REFERENCES = re.compile(
    r"(?:[\dIVX.]+ )?(?:references|bibliography|works cited|literature(?: cited)?|citations)(?: and notes)?[.:]?",
    re.IGNORECASE,
)
_JOINING = frozenset("and und et y e de van von der den la le di da del dos".split())
_LISTED = re.compile(r"\[\d{1,4}\]\s+[^\W\d_a-z]")
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d[a-z]?\b")
_MINOR = frozenset({
    "a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "into", "of", "on", "or", "over", "the", "to",
    "under", "vs", "with", "without", "de", "des", "du", "et", "la", "le", "les", "und", "der", "die", "das", "für",
    "von", "del", "el", "en", "los", "las", "y", "e", "da", "do", "di",
})  # fmt: skip


def detect_headings(text: str) -> tuple[Region, ...]:
    """The heading lines of a page's text, in order, as `heading` regions with their level (1 is the highest)."""
    page_blocks = blocks(text)
    found = []
    for i, span in enumerate(page_blocks):
        level = _level(text[span.start_char : span.end_char], _text_after(text, page_blocks, i))
        if level and (level < _UNNUMBERED_LEVEL or _stands_free(text, page_blocks, i)):
            found.append(Region("heading", *span, level=level))
    return tuple(found)


def is_surely_heading(line: str) -> bool:
    """Whether a line is a heading whatever stands around it: in capitals, and numbered otherwise than by figures alone.

    >>> [is_surely_heading(line) for line in ("VIII. CONCLUSION", "Install the pump", "15 MW")]
    [True, False, False]
    """
    match = _NUMBERED.match(line)
    fits = len(line) <= _MAX_CHARS and line[-1:] not in ".,;:!?"
    return fits and line.isupper() and match is not None and match.lastgroup != "number"


def is_reference(sentence: str, headings: Sequence[str]) -> bool:
    """Whether a sentence belongs to a list of references: by the heading above it, or by its number in brackets.

    >>> is_reference("[12] A. Bell, “On pumps,” 2021.", ()), is_reference("[12] shows how pumps wear.", ())
    (True, False)
    """
    listed = _LISTED.match(sentence) is not None and _YEAR.search(sentence) is not None
    return listed or any(_REFERENCES.fullmatch(heading.strip()) for heading in headings[-1:])


def is_like_names(line: str) -> bool:
    """Whether a line may be the names of people: words with capitals alone, joined by commas, initials and "and".

    >>> [is_like_names(line) for line in ("Ada B. Marsh, Ola Vik and Tom Reed2", "On the Art of Salt", "SALT WORKS")]
    [True, False, False]
    """
    words = re.findall(r"[^\s,;&]+", line)
    names = [word for word in words if word not in _JOINING]
    capital = all(word[0].isupper() and any(c.islower() or c == "." for c in word) for word in names)
    return len(names) > 1 and capital and words[-1] not in _JOINING and line[-1] not in ":!?"


def _stands_free(text: str, page_blocks: Sequence[Span], i: int) -> bool:
    """Whether what stands above is finished: the page's top, a blank line or a stop."""
    if i == 0:
        return True
    above = page_blocks[i - 1].end_char
    return text[above - 1] in ".!?:)\u201d" or "\n\n" in text[above : page_blocks[i].start_char].replace(" ", "")


def _text_after(text: str, page_blocks: Sequence[Span], i: int) -> str:
    if i + 1 == len(page_blocks):
        return ""
    return text[page_blocks[i + 1].start_char : page_blocks[i + 1].end_char]


def _level(line: str, after: str) -> int:
    """The level of a heading, 0 when the block is none."""
    if "\n" in line or "\t" in line or len(line) > _MAX_CHARS or line[-1] in ".,;:!?" or not after or "\t" in after:
        return 0
    words = line.split()
    if len(words) > _MAX_WORDS or "..." in line or words[-1].isdigit():
        return 0
    match = _NUMBERED.match(line)
    if match and (len(after) > 80 or not words[0].isdecimal()):  # "26 Main Street" in a list of addresses
        return _numbered_level(match)
    n_letters = sum(c.isalpha() for c in line)
    runs_on = len(after) > 80 and n_letters >= 4 and n_letters > 0.7 * len(line.replace(" ", ""))
    return _UNNUMBERED_LEVEL if runs_on and (line.isupper() or _is_title_case(words)) else 0


def _numbered_level(match: re.Match[str]) -> int:
    name = match.lastgroup or ""
    if name in ("number", "letter"):
        return match.group(name).count(".") + 1
    return 1


def _is_title_case(words: Sequence[str]) -> bool:
    return words[0][0].isupper() and all(word[0].isupper() or word.casefold() in _MINOR for word in words)


class HeadingPath:
    """The headings above the place that has been reached, carried from page to page."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> None:
        """Reach a heading: it closes those of its own level and below."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, " ".join(title.split())))

    def titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._open)
