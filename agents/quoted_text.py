"""Quotes with page numbers in somebody else's Markdown: what is quoted, where it is said to stand, what it is to prove.

Read are quotation marks ("…", “…”, „…“, «…») and blockquotes, each with the place that follows: `(p. 12)`, `[pp. 3-4]`,
`(report.pdf, p. 12)`, `— p. 12`, a footnote that names a page, or "On page 12, …" before it. A place without a quote is
kept with the sentence that it stands behind. Knows no document and checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from docqa.agents.markdown_blocks import Block, blocks
from docqa.documents import Span
from docqa.text import count_words, sentences

_MIN_WORDS_WITHOUT_PLACE = 5  # fewer words in quotation marks are a name or irony
_MAX_ATTRIBUTION_WORDS = 20
_LONGEST_RANGE = 50

_NUMBER = r"(?:\d{1,5}|[ivxlcdm]{1,8})\b"
_JOINT = r"\s*(?:[-–—,;&]|to|bis|and|und|et|y)\s*"
_PLACE = re.compile(
    r"(?:(?<![\w.])(?:pp?\.|pp?(?=\s?\d)|pages?|pgs?\.?|Seiten?|S\.|p[áa]gs?\.|p[áa]ginas?|pagin[ae]|стр\.|с\.)|#page=)\s*"
    rf"(?P<numbers>{_NUMBER}(?:{_JOINT}{_NUMBER}(?!\s*%))*)"
    r"(?:\s*\(PDF (?P<physical>\d{1,5})\))?",
    re.IGNORECASE,
)
_STRETCH = re.compile(rf"(?<!\w)(?P<first>{_NUMBER})(?:\s*(?:[-–—]|to|bis)\s*(?P<last>{_NUMBER}))?", re.IGNORECASE)
_BRACKETED = re.compile(r"\((?:[^()]|\([^()]*\))*\)|\[(?!\^)[^\[\]]*\]|（[^（）]*）")
_MARK = re.compile(r"\[(?:\^(?P<name>[^\]\s]{1,40})|(?P<number>\d{1,3}))\]")
_CITED_BEHIND = r"(?!\w)(?=[.,;:!?]?\s*(?:[(\[（—–|]|on p|p\.))"
_QUOTE = re.compile(
    r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|»([^«»]+)«|「([^「」]+)」|『([^『』]+)』|(?<!\w)\"([^\"]+)\""
    # single marks are apostrophes too: they enclose a quote only where a place follows
    rf"|(?<!\w)‘([^‘“”]{{9,}}?)’{_CITED_BEHIND}"
    rf"|(?<![\w'])'((?:[^'\"]|(?<=\w)'(?=\w)){{9,}})'{_CITED_BEHIND}"
)
_DASH_AND_SOURCE = re.compile(r"\s*(?:(?<!\d)[—–]|--|(?<=\s)-(?=\s))(?:[^—–]|(?<=\d)[—–](?=\d))*$")
_ENDED = re.compile(r".*[.!?…”\"»’]\s*", re.DOTALL)
_NOTHING = re.compile(r"[\s,.;:!?|—–-]*")
_TO_THE_PLACE = re.compile(
    r"[\s,]*(?:(?:on|at|in|from|see|cf\.|auf|sur|en|op|à)\s+)+|\s*(?:[—–]|--|-(?=\s))\s*(?:[^\s“”„«»\"]+\s+){1,8}",
    re.IGNORECASE,
)
_OUTSIDE = " \t,;:—–-()[]"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said to stand: page numbers or labels as written, and the words around them, which may name
    the document. `physical` is the page counted from the first one, where that is said."""

    pages: tuple[str, ...]
    said: str
    physical: int | None = None


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote ("" for a place behind a sentence that quotes nothing), its sentence, its place, and its 1-based line."""

    quote: str
    statement: str
    place: Place | None
    line: int


@dataclass(frozen=True, slots=True)
class _Reference:
    """A place with the stretch of the block in which it is written: in brackets, in none (`bare`), or in a `note`."""

    span: Span
    place: Place
    bare: bool = False
    note: bool = False


def quotes_in(markdown: str) -> tuple[Quoted, ...]:
    """Every quote with a place, every longer quote without one, and every place without a quote, in order."""
    found = blocks(markdown)
    notes = {block.name: block.text for block in found if block.kind == "footnote"}
    places = {name: None if _QUOTE.search(text) else _place(text) for name, text in notes.items()}
    quotes: list[Quoted] = []
    attribution: Block | None = None
    for number, block in enumerate(found):
        if block.kind == "quote":
            attribution = found[number + 1] if number + 1 < len(found) else None
            quote = _blockquote(block, attribution, places)
            attribution = attribution if quote.place is not None and not _at_end(block.text, places) else None
            quotes += [quote] if quote.place or _is_long(quote.quote) else []
        elif block is not attribution:
            found_here = _in_paragraph(block, places)
            quotes += [q for q in found_here if q.place or block.kind == "footnote" or _is_long(q.quote)]
    return tuple(quotes)


def _is_long(quote: str) -> bool:
    return count_words(quote) >= _MIN_WORDS_WITHOUT_PLACE


def _blockquote(block: Block, following: Block | None, notes: Mapping[str, Place | None]) -> Quoted:
    """A blockquote with the place at its end, or in a short paragraph behind it."""
    at_end = _at_end(block.text, notes)
    if at_end is not None:
        quote = _bare_words(_without_source(block.text[: at_end.span.start_char], at_end.bare))
        return Quoted(quote, quote, at_end.place, block.line)
    quote = _bare_words(block.text)
    place = None
    if following is not None and following.kind == "text" and _looks_like_attribution(following.text, notes):
        place = next(_references(following.text, notes)).place
    return Quoted(quote, quote, place, block.line)


def _without_source(text: str, bare: bool) -> str:
    """The words before a place without "— Survey, "; before one in brackets a dash may be the author's own."""
    found = _DASH_AND_SOURCE.search(text)
    if found is None or not (bare or _ENDED.fullmatch(text, 0, found.start())):
        return text
    return text[: found.start()]


