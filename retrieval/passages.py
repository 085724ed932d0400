"""Numbered passages of about 110 words on sentence borders, never across a page: what is retrieved, read and cited.

A passage stays within one section and one table, knows the path of headings above it and the header row of its table,
and leaves out furniture and hidden text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from docqa.documents import Page, Passage, Region, Span
from docqa.retrieval.furniture import Furniture
from docqa.retrieval.headings import HeadingPath, detect_headings
from docqa.retrieval.units import Unit, page_units

VERSION = "1"  # changes whenever the same pages would give other passages

TARGET_WORDS = 110
_MAX_PARAGRAPH_WORDS = 165  # a paragraph up to here is one passage, a longer one is cut into equal parts
_MAX_JOINED_WORDS = 138  # several paragraphs share a passage up to here
_OPEN_WORDS = 45  # a passage with fewer words takes the beginning of a paragraph that it cannot hold as a whole
_SHORT_WORDS = 30  # a tail with fewer words joins what stands before it
_NO_FURNITURE = Furniture()


@dataclass(slots=True)
class _Draft:
    """A passage in the making; all of its units follow each other on one page."""

    headings: tuple[str, ...] = ()
    units: list[Unit] = field(default_factory=list)
    target_words: float = TARGET_WORDS

    @property
    def n_words(self) -> int:
        return sum(unit.n_words for unit in self.units)

    @property
    def only_headings(self) -> bool:
        return all(unit.kind == "heading" for unit in self.units)


def split(document_id: str, pages: Iterable[Page], furniture: Furniture = _NO_FURNITURE) -> Iterator[Passage]:
    """The passages of a document, in order, numbered from 0; reads one page at a time."""
    splitter = _Splitter(furniture)
    number = 0
    for page in pages:
        for draft in splitter.drafts(page):
            yield _passage(document_id, number, page, draft)
            number += 1


class _Splitter:
    """Carries the headings from page to page."""

    def __init__(self, furniture: Furniture) -> None:
        self._furniture = furniture
        self._path = HeadingPath()
        self._reader_knows_headings = False

    def drafts(self, page: Page) -> list[_Draft]:
        units = page_units(page, self._furniture.spans(page), self._headings(page))
        return _join_tails(page.text, self._grouped(page, units))

    def _headings(self, page: Page) -> Sequence[Region]:
        known = [region for region in page.regions if region.kind == "heading"]
        self._reader_knows_headings = self._reader_knows_headings or bool(known)
        return known if self._reader_knows_headings else detect_headings(page.text)

    def _grouped(self, page: Page, units: Sequence[Unit]) -> list[_Draft]:
        drafts: list[_Draft] = []
        for unit, n_ahead in zip(units, _words_ahead(units), strict=True):
            if unit.kind == "heading":
                self._path.enter(unit.level, page.text[unit.start_char : unit.end_char])
            if not drafts or not _continues(page.text, drafts[-1], unit, n_ahead):
                drafts.append(_Draft(target_words=drafts[-1].target_words if drafts else TARGET_WORDS))
            draft = drafts[-1]
            if unit.kind == "row":
                draft.target_words = TARGET_WORDS
            elif unit.opens_paragraph:
                draft.target_words = _target(draft.n_words, n_ahead)
            draft.units.append(unit)
            draft.headings = self._path.titles() or _place(page)
        return drafts


def _words_ahead(units: Sequence[Unit]) -> list[int]:
    """For each unit the words from there to the end of its paragraph."""
    ahead: list[int] = []
    n_words = 0
    for unit in reversed(units):
        n_words += unit.n_words
        ahead.append(n_words)
        if unit.opens_paragraph or unit.kind != "sentence":
            n_words = 0
    return ahead[::-1]


def _target(n_before: int, n_paragraph: int) -> float:
    """How long a passage of `n_before` words may grow when it takes a paragraph."""
    if n_before:
        return _MAX_JOINED_WORDS if n_before + n_paragraph <= _MAX_JOINED_WORDS else TARGET_WORDS
    if n_paragraph <= _MAX_PARAGRAPH_WORDS:
        return _MAX_PARAGRAPH_WORDS
    return n_paragraph / round(n_paragraph / TARGET_WORDS)


def _place(page: Page) -> tuple[str, ...]:
    """What a part of a format without pages is called ("sheet Sales"), as its heading; a slide's number is no
    subject."""
    return (page.place,) if page.number is None and page.place and not page.place.startswith("slide ") else ()


def _continues(text: str, draft: _Draft, unit: Unit, n_ahead: int) -> bool:
    """Whether a unit belongs to the passage before it; `n_ahead` words follow up to the end of its paragraph."""
    last = draft.units[-1]
    if not _adjoins(text, last, unit):
        return False
    if draft.only_headings:
        return True
    if unit.kind == "heading" or unit.table != last.table or unit.header != last.header:
        return False
    n_words = draft.n_words
    if unit.opens_paragraph:
        return n_words < _OPEN_WORDS or n_words + n_ahead <= _MAX_JOINED_WORDS
    return n_words + unit.n_words / 2 <= draft.target_words


def _adjoins(text: str, last: Unit, unit: Unit) -> bool:
    """Whether nothing that was left out stands between two units."""
    between = text[last.end_char : unit.start_char]
    return not between or between.isspace()


def _join_tails(text: str, drafts: Sequence[_Draft]) -> list[_Draft]:
    """Let short ends of a section or page join the passage before, and headings that nothing follows too."""
    joined: list[_Draft] = []
    for draft in drafts:
        if joined and _is_tail(text, joined[-1], draft):
            joined[-1].units += draft.units
        else:
            joined.append(draft)
    return joined


def _is_tail(text: str, before: _Draft, draft: _Draft) -> bool:
    if not _adjoins(text, before.units[-1], draft.units[0]):
        return False
    if draft.only_headings:
        return True
    same = before.headings == draft.headings and before.units[-1].table == draft.units[0].table
    return same and draft.n_words < _SHORT_WORDS and before.n_words + draft.n_words < 1.5 * TARGET_WORDS


def _passage(document_id: str, number: int, page: Page, draft: _Draft) -> Passage:
    units = draft.units
    start, end = units[0].start_char, units[-1].end_char
    last = units[-1]
    title = " ".join(last.title.split())
    return Passage(
        document_id=document_id,
        number=number,
        page=page.index,
        start_char=start,
        end_char=end,
        text=page.text[start:end],
        sentences=tuple(Span(unit.start_char, unit.end_char) for unit in units),
        headings=(*draft.headings, title) if title and title not in draft.headings else draft.headings,
        header=last.header,
        kind="table" if any(unit.kind == "row" for unit in units) else "text",
    )
