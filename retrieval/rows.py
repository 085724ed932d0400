"""How pages and passages look as rows of the store's tables: the two directions beside each other.

Texts are UTF-8 blobs that let lone surrogates pass: a page is kept as its reader gave it, whatever it holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from docqa.documents import Box, Health, OcrWord, Page, Passage, Region, Span
from docqa.retrieval.database import Row

PAGE_COLUMNS = "page, number, label, place, width, height, health, n_chars, regions, words, text"
PASSAGE_COLUMNS = "number, page, start_char, end_char, sentences, headings, header, kind"

_UNREMARKABLE = asdict(Health())


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decoded(blob: bytes) -> str:
    return blob.decode("utf-8", "surrogatepass")


def page_row(page: Page) -> Row:
    """Values for PAGE_COLUMNS."""
    words = [[word.start_char, word.end_char, *word.box, word.confidence] for word in page.words]
    regions = [[r.kind, r.start_char, r.end_char, r.level, r.number, r.title, r.header] for r in page.regions]
    return (
        page.index,
        page.number,
        None if page.label is None else encoded(page.label),
        encoded(page.place),
        page.width,
        page.height,
        health_json(page.health),
        len(page.text),
        _json(regions),
        _json(words),
        encoded(page.text),
    )


def page_from(row: Row) -> Page:
    """The inverse of `page_row`."""
    index, number, label, place, width, height, health, _, regions, words, text = row
    return Page(
        index=index,
        text=decoded(text),
        number=number,
        label=None if label is None else decoded(label),
        place=decoded(place),
        width=width,
        height=height,
        health=health_from(health),
        regions=tuple(Region(*fields) for fields in json.loads(regions)),
        words=tuple(OcrWord(s, e, Box(*box), confidence) for s, e, *box, confidence in json.loads(words)),
    )


def health_json(health: Health) -> str:
    """Only what differs from a page that reads well, which is most of them."""
    return _json({name: value for name, value in asdict(health).items() if value != _UNREMARKABLE[name]})


def health_from(text: str) -> Health:
    return Health(**json.loads(text))


def passage_row(passage: Passage) -> Row:
    """Values for PASSAGE_COLUMNS; the text is not among them, it is the page's at the span."""
    return (
        passage.number,
        passage.page,
        passage.start_char,
        passage.end_char,
        _json(passage.sentences),
        _json(passage.headings),
        encoded(passage.header),
        passage.kind,
    )


def passage_from(document_id: str, row: Row, page_text: str) -> Passage:
    """The inverse of `passage_row`, given the text of the passage's page."""
    number, page, start, end, sentences, headings, header, kind = row
    return Passage(
        document_id=document_id,
        number=number,
        page=page,
        start_char=start,
        end_char=end,
        text=page_text[start:end],
        sentences=tuple(Span(first, last) for first, last in json.loads(sentences)),
        headings=tuple(json.loads(headings)),
        header=decoded(header),
        kind=kind,
    )


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