def _at_end(text: str, notes: Mapping[str, Place | None]) -> _Reference | None:
    """The place with which a block ends."""
    last = next(reversed(list(_references(text, notes))), None)
    return last if last is not None and _NOTHING.fullmatch(text, last.span.end_char) else None


def _looks_like_attribution(text: str, notes: Mapping[str, Place | None]) -> bool:
    if len(text.split()) > _MAX_ATTRIBUTION_WORDS or _QUOTE.search(text) or _at_end(text, notes) is None:
        return False
    return text.startswith(("—", "–", "-", "(", "[")) or bool(_PLACE.match(text)) or not text.endswith((".", "!", "?"))


def _bare_words(text: str) -> str:
    """The text without quotation marks around the whole of it."""
    text = text.strip(_OUTSIDE) if text.strip().endswith(("—", "–", "-", "(", "[", ",")) else text.strip()
    whole = _QUOTE.fullmatch(text)
    return next(filter(None, whole.groups())).strip() if whole else text


def _in_paragraph(block: Block, notes: Mapping[str, Place | None]) -> Iterator[Quoted]:
    """The quotes of a paragraph, each with its place; then the places that stand behind no quote.

    Where a sentence has a footnote, that is its place, and a page in brackets is one that it speaks of.
    """
    text = block.text
    quotes = [(Span(*match.span()), next(filter(None, match.groups())).strip()) for match in _QUOTE.finditer(text)]
    references = [
        r
        for r in _references(text, notes)
        if not any(q.start_char < r.span.start_char and r.span.end_char < q.end_char for q, _ in quotes)
    ]
    around = _Sentences(text, [q for q, _ in quotes], references)
    notes_at = [match.start() for match in _MARK.finditer(text) if _name(match) in notes]
    references = [r for r in references if r.note or not around.has(r.span, notes_at)]
    used: set[Span] = set()
    for span, quote in quotes:
        reference = _reference_of(span, references, around)
        used |= {reference.span} if reference else set()
        yield Quoted(quote, around.text_at(span), reference.place if reference else None, block.line)
    for reference in references:
        if not reference.bare and reference.span not in used and (said := around.text_at(reference.span)):
            yield Quoted("", said, reference.place, block.line)


def _reference_of(quote: Span, references: Sequence[_Reference], around: _Sentences) -> _Reference | None:
    """The place of a quote: the next one of its sentence, else a bare one before it, else a bare one further on."""
    sentence, text = around.at(quote), around.text
    behind = [r for r in references if quote.end_char <= r.span.start_char <= sentence.end_char]
    for reference in behind:
        if not reference.bare or _NOTHING.fullmatch(text, quote.end_char, reference.span.start_char):
            return reference
    before = [r for r in references if r.bare and sentence.start_char <= r.span.start_char < quote.start_char]
    if before:
        return before[-1]
    return next((r for r in behind if _TO_THE_PLACE.fullmatch(text, quote.end_char, r.span.start_char)), None)


