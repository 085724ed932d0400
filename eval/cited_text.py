"""Answers with numbered citations in running text: where sentences end, what they cite, and the text without markers.

The `parity` functions are those of L-CiteEval, quirks included; the `strict` ones read what a person would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from docqa.citation_scores import CitedClaim, Mode
from docqa.errors import UsageError
from docqa.text import sentences

_NUMBER = re.compile(r"\[\d+")
_MARKER = re.compile(
    r"[\[【]\s*(?:(?:passages?|conversations?)\s+)?\d{1,9}(?:\s*(?:[,;&]|and|-|–|—)\s*(?:passage\s+)?\d{1,9})*\s*[\]】]",
    re.IGNORECASE,
)
_AFTER_STOP = re.compile(rf"([.!?…]+[\"'”’)]*)[ \t]*((?:{_MARKER.pattern}[ \t]*)+)", re.IGNORECASE)
_PART = re.compile(r"(\d+)(?:\s*[-–—]\s*(\d+))?")
_LONGEST_RANGE = 50


@dataclass(frozen=True, slots=True)
class SentenceSplitter:
    """A way to cut text into sentences, with the name under which reports give it."""

    name: str
    split: Callable[[str], list[str]] = field(repr=False)


def punkt() -> SentenceSplitter:
    """NLTK's English punkt, which L-CiteEval and ALCE use (Kiss and Strunk 2006).

    The model is the one that ships inside llama-index-core. Raises UsageError when that or nltk is not installed.
    """
    return SentenceSplitter("punkt-en", _punkt_tokenizer())


@cache
def _punkt_tokenizer() -> Callable[[str], list[str]]:
    spec = find_spec("llama_index.core")  # finds the folder and imports nothing of it
    try:
        from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
    except ImportError as error:
        raise UsageError(
            "parity mode needs nltk, which llama-index-core brings: pip install llama-index-core"
        ) from error
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("parity mode needs the sentence model inside llama-index-core: pip install llama-index-core")
    folder = Path(spec.submodule_search_locations[0], "_static/nltk_cache/tokenizers/punkt_tab/english")
    parameters = PunktParameters()
    try:  # nltk's own loader wants another kind of path in every other version
        parameters.abbrev_types = set(_rows(folder / "abbrev_types.txt"))
        parameters.sent_starters = set(_rows(folder / "sent_starters.txt"))
        parameters.collocations = {tuple(row.split("\t")) for row in _rows(folder / "collocations.tab")}
        contexts = (row.split("\t") for row in _rows(folder / "ortho_context.tab"))
        parameters.ortho_context.update({word: int(flags) for word, flags in contexts})
    except OSError as error:
        raise UsageError(
            f"this llama-index-core ships no sentence model ({folder}); install another version"
        ) from error
    tokenizer = PunktSentenceTokenizer()
    tokenizer._params = parameters
    return lambda text: [str(sentence) for sentence in tokenizer.tokenize(text)]


def _rows(path: Path) -> list[str]:
    return [row for row in path.read_text(encoding="utf-8").split("\n") if row]


def docqa_sentences() -> SentenceSplitter:
    """docqa's own rules, line by line, so that the items of a list are sentences of their own."""
    return SentenceSplitter("docqa", _split_lines)


def _split_lines(text: str) -> list[str]:
    return [line[a:b] for line in text.splitlines() for a, b in sentences(line)]


def without_citations(text: str) -> str:
    """The text as L-CiteEval's `remove_citations` leaves it: of `[1, 3]` remains `, 3`."""
    return re.sub(r"\[\d+", "", re.sub(r" \[\d+", "", text)).replace(" |", "").replace("]", "")


def cited_numbers(text: str) -> tuple[int, ...]:
    """The numbers that follow an opening bracket, in order, repetitions kept: L-CiteEval's reading."""
    return tuple(int(match.group()[1:]) for match in _NUMBER.finditer(text))


def strict_without_citations(text: str) -> str:
    """The text without any marker, lists and ranges included, and without the blank before it."""
    return re.sub(rf"[ \t]*(?:{_MARKER.pattern})", "", text, flags=re.IGNORECASE)


def strict_cited_numbers(text: str) -> tuple[int, ...]:
    """All numbers of all markers: `[1][2]`, `[1, 2]`, `[1-3]`, `[Passage 1]`, `【1】`."""
    return tuple(number for marker in _MARKER.findall(text) for number in _numbers_of(marker))


def cited_claims(text: str, splitter: SentenceSplitter, mode: Mode) -> tuple[CitedClaim, ...]:
    """The sentences of a cited answer, each as a claim without markers and the numbers it cites."""
    if mode == "parity":
        return tuple(CitedClaim(without_citations(s).strip(), cited_numbers(s)) for s in splitter.split(text))
    found = [
        CitedClaim(strict_without_citations(s).strip(), strict_cited_numbers(s))
        for s in splitter.split(_markers_before_stops(text))
    ]
    return tuple(claim for claim in found if claim.text)


def _markers_before_stops(text: str) -> str:
    """`X. [1] Y.` says that X rests on 1: move markers in front of the full stop that they follow."""
    return _AFTER_STOP.sub(lambda match: f" {match.group(2).strip()}{match.group(1)} ", text)


def _numbers_of(marker: str) -> list[int]:
    numbers: list[int] = []
    for first, last in _PART.findall(marker):
        a, b = int(first), int(last or first)
        numbers += range(a, b + 1) if a <= b < a + _LONGEST_RANGE else [a, b]
    return numbers
