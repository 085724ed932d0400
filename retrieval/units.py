"""What passages are made of: sentences, table rows and headings of one page, in order, without its furniture."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from docqa.documents import Page, Region, Span
from docqa.text import blocks, count_words, lines, sentences

MAX_UNIT_WORDS = 250
MAX_UNIT_CHARS = 2_000
_PIECE_CHARS = 600
_PIECE_BORDERS = ("\n", "\t", "; ", ": ", ", ", "\u3001", "\uff0c", "\u060c", " ")

UnitKind = Literal["sentence", "row", "heading"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a page that passages never cut. `table` numbers the table of a row within the page."""

    start_char: int
    end_char: int
    n_words: int
    kind: UnitKind = "sentence"
    opens_paragraph: bool = False
    level: int = 0
    table: int = -1
    title: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A stretch whose role is known; `rank` decides where stretches overlap, the lowest wins."""

    rank: int
    span: Span
    unit: Unit | None = None


def page_units(page: Page, furniture: Sequence[Span], headings: Sequence[Region]) -> list[Unit]:
    """The units of a page in order. Hidden text and furniture are left out, everything else is in exactly one unit."""
    excluded = [*furniture, *(_span(r) for r in page.regions if r.kind in ("furniture", "hidden"))]
    claims = [_Claim(0, span) for span in excluded]
    claims += [_Claim(1, Span(u.start_char, u.end_char), u) for u in _rows(page)]
    claims += [_Claim(2, _span(r), _heading(page.text, r)) for r in headings]
    borders = sorted({edge for r in page.regions if r.kind == "paragraph" for edge in (r.start_char, r.end_char)})
    units: list[Unit] = []
    position = 0
    for claim in _without_overlaps(claims):
        units += _text_units(page.text, position, claim.span.start_char, borders)
        units += _pieces(page.text, claim.unit) if claim.unit else []
        position = claim.span.end_char
    return units + _text_units(page.text, position, len(page.text), borders)


def _span(region: Region) -> Span:
    return Span(region.start_char, region.end_char)


def _heading(text: str, region: Region) -> Unit:
    start, end = _span(region)
    return Unit(start, end, count_words(text[start:end]), "heading", opens_paragraph=True, level=region.level or 1)


def _rows(page: Page) -> Iterator[Unit]:
    """The rows of all tables; a table of which the reader named no rows is cut at its lines."""
    tables = sorted((r for r in page.regions if r.kind == "table"), key=lambda r: r.start_char)
    rows = sorted((r for r in page.regions if r.kind == "row"), key=lambda r: r.start_char)
    starts = [table.start_char for table in tables]
    with_rows = set()
    for row in rows:
        i = bisect_right(starts, row.start_char) - 1
        inside = i >= 0 and row.end_char <= tables[i].end_char
        with_rows.add(i if inside else -1)
        yield _row(page.text, _span(row), tables[i] if inside else row, i if inside else len(tables))
    for i, table in enumerate(tables):
        if i not in with_rows:
            for span in lines(page.text[table.start_char : table.end_char], table.start_char):
                yield _row(page.text, span, table, i)


def _row(text: str, span: Span, table: Region, number: int) -> Unit:
    n_words = count_words(text[span.start_char : span.end_char])
    return Unit(*span, n_words, "row", table=number, title=table.title, header=table.header)


def _without_overlaps(claims: Sequence[_Claim]) -> list[_Claim]:
    """In order of position; where two overlap, the one with the lower rank keeps all, the other what is outside."""
    kept: list[_Claim] = []
    for claim in sorted(claims, key=lambda c: (c.span.start_char, c.rank)):
        last = kept[-1] if kept else None
        if claim.span.end_char <= claim.span.start_char:
            continue
        if last is None or claim.span.start_char >= last.span.end_char:
            kept.append(claim)
        elif claim.rank < last.rank:
            kept[-1:] = (
                []
                if claim.span.start_char <= last.span.start_char
                else [_trimmed(last, last.span.start_char, claim.span.start_char)]
            )
            kept.append(claim)
        elif claim.span.end_char > last.span.end_char:
            kept.append(_trimmed(claim, last.span.end_char, claim.span.end_char))
    return kept


def _trimmed(claim: _Claim, start: int, end: int) -> _Claim:
    unit = claim.unit and replace(claim.unit, start_char=start, end_char=end)
    return _Claim(claim.rank, Span(start, end), unit)


def _text_units(text: str, start: int, end: int, borders: Sequence[int]) -> list[Unit]:
    """Sentences between two offsets; a paragraph's border, where the reader knows it, is a sentence's too."""
    if start >= end or text[start:end].isspace():
        return []
    units: list[Unit] = []
    for stop in (*(b for b in borders[bisect_right(borders, start) :] if b < end), end):
        piece = text[start:stop]
        openings = {span.start_char for span in blocks(piece, start)}
        for span in sentences(piece, start):
            n_words = count_words(text[span.start_char : span.end_char])
            units += _pieces(text, Unit(*span, n_words, opens_paragraph=span.start_char in openings))
        start = stop
    return units


def _pieces(text: str, unit: Unit) -> list[Unit]:
    """The unit itself without white space at its ends, or, when it is too long to be read or encoded, its pieces."""
    raw = text[unit.start_char : unit.end_char]
    piece = raw.strip()
    if not piece:
        return []
    start = unit.start_char + len(raw) - len(raw.lstrip())
    if unit.n_words <= MAX_UNIT_WORDS and len(piece) <= MAX_UNIT_CHARS:
        return [replace(unit, start_char=start, end_char=start + len(piece))] if len(piece) != len(raw) else [unit]
    kind: UnitKind = "row" if unit.kind == "row" else "sentence"
    return [
        replace(
            unit,
            start_char=a,
            end_char=b,
            n_words=count_words(text[a:b]),
            kind=kind,
            opens_paragraph=i == 0 and unit.opens_paragraph,
        )
        for i, (a, b) in enumerate(_cut(text, start, start + len(piece)))
    ]


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    """Pieces of about `_PIECE_CHARS`, cut at a line's end, a cell, a clause or a space, or anywhere when there is
    none."""
    while end - start > _PIECE_CHARS * 3 // 2:
        found = (
            text.rfind(border, start + _PIECE_CHARS // 2, start + _PIECE_CHARS) + len(border)
            for border in _PIECE_BORDERS
        )
        cut = next((at for at in found if at > start + _PIECE_CHARS // 2), start + _PIECE_CHARS)
        piece = text[start:cut]
        yield Span(start, start + len(piece.rstrip()))
        start = _SPACES.match(text, cut).end()  # type: ignore[union-attr]
    yield Span(start, end)


_SPACES = re.compile(r"\s*")
