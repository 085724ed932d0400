"""What an evidence file shows, before it is written in any format: exhibits with their words, pictures and verdicts.

Every citation is verified anew from the documents at hand, so that no tampered answer can be dressed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from docqa.agents.verifying import verify
from docqa.answers import Answer, Citation
from docqa.app.verification import Row, citation_row
from docqa.documents import Document
from docqa.retrieval.page_images import PageImages

_MOST_PICTURES = 100
_AROUND_CHARS = 300
_BESIDE_A_PICTURE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A citation under its number, with the words around it on the page and, where there is one, a picture as PNG.

    `row` is its verification now, None for what is only pointed at ("nearest passages").
    """

    number: int
    citation: Citation
    row: Row | None = None
    before: str = ""
    after: str = ""
    picture: bytes | None = field(default=None, repr=False)

    @property
    def stands(self) -> bool:
        """Whether its words stand where the answer says, and none of them speaks against the statement."""
        return self.row is not None and stands(self.row)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer with its exhibits: those of its statements, those of what the check refused, and the nearest passages.

    `marks` gives for each statement the numbers of its exhibits. `left_out` counts pictures that were not drawn because
    there are too many.
    """

    answer: Answer
    marks: tuple[tuple[int, ...], ...]
    exhibits: tuple[Exhibit, ...]
    nearest: tuple[Exhibit, ...]
    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def n_standing(self) -> int:
        """How many citations stand."""
        return sum(map(stands, self.rows))

    @property
    def verified(self) -> str:
        """The sum of the verification, in words; "" where there was nothing to verify."""
        n = len(self.rows)
        if not n:
            return ""
        return f"{self.n_standing} of {n} {'quote stands' if n == 1 else 'quotes stand'} where the answer says"


def stands(row: Row) -> bool:
    """Whether a quote stands where it is said to, and no word of it speaks against its statement.

    Words alone cannot tell whether a statement in other words is borne out: that is the judge's verdict in the answer.
    """
    return bool(row["verdict"] == "verbatim" and row["support"] != "contradicts")


def gather(answer: Answer, documents: Sequence[Document], images: PageImages) -> Evidence:
    """Verify the answer and collect what shows it. A citation that several statements share is one exhibit."""
    known = {document.id: document for document in documents}
    rows = tuple(citation_row(checked, known) for checked in verify(answer, documents))
    worst: dict[Citation, Row] = {}
    for citation, row in zip(answer.citations, rows, strict=True):
        if citation not in worst or not stands(row):
            worst[citation] = row
    numbers = {citation: number for number, citation in enumerate(worst, start=1)}
    studio = _Studio(known, images)
    exhibits = tuple(studio.exhibit(numbers[citation], citation, row) for citation, row in worst.items())
    nearest = answer.absence.nearest if answer.absence else ()
    return Evidence(
        answer=answer,
        marks=tuple(tuple(dict.fromkeys(numbers[c] for c in s.citations)) for s in answer.statements),
        exhibits=exhibits,
        nearest=tuple(studio.exhibit(number, citation) for number, citation in enumerate(nearest, start=1)),
        rows=rows,
        left_out=studio.n_left_out,
    )


@dataclass(slots=True)
class _Studio:
    """Takes the pictures, as many as a file can bear."""

    known: Mapping[str, Document]
    images: PageImages
    n_taken: int = 0
    n_left_out: int = 0

    def exhibit(self, number: int, citation: Citation, row: Row | None = None) -> Exhibit:
        picture = self._picture(citation)
        before, after = self._around(citation, _AROUND_CHARS if picture is None else _BESIDE_A_PICTURE_CHARS)
        return Exhibit(number, citation, row, before, after, picture)

    def _picture(self, citation: Citation) -> bytes | None:
        if citation.sha256 not in self.known or not citation.boxes:
            return None
        if self.n_taken >= _MOST_PICTURES:
            self.n_left_out += 1
            return None
        self.n_taken += 1
        return self.images.crop(citation.sha256, citation.part, citation.boxes)

    def _around(self, citation: Citation, n_chars: int) -> tuple[str, str]:
        """The words before and after the quote on its page; none where it does not stand there."""
        document = self.known.get(citation.sha256)
        if document is None or not 0 <= citation.part < len(document.pages):
            return "", ""
        text, start, end = document.pages[citation.part].text, citation.start_char, citation.end_char
        if text[start:end] != citation.quote:
            return "", ""
        before, after = text[max(0, start - n_chars) : start], text[end : end + n_chars]
        return _from_a_word(before, start > n_chars), _to_a_word(after, end + n_chars < len(text))


def _from_a_word(text: str, cut: bool) -> str:
    return f"… {text.split(None, 1)[-1] if ' ' in text else text}" if cut else text


def _to_a_word(text: str, cut: bool) -> str:
    return f"{text.rsplit(None, 1)[0] if ' ' in text else text} …" if cut else text
