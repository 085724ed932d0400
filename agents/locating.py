"""Where the words of a quote really stand: the verdict of a quote against documents, without any model.

`verbatim`: these words at the place that was claimed; white space, soft hyphens and the shape of quotation marks aside.
`close`: nearly these words there, and no number, date, name or negation changed; the span is that of the real words.
`other_page`, `other_document`: verbatim, elsewhere. `stitched`: pieces of it stand verbatim in several places.
`absent`: anything else. Whatever cannot be decided is `absent`: a doubtful quote is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from docqa.agents.alignment import close_match
from docqa.answers import Citation, Verdict
from docqa.documents import Document, Page, Span

MIN_SIMILARITY = 0.9
_MIN_PIECE_WORDS = 3
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*")
_HAN = re.compile("[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")  # every character is a word
_HAN_NEGATIONS = frozenset("不没沒無无非未勿莫別别")
_ALIKE = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-", "–": "-", "—": "-"}
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Where a quote is said to stand: a document's id or name, and the 0-based part; "" and None where nothing is said.

    `start_char` tells apart several places on one page that have the same words.
    """

    document: str = ""
    part: int | None = None
    start_char: int | None = None


@dataclass(frozen=True, slots=True)
class Located:
    """The verdict with the place of the real words: document id, part and span of its page; None for no place."""

    verdict: Verdict
    document_id: str = ""
    part: int | None = None
    span: Span | None = None
    similarity: float = 0.0


class _Plain:
    """A page's text with single blanks, plain quotation marks and no soft hyphens, and where each character was."""

    def __init__(self, text: str) -> None:
        signs: list[str] = []
        self._offsets: list[int] = []
        for offset, sign in enumerate(text.translate(_ALIKE)):
            if sign == "\u00ad":
                continue
            if sign.isspace():
                if signs and signs[-1] != " ":
                    signs.append(" ")
                    self._offsets.append(offset)
                continue
            signs.append(sign)
            self._offsets.append(offset)
        self.text = "".join(signs)

    def span(self, start: int, end: int) -> Span:
        """The span of the page that stands behind these characters."""
        return Span(self._offsets[start], self._offsets[end - 1] + 1)


@dataclass(frozen=True, slots=True)
class _Place:
    document: Document
    page: Page
    plain: _Plain


class Locator:
    """Looks quotes up in documents; the pages are prepared once, when they are first needed."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = tuple(documents)

    @cached_property
    def _places(self) -> list[_Place]:
        return [_Place(document, page, _Plain(page.text)) for document in self._documents for page in document.pages]

    def locate(self, quote: str, claimed: Claimed, *others: Claimed) -> Located:
        """Find the words of a quote, first where they are said to stand, then everywhere else.

        With `others` they may stand in any of these places ("pp. 3-4", or a page of which only the label is given).
        """
        words = _Plain(quote).text.strip()
        if not words:
            return Located("absent")
        here = [place for place in self._places if any(_is_claimed(place, c) for c in (claimed, *others))]
        for place in here:
            span = _nearest(_occurrences(words, place), claimed.start_char)
            if span is not None:
                return _at("verbatim", place, span)
        for place in self._places:
            span = next(_occurrences(words, place), None)
            if span is not None:
                same = any(c.document in ("", place.document.id, place.document.name) for c in (claimed, *others))
                return _at("other_page" if same else "other_document", place, span)
        return _closest(words, here) or _stitched(words, self._places) or Located("absent")

    def relocate(self, citation: Citation) -> Located:
        """The verdict of a saved citation; a quote of another version of the file counts as another document's."""
        return self.locate(citation.quote, Claimed(citation.sha256, citation.part, citation.start_char))


def _is_claimed(place: _Place, claimed: Claimed) -> bool:
    named = claimed.document in ("", place.document.id, place.document.name)
    return named and claimed.part in (None, place.page.index)


def _at(verdict: Verdict, place: _Place, span: Span, similarity: float = 1.0) -> Located:
    return Located(verdict, place.document.id, place.page.index, span, similarity)


def _occurrences(words: str, place: _Place) -> Iterator[Span]:
    """Where the words stand on a page as whole words: "1,93" does not stand in "1,932", nor "able" in "unable"."""
    text = place.plain.text
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not _cuts_a_word(text, start) and not _cuts_a_word(text, end):
            yield place.plain.span(start, end)
        start = text.find(words, start + 1)


def _cuts_a_word(text: str, border: int) -> bool:
    """Whether a border lies inside of a word or a number ("4.2", "1,932", "-5", "5 %")."""
    if border in (0, len(text)):
        return False
    before, after = text[border - 1], text[border]
    if before.isalnum() and after.isalnum():
        return before in _HAN_NEGATIONS or not (_HAN.match(before) or _HAN.match(after))
    around = text[max(0, border - 2) : border + 2]
    return bool(re.search(r"\d[.,]\d|(?:^|\W)[-+]\d", around)) and not (before.isspace() or after.isspace())


def _nearest(spans: Iterator[Span], start_char: int | None) -> Span | None:
    wanted = start_char or 0
    return min(spans, key=lambda span: abs(span.start_char - wanted), default=None)


def _closest(words: str, places: Sequence[_Place]) -> Located | None:
    """The best near match on the claimed pages, snapped to the real words."""
    best: Located | None = None
    for place in places:
        found = close_match(words, place.plain.text, MIN_SIMILARITY)
        if found is not None and (best is None or found.similarity > best.similarity):
            best = _at("close", place, place.plain.span(found.start, found.end), found.similarity)
    return best


def _stitched(words: str, places: Sequence[_Place]) -> Located | None:
    """Whether the quote falls into pieces of three words and more that each stand somewhere verbatim."""
    pieces = [piece for piece in _ELLIPSIS.split(words) if piece]
    found = [_covered(piece.split(" "), places) for piece in pieces]
    if not found or not all(found):
        return None
    return Located("stitched")


def _covered(words: Sequence[str], places: Sequence[_Place]) -> bool:
    """Whether the words can be cut into runs of at least three (or all of them) that each stand on a page."""
    start = 0
    while start < len(words):
        end = _longest_run(words, start, places)
        if end - start < min(_MIN_PIECE_WORDS, len(words)):
            return False
        start = end
    return True


def _longest_run(words: Sequence[str], start: int, places: Sequence[_Place]) -> int:
    """The end of the longest run of words from `start` that stands on a page."""
    end = start
    candidates = list(places)
    while end < len(words):
        run = " ".join(words[start : end + 1])
        candidates = [place for place in candidates if next(_occurrences(run, place), None) is not None]
        if not candidates:
            break
        end += 1
    return end