def _filler(sign: str) -> str:
    """A sign that ends no sentence, and may begin one where the other does."""
    return sign if sign.isspace() else "X" if sign.isupper() else "x"


class _Sentences:
    """The sentences of a paragraph, where neither quotes nor places end one; a place behind one belongs to it."""

    def __init__(self, text: str, quotes: Sequence[Span], references: Sequence[_Reference]) -> None:
        self.text = text
        signs = list(text)
        for start, end in quotes:
            signs[start + 1 : end - 1] = map(_filler, text[start + 1 : end - 1])
            if text[end - 2] in ".!?…" and text[end:].lstrip()[:1].isupper():
                signs[end - 2] = text[end - 2]
        for reference in references:
            start, end = reference.span
            stands_behind = text[:start].rstrip()[-1:] in ".!?…" and not reference.bare
            signs[start:end] = (" " if stands_behind else "x") * (end - start)
        masked = _MARK.sub(lambda match: " " * len(match.group()), "".join(signs))
        found = sentences(masked)
        ends = [span.start_char for span in found[1:]] + [len(text)]
        self._spans = [Span(span.start_char, end) for span, end in zip(found, ends, strict=True)]
        self._references = [r.span for r in references]

    def at(self, span: Span) -> Span:
        """The sentences that a stretch lies in or stands behind, as one."""
        touched = [s for s in self._spans if s.start_char < span.end_char and span.start_char < s.end_char]
        return Span(touched[0].start_char, touched[-1].end_char) if touched else Span(0, len(self.text))

    def has(self, span: Span, offsets: Sequence[int]) -> bool:
        """Whether one of these characters is in the sentence of a stretch."""
        start, end = self.at(span)
        return any(start <= offset < end for offset in offsets)

    def text_at(self, span: Span) -> str:
        """Their words, without places and quotation marks."""
        start, end = self.at(span)
        signs = list(self.text[start:end])
        for first, last in self._references:
            for i in range(max(first, start), min(last, end)):
                signs[i - start] = " "
        words = " ".join(_MARK.sub(" ", "".join(signs)).translate(NO_MARKS).split())
        return re.sub(r"\s+([,.;:!?])", r"\1", words)


NO_MARKS = {ord(mark): None for mark in '"“”„«»「」『』'}


def _references(text: str, notes: Mapping[str, Place | None]) -> Iterator[_Reference]:
    """Every place that is named in a text, in order."""
    found: list[_Reference] = []
    for match in _BRACKETED.finditer(text):
        place = _place(match.group())
        if place is not None:
            found.append(_Reference(Span(*match.span()), place))
    for match in _MARK.finditer(text):
        if (place := notes.get(_name(match))) is not None:
            found.append(_Reference(Span(*match.span()), place, note=True))
    for match in _PLACE.finditer(text):
        if not any(r.span.start_char <= match.start() < r.span.end_char for r in found):
            found.append(_Reference(Span(*match.span()), _place_of(match, text), bare=True))
    yield from sorted(found, key=lambda reference: reference.span)


def _name(mark: re.Match[str]) -> str:
    """The name of the note that a mark points to."""
    return mark["name"] or mark["number"]


def _place(text: str) -> Place | None:
    """The place in a bracket or a note; of several all pages will do."""
    found = [_place_of(match, text) for match in _PLACE.finditer(text)]
    if len(found) < 2:
        return found[0] if found else None
    return Place(tuple(dict.fromkeys(page for place in found for page in place.pages)), text)


def _place_of(match: re.Match[str], said: str) -> Place:
    pages = [page for stretch in _STRETCH.finditer(match["numbers"]) for page in _pages_of(stretch)]
    physical = match["physical"]
    return Place(tuple(dict.fromkeys(pages)), said, None if physical is None else int(physical))


def _pages_of(stretch: re.Match[str]) -> list[str]:
    """`3-5` are three pages; of a range of other numbers, or of many pages, only the ends count."""
    first, last = stretch["first"], stretch["last"]
    if last is None:
        return [first]
    if not (first.isdigit() and last.isdigit()):
        return [first, last]
    a, b = int(first), int(last)
    b = b if b >= a else int(first[: max(0, len(first) - len(last))] + last)  # "pp. 112-5"
    return list(map(str, range(a, b + 1))) if a <= b < a + _LONGEST_RANGE else [first, last]
