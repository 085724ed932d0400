"""Cutting documents into what one worker reads in one turn (Zhang et al. 2024, arXiv:2406.02818, algorithm 2).

The paper's budget leaves no room for the communication unit that arrives nor for the reply; ours does:
B = window - question - instructions - communication unit - output - margin. Cuts fall between sentences; only a
sentence that is longer than B is itself cut, between words where it has any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from docqa.agents.reasoner import Evidence
from docqa.agents.sources import NAMELESS, Names, heading_line, numbered_line, sentences_of
from docqa.documents import Passage, Span

CountTokens = Callable[[str], int]

_LONGEST_NUMBER = 9999  # a line is counted with a number of four digits, before its own is known


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens of one turn: `size` is all that the model takes, the rest is kept free for what is not document."""

    size: int = 16_384
    unit: int = 1_024
    output: int = 1_024
    margin: int = 128

    def room(self, question_tokens: int, instruction_tokens: int) -> int:
        """The budget B for the document's text in one turn; 0 or less when nothing fits."""
        return self.size - question_tokens - instruction_tokens - self.unit - self.output - self.margin


def chunks(
    passages: Sequence[Passage], n_tokens: int, count_tokens: CountTokens, names: Names = NAMELESS
) -> list[tuple[Passage, ...]]:
    """The passages in order, cut into runs of at most `n_tokens` as `sources.lay_out` lays them out with these names.

    A passage that a border cuts gives two passages with the sentences on either side. Nothing is left out.
    """
    assert n_tokens > 0
    runs: list[list[Evidence]] = []
    used = n_tokens  # so that the first sentence opens the first run
    place = ""
    for piece in _fitting(passages, n_tokens, count_tokens, names):
        here = heading_line(piece.passage, names)
        cost = count_tokens(numbered_line(_LONGEST_NUMBER, piece.quote) + "\n")
        heading_cost = count_tokens(here + "\n")
        needed = cost if here == place else cost + heading_cost
        if not runs or used + needed > n_tokens:
            runs.append([])
            used, needed = 0, cost + heading_cost
        runs[-1].append(piece)
        used, place = used + needed, here
    return [tuple(_passages(run)) for run in runs]


def _fitting(passages: Iterable[Passage], n_tokens: int, count_tokens: CountTokens, names: Names) -> Iterator[Evidence]:
    for passage in passages:
        room = n_tokens - count_tokens(heading_line(passage, names) + "\n")
        for piece in sentences_of(passage):
            yield from _cut(piece, max(1, room), count_tokens)


def _cut(piece: Evidence, n_tokens: int, count_tokens: CountTokens) -> Iterator[Evidence]:
    """The sentence, in halves of halves until each is short enough."""
    line = numbered_line(_LONGEST_NUMBER, piece.quote) + "\n"
    if len(piece.quote) < 2 or count_tokens(line) <= n_tokens:
        yield piece
        return
    middle = _word_border(piece.quote)
    start, end = piece.span
    for span in (Span(start, start + middle), Span(start + middle, end)):
        yield from _cut(replace(piece, span=span), n_tokens, count_tokens)


def _word_border(text: str) -> int:
    """The offset after the space that is nearest before the middle, or the middle."""
    middle = len(text) // 2
    space = text.rfind(" ", 1, middle)
    return space + 1 if space > 0 else middle


def _passages(run: Sequence[Evidence]) -> Iterator[Passage]:
    """The passages of a run, narrowed to the sentences that are in it."""
    for _, group in groupby(run, key=lambda piece: piece.passage.id):
        pieces = list(group)
        whole = pieces[0].passage
        start, end = pieces[0].span.start_char, pieces[-1].span.end_char
        text = whole.text[start - whole.start_char : end - whole.start_char]
        yield replace(whole, start_char=start, end_char=end, text=text, sentences=tuple(piece.span for piece in pieces))
