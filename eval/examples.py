"""An example of a benchmark, and what a system made of it, in the form that metrics read.

Knows no benchmark's file format and no strategy. An answer's citations become places: (document name, 0-based part).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from docqa.answers import Answer, one_line
from docqa.eval.evidence import Place
from docqa.eval.lciteeval import Item, NumberedPassage

_BRACKETED = re.compile(r"\[(\d[\d,;\s–-]*)\]")
_STARS = re.compile(r"(\d+)\s*★")
_STOP = re.compile(r"[.!?…]+[\"'”’)]*$")


@dataclass(frozen=True, slots=True)
class TextSource:
    """A document made of parts (numbered passages, paragraphs, sections): each becomes one page."""

    name: str
    parts: tuple[str, ...] = field(repr=False)
    titles: tuple[str | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A document that lies on the disk; its parts are the pages that the reader finds."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name


Source = TextSource | FileSource


@lru_cache(maxsize=64)
def _source_digest(source: Source) -> str:
    text = "\f".join((source.name, *(source.parts if isinstance(source, TextSource) else ())))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Insight:
    """A finding that a summary should hold, and the 1-based numbers of the documents that hold it."""

    text: str
    documents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A question over sources with what is known about the right answer.

    `gold` are the places of the evidence, `other_gold` those that further annotators gave. `length` counts words of the
    sources, `depth` says how deep a planted fact lies (0 first, 1 last). `pair` ties claims that count only together,
    `canary` is what a planted instruction demands, `classes` are the labels to choose from.
    """

    id: str
    task: str
    question: str
    sources: tuple[Source, ...] = field(repr=False)
    references: tuple[str, ...] = ()
    gold: tuple[Place, ...] = ()
    other_gold: tuple[tuple[Place, ...], ...] = ()
    answerable: bool = True
    answer_format: str = "Str"
    length: int = 0
    depth: float | None = None
    pair: str = ""
    canary: str = ""
    classes: tuple[str, ...] = ()
    insights: tuple[Insight, ...] = ()

    @property
    def digest(self) -> str:
        """Tells examples apart that ask something else or ask other documents; files are known by their names."""
        parts = [self.question, *map(_source_digest, self.sources)]
        return hashlib.sha256("\f".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]

    @property
    def document(self) -> str:
        """The first source's name: the unit over which results are resampled."""
        return self.sources[0].name if self.sources else self.id


@dataclass(frozen=True, slots=True)
class Record:
    """What came of an example: an answer, or the error that kept it from coming; `seconds` is wall time.

    `digest` is that of the example, so that its answer is not taken for that of another one with the same id.
    """

    example_id: str
    answer: Answer | None
    error: str = ""
    seconds: float = 0.0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer as text: `text` is plain, `cited` carries passage numbers, `bullets` are its statements with theirs."""

    text: str
    cited: str
    bullets: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    answered: bool = True


def predict(example: Example, answer: Answer) -> Prediction:
    """Put an answer in the form that metrics read; an abstention is an empty text."""
    if answer.status == "not_found":
        return Prediction("", "", answered=False)
    numbers = _Numbers(example.sources)
    bullets = tuple(
        _with_markers(one_line(s.text), [numbers.of((c.document, c.part)) for c in s.citations])
        for s in answer.statements
    )
    places = tuple(dict.fromkeys((c.document, c.part) for c in answer.citations))
    cited = " ".join(bullets)
    if example.task.endswith("counting_stars"):
        cited = _stars_reply(answer.text, [numbers.of(place) for place in places])
    return Prediction(one_line(answer.text), cited, bullets, places)


def lciteeval_item(example: Example) -> Item:
    """The example as L-CiteEval's scorer wants it: all parts of all text sources, numbered through."""
    passages = [
        NumberedPassage(part, title)
        for source in example.sources
        if isinstance(source, TextSource)
        for part, title in zip(source.parts, source.titles or (None,) * len(source.parts), strict=True)
    ]
    task = example.task.removeprefix("lciteeval/")
    return Item(example.id, task, tuple(passages), example.references, example.length)


class _Numbers:
    """1-based numbers of parts across sources; a place in no text source gets a number that no passage has."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._offsets: dict[str, tuple[int, int]] = {}
        n = 0
        for source in sources:
            if isinstance(source, TextSource):
                self._offsets[source.name] = (n, len(source.parts))
                n += len(source.parts)
        self._n = n

    def of(self, place: Place) -> int:
        offset, n_parts = self._offsets.get(place[0], (self._n, 0))
        return offset + place[1] + 1 if place[1] < n_parts else self._n + 1


def _with_markers(text: str, numbers: Sequence[int]) -> str:
    """`X.` and 1, 3 give `X [1][3].`; brackets of the document's own are no citations of ours."""
    text = _BRACKETED.sub(r"(\1)", text)
    stop = _STOP.search(text)
    body, end = (text[: stop.start()], stop.group()) if stop else (text, ".")
    markers = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
    return f"{body} {markers}{end}" if markers else f"{body}{end}"


def _stars_reply(text: str, numbers: Sequence[int]) -> str:
    """The JSON that counting_stars asks for, from the counts that the statements hold; a reply that is one stays."""
    if "{" in text:
        return text
    return json.dumps({"little_penguin": [int(n) for n in _STARS.findall(text)], "passage_id": list(numbers)})
