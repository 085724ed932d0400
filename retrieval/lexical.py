"""Which passage and which sentence of a document holds which term how often, kept as plain arrays.

What is stored is counts, not scores: `docqa.retrieval.bm25` pools the statistics of the documents that a question
ranges over, so that their scores compare. Headings and table headers above a passage count as fractions of an
occurrence; they do not count into its length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from docqa.documents import Passage, Span
from docqa.retrieval import languages
from docqa.retrieval.languages import Analyser
from docqa.text import word_strings

VERSION = f"2.{languages.VERSION}"  # changes whenever the same passages would give another index

Unit = Literal["passages", "sentences"]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_CONTEXT_WEIGHT = 0.5
_MIN_MAPPED_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Which units hold a term: `units[starts[t]:starts[t + 1]]`, ascending, each with its (weighted) count in `counts`.

    Shapes: starts (n_terms + 1,) int64; units and counts (n_postings,) int32 and float16; lengths (n_units,) float32,
    in terms.
    """

    starts: NDArray[np.int64]
    units: Ints
    counts: NDArray[np.float16]
    lengths: Floats

    @property
    def n_units(self) -> int:
        return len(self.lengths)

    def of(self, term: int) -> tuple[Ints, Floats]:
        """The units that hold a term, and how often; empty for -1, the term that is not in the vocabulary."""
        if term < 0:
            return self.units[:0], self.lengths[:0]
        found = slice(int(self.starts[term]), int(self.starts[term + 1]))
        return self.units[found], self.counts[found].astype(np.float32)

    def frequency(self, term: int) -> int:
        """How many units hold a term."""
        return int(self.starts[term + 1] - self.starts[term]) if term >= 0 else 0

    def holds(self, term: int, unit: int) -> bool:
        units, _ = self.of(term)
        i = int(np.searchsorted(units, unit))
        return i < len(units) and int(units[i]) == unit


@dataclass(frozen=True, slots=True, eq=False)
class LexicalIndex:
    """The terms of one document and where they stand. Sentence j of passage i is unit `sentence_starts[i] + j`."""

    language: str
    vocabulary: Mapping[str, int]
    passages: Postings
    sentences: Postings
    sentence_starts: NDArray[np.int64]

    def of(self, unit: Unit) -> Postings:
        return self.passages if unit == "passages" else self.sentences

    def sentence_numbers(self, passage: int) -> range:
        """The sentence units of a passage."""
        return range(int(self.sentence_starts[passage]), int(self.sentence_starts[passage + 1]))

    def save(self, folder: Path) -> None:
        """Write the index into an existing folder: plain .npy files, which `load` maps into memory, and the
        vocabulary."""
        (folder / "lexical.json").write_text(
            json.dumps({"version": VERSION, "language": self.language}), encoding="utf-8"
        )
        (folder / "terms.txt").write_bytes("\n".join(self.vocabulary).encode())
        np.save(folder / "sentence_starts.npy", self.sentence_starts)
        for unit, name, array in self._arrays():
            np.save(folder / f"{unit}_{name}.npy", array)

    def _arrays(self) -> Iterator[tuple[str, str, NDArray[np.generic]]]:
        for unit, postings in (("passages", self.passages), ("sentences", self.sentences)):
            for name in Postings.__slots__:
                yield unit, name, getattr(postings, name)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Map a saved index into memory. Raises OSError or ValueError when the folder does not hold a whole one of this
        version."""
        stamp = json.loads((folder / "lexical.json").read_text(encoding="utf-8"))
        if stamp["version"] != VERSION:
            raise ValueError(f"{folder}: index version {stamp['version']}, expected {VERSION}")
        terms = (folder / "terms.txt").read_bytes().decode()
        return cls(
            language=stamp["language"],
            vocabulary={term: i for i, term in enumerate(terms.split("\n"))} if terms else {},
            passages=_load_postings(folder, "passages"),
            sentences=_load_postings(folder, "sentences"),
            sentence_starts=_map(folder / "sentence_starts.npy"),
        )

    @classmethod
    def build(cls, passages: Sequence[Passage], language: str) -> LexicalIndex:
        """Index the passages of one document; passage i of the index is `passages[i]`."""
        return _Builder(language).build(passages)


def _load_postings(folder: Path, unit: Unit) -> Postings:
    return Postings(*(_map(folder / f"{unit}_{name}.npy") for name in Postings.__slots__))


def _map(path: Path) -> NDArray:  # type: ignore[type-arg]
    # A plain array over the mapping: np.memmap itself makes every slice slow. Small files are read faster than mapped,
    # which tells in a folder of hundreds of letters, and empty ones cannot be mapped.
    if path.stat().st_size < _MIN_MAPPED_BYTES:
        return np.asarray(np.load(path))
    return np.asarray(np.load(path, mmap_mode="r"))


class _TermIds(dict[str, tuple[int, ...]]):
    """Word -> numbers of its terms, worked out once for each spelling."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.vocabulary: dict[str, int] = {}
        self._analyser = Analyser(language)

    def __missing__(self, word: str) -> tuple[int, ...]:
        numbers = tuple(
            self.vocabulary.setdefault(term, len(self.vocabulary)) for term in self._analyser.terms_of(word)
        )
        self[word] = numbers
        return numbers

    def of(self, text: str) -> list[int]:
        return list(chain.from_iterable([self[word] for word in word_strings(text)]))


