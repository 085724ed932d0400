"""Clean text that remembers which character of PDFium's text each of its characters came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Segment(NamedTuple):
    """A stretch of clean text and the stretch of raw text it stands for.

    Equally long stretches correspond character by character; others (a ligature, a composed accent) as a whole.
    `n_raw` is 0 for what we inserted ourselves.
    """

    start_char: int
    n_chars: int
    start_raw: int
    n_raw: int


class RawSpan(NamedTuple):
    """A half-open range of characters of the raw text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MappedText:
    """Clean text with segments that cover it from its first character to its last, without gaps."""

    text: str
    segments: tuple[Segment, ...]

    def raw_spans(self, start_char: int, end_char: int) -> list[RawSpan]:
        """Return the raw ranges that a range of the clean text stands for, in reading order."""
        spans = []
        first = max(0, bisect_right(self.segments, start_char, key=lambda s: s.start_char) - 1)
        for segment in self.segments[first:]:
            if segment.start_char >= end_char:
                break
            span = _raw_part(segment, start_char, end_char)
            if span.start < span.end:
                spans.append(span)
        return spans

    def chars_of(self, raw: RawSpan) -> tuple[int, int] | None:
        """Return the smallest range of the clean text that holds all of a raw range; None when none of it is left."""
        first, last = raw
        touched = [s for s in self.segments if s[2] < last and s[2] + s[3] > first]
        found = [part for s in touched if (part := _clean_part(s, raw)) is not None]
        if not found:
            return None
        return min(a for a, _ in found), max(b for _, b in found)


class RawIndex:
    """Finds the clean pieces of raw ranges, for a mapped text whose segments are still in raw order."""

    def __init__(self, mapped: MappedText) -> None:
        self._text = mapped.text
        self._segments = mapped.segments
        self._starts = [s.start_raw for s in mapped.segments]

    def parts(self, raw: RawSpan) -> list[tuple[str, RawSpan]]:
        """Return the clean text of a raw range piece by piece, each with the raw range it stands for."""
        first = max(0, bisect_right(self._starts, raw.start) - 1)
        pieces = []
        for segment in self._segments[first : bisect_right(self._starts, raw.end, first)]:
            part = _clean_part(segment, raw)
            if part is not None:
                pieces.append((self._text[part[0] : part[1]], _raw_part(segment, *part)))
        return pieces


def joined(pieces: Iterable[tuple[str, RawSpan]]) -> MappedText:
    """Build a mapped text from pieces; a piece with an empty raw range is text of our own (a line end, a tab).

    >>> joined([("ab", RawSpan(4, 6)), (" ", RawSpan(6, 6)), ("fi", RawSpan(7, 8))]).raw_spans(1, 4)
    [RawSpan(start=5, end=6), RawSpan(start=7, end=8)]
    """
    texts: list[str] = []
    segments: list[Segment] = []
    start_char = 0
    for text, raw in pieces:
        if text:
            texts.append(text)
            segments.append(Segment(start_char, len(text), raw.start, raw.end - raw.start))
            start_char += len(text)
    return MappedText("".join(texts), tuple(segments))


def _raw_part(segment: Segment, start_char: int, end_char: int) -> RawSpan:
    if segment.n_chars != segment.n_raw:
        return RawSpan(segment.start_raw, segment.start_raw + segment.n_raw)
    first = max(0, start_char - segment.start_char)
    last = min(segment.n_chars, end_char - segment.start_char)
    return RawSpan(segment.start_raw + first, segment.start_raw + last)


def _clean_part(segment: Segment, raw: RawSpan) -> tuple[int, int] | None:
    first = max(segment.start_raw, raw.start)
    last = min(segment.start_raw + segment.n_raw, raw.end)
    if first >= last:
        return None
    if segment.n_chars != segment.n_raw:
        return segment.start_char, segment.start_char + segment.n_chars
    shift = segment.start_char - segment.start_raw
    return first + shift, last + shift
