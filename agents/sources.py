"""Passages laid out for a language model: one numbered sentence a line, so that evidence is a number and never a quote.

The layout depends on nothing but the passages: the same passages give the same bytes, which a server's prefix cache
recognises. A sentence is put on one line and begins with its number, so no text of a document can pass for a line of
ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from docqa.agents.reasoner import Evidence
from docqa.answers import one_line
from docqa.documents import Document, Passage, Span
from docqa.retrieval.evidence import Evidence as QuestionCoverage
from docqa.retrieval.retriever import Hit, Retrieval, SentenceHit

Names = Mapping[str, str]
"""What documents are called, by their ids; one that is not in it goes by the beginning of its id."""
NAMELESS: Names = MappingProxyType({})

_MAX_NAME_CHARS = 60
_N_ID_CHARS = 8
_MAX_HEADING_CHARS = 200  # a "heading" may be a whole mistaken paragraph, and it is repeated for every passage


@dataclass(frozen=True, slots=True)
class Sources:
    """`text` as a model reads it; line [n] stands for `evidence[n - 1]`."""

    text: str
    evidence: tuple[Evidence, ...]

    def at(self, numbers: Iterable[int]) -> tuple[Evidence, ...]:
        """The evidence behind the numbers, each once, in the order given. Numbers that do not exist are left out."""
        known = [n for n in dict.fromkeys(numbers) if 1 <= n <= len(self.evidence)]
        return tuple(self.evidence[n - 1] for n in known)

    def numbers_of(self, evidence: Iterable[Evidence]) -> str:
        """The numbers of the evidence as a model reads them, "[2][5]"; without what is not laid out."""
        number = {piece: n for n, piece in enumerate(self.evidence, start=1)}
        return "".join(f"[{number[piece]}]" for piece in evidence if piece in number)


def names_of(documents: Sequence[Document]) -> Names:
    """The names that tell several documents apart; of a single one nothing has to be said."""
    if len(documents) < 2:
        return NAMELESS
    shown = {document.id: _shortened(one_line(document.name)) for document in documents}
    n_called = Counter(shown.values())
    return {key: name if n_called[name] == 1 else f"{name} ({key[:_N_ID_CHARS]})" for key, name in shown.items()}


def lay_out(evidence: Sequence[Evidence], names: Names = NAMELESS) -> Sources:
    """Number the sentences in the order given, under a line that says where they stand whenever that changes."""
    lines: list[str] = []
    place = ""
    for number, piece in enumerate(evidence, start=1):
        here = heading_line(piece.passage, names)
        if here != place:
            lines.append(here)
            place = here
        lines.append(numbered_line(number, piece.quote))
    return Sources("\n".join(lines), tuple(evidence))


def heading_line(passage: Passage, names: Names = NAMELESS) -> str:
    """Where a passage stands, in one line: document, part, headings, and the head of its table."""
    path = " > ".join(one_line(part) for part in passage.headings)[-_MAX_HEADING_CHARS:]
    header = f" | columns: {cells(passage.header)[:_MAX_HEADING_CHARS]}" if passage.header else ""
    name = names.get(passage.document_id, passage.document_id[:_N_ID_CHARS])
    return f"# document {name}, part {passage.page + 1}: {path}{header}"


def numbered_line(number: int, sentence: str) -> str:
    """A sentence with its number; the cells of a table row are kept apart by bars."""
    return f"[{number}] {cells(sentence)}"


def cells(row: str) -> str:
    """Text on one line, with bars between the cells of a table row."""
    return " | ".join(one_line(cell) for cell in row.split("\t"))


def sentences_of(passage: Passage, score: float = 0.0) -> list[Evidence]:
    """Every sentence of a passage, in order; the passage as a whole where it has none."""
    spans = passage.sentences or (Span(passage.start_char, passage.end_char),)
    return [Evidence(passage, span, score) for span in spans]


def sentences_in(retrieval: Retrieval) -> tuple[Evidence, ...]:
    """Every sentence of the hits: hits in their order, sentences in the order of the page."""
    return tuple(piece for hit in retrieval.hits for piece in sentences_of(hit.passage, hit.score))


def unranked(passages: Sequence[Passage]) -> Retrieval:
    """Passages to be read as they stand, that nobody searched for."""
    hits = tuple(Hit(passage, 0.0, 0.0, None, _unscored(passage)) for passage in passages)
    return Retrieval(hits, QuestionCoverage(0, 0.0, 0.0, 0.0))


def _unscored(passage: Passage) -> tuple[SentenceHit, ...]:
    return tuple(SentenceHit(piece.span, 0.0, 0.0) for piece in sentences_of(passage))


def premise(passage: Passage, names: Names = NAMELESS) -> str:
    """All that a judge of a statement reads of a passage: the document's name where it has one here, the headings and
    the head of the table that it stands under, and its text."""
    name = names.get(passage.document_id, "")
    return "\n".join(part for part in (name, *passage.headings, passage.header, passage.text) if part)


def _shortened(name: str) -> str:
    """A long name without its middle: it is its beginning and its end that tell it from others."""
    half = _MAX_NAME_CHARS // 2
    return name if len(name) <= _MAX_NAME_CHARS else f"{name[:half]}…{name[-half:]}"