class _Builder:
    def __init__(self, language: str) -> None:
        self._language = language
        self._ids = _TermIds(language)
        self._context: dict[tuple[str, ...], list[int]] = {}

    def build(self, passages: Sequence[Passage]) -> LexicalIndex:
        sentence_terms: list[list[int]] = []
        passage_context: list[list[int]] = []
        sentence_context: list[list[int]] = []
        sentence_lengths: list[int] = []
        starts = [0]
        for passage in passages:
            texts = sentence_texts(passage)
            terms = [self._ids.of(text) for text in texts]
            sentence_terms += terms
            sentence_lengths += map(self._length, texts, terms)
            starts.append(len(sentence_terms))
            passage_context.append(self._context_of(passage.headings, passage.header))
            sentence_context += [self._context_of((), passage.header)] * len(terms)
        passage_terms = [list(chain.from_iterable(sentence_terms[a:b])) for a, b in pairwise(starts)]
        n_terms = len(self._ids.vocabulary)
        return LexicalIndex(
            language=self._language,
            vocabulary=self._ids.vocabulary,
            passages=_postings(passage_terms, passage_context, n_terms, [len(unit) for unit in passage_terms]),
            sentences=_postings(sentence_terms, sentence_context, n_terms, sentence_lengths),
            sentence_starts=np.asarray(starts, np.int64),
        )

    def _length(self, text: str, terms: Sequence[int]) -> int:
        """A sentence's terms; a table row is as long as its label, since a question does not repeat the values."""
        label, tab, _ = text.partition("\t")
        return max(1, len(self._ids.of(label))) if tab else len(terms)

    def _context_of(self, headings: tuple[str, ...], header: str) -> list[int]:
        key = (*headings, header)
        if key not in self._context:
            self._context[key] = sorted(set(self._ids.of("\n".join(key))))
        return self._context[key]


def sentence_texts(passage: Passage) -> tuple[str, ...]:
    """The texts of a passage's sentences, in order; a passage without any is one sentence."""
    spans = passage.sentences or (Span(passage.start_char, passage.end_char),)
    return tuple(passage.text[a - passage.start_char : b - passage.start_char] for a, b in spans)


def _postings(
    terms: Sequence[list[int]], context: Sequence[list[int]], n_terms: int, lengths: Sequence[int]
) -> Postings:
    """Count terms by unit. A term of the context counts `_CONTEXT_WEIGHT` where the unit's own text lacks it."""
    n_units = len(terms)
    keys, counts = np.unique(_keys(terms, n_units), return_counts=True)
    extra = np.setdiff1d(_keys(context, n_units), keys)
    keys = np.concatenate([keys, extra])
    weights = np.concatenate([np.minimum(counts, 2048), np.full(len(extra), _CONTEXT_WEIGHT)]).astype(np.float16)
    order = np.argsort(keys, kind="stable")
    by_term = keys[order] // max(1, n_units)
    return Postings(
        starts=np.searchsorted(by_term, np.arange(n_terms + 1)),
        units=(keys[order] % max(1, n_units)).astype(np.int32),
        counts=weights[order],
        lengths=np.asarray(lengths, np.float32),
    )


def _keys(terms: Sequence[list[int]], n_units: int) -> NDArray[np.int64]:
    """One number for each occurrence, ascending by term, then by unit."""
    lengths = [len(unit) for unit in terms]
    flat = np.fromiter(chain.from_iterable(terms), np.int64, sum(lengths))
    return flat * n_units + np.repeat(np.arange(n_units), lengths)
