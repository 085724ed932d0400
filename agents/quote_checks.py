"""Quotes of somebody else's text checked against the documents: no model, and no trust in the page numbers.

A page number may be the printed one or the count from the first page; either will do. Where a format has no pages, only
the words are looked up. The author's own words around a quote are not judged, but for numbers that stand nowhere in the
document and a negation that was cut off in front of the quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from docqa.agents.locating import Claimed, Located, Locator
from docqa.agents.quoted_text import NO_MARKS, Place, Quoted
from docqa.agents.verifying import plain_words, shared_words
from docqa.answers import SupportLabel
from docqa.documents import Document, Page, Span
from docqa.llm.exact_checks import changed_numbers
from docqa.llm.negations import n_negations
from docqa.text import sentences

_N_BEFORE = 6
_NO_PAGE = -1


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """A quote, or a place without one, with where the words stand and whether the sentence around fits what stands
    there. `located` is None for a place without a quote."""

    quoted: Quoted
    located: Located | None
    support: SupportLabel

    @property
    def holds(self) -> bool:
        """Whether the quote stands verbatim where it is said to, and nothing on the page speaks against the sentence.

        A sentence without a quote holds when at least half of its words, and all of its numbers, stand on its page.
        """
        if self.located is None:
            return self.support in ("supports", "partly")
        return self.located.verdict == "verbatim" and self.support == "supports"


def check_quotes(quotes: Sequence[Quoted], documents: Sequence[Document]) -> tuple[CheckedQuote, ...]:
    """Check every quote, in order."""
    locator = Locator(documents)
    return tuple(_checked(quoted, documents, locator) for quoted in quotes)


def _checked(quoted: Quoted, documents: Sequence[Document], locator: Locator) -> CheckedQuote:
    claims = list(_claims(quoted.place, documents))
    cited = list(_pages(claims, documents))
    if not quoted.quote:
        return CheckedQuote(quoted, None, _page_support(quoted.statement, cited))
    located = locator.locate(quoted.quote, *claims)
    if located.part is None or located.span is None:
        return CheckedQuote(quoted, located, "unrelated")
    document = next(document for document in documents if document.id == located.document_id)
    return CheckedQuote(quoted, located, _quote_support(quoted, document, located.part, located.span))


def _claims(place: Place | None, documents: Sequence[Document]) -> Iterator[Claimed]:
    """Every part that a place may mean; a part that is not there where it means none."""
    if place is None:
        yield Claimed()
        return
    named = [document for document in documents if _is_named(document, place.said)] or documents
    for document in named:
        if all(page.number is None for page in document.pages):
            yield Claimed(document.id)
            continue
        parts = [page.index for page in document.pages if _is_meant(page, place)]
        yield from (Claimed(document.id, part) for part in parts or [_NO_PAGE])


def _is_named(document: Document, said: str) -> bool:
    plain = said.casefold()
    return document.name.casefold() in plain or PurePath(document.name).stem.casefold() in plain


def _is_meant(page: Page, place: Place) -> bool:
    if place.physical is not None:
        return page.number == place.physical
    return str(page.number) in place.pages or (page.label or "").casefold() in map(str.casefold, place.pages)


def _pages(claims: Sequence[Claimed], documents: Sequence[Document]) -> Iterator[Page]:
    """The pages that are claimed, all of them where a format has none."""
    known = {document.id: document for document in documents}
    for claim in claims:
        if claim.document and claim.part != _NO_PAGE:
            pages = known[claim.document].pages
            yield from pages if claim.part is None else [pages[claim.part]]


def _page_support(statement: str, pages: Sequence[Page]) -> SupportLabel:
    """Whether the words of a sentence stand on the pages that it names."""
    text = "\n".join(page.text for page in pages)
    if not text:
        return "unrelated"
    if changed_numbers(statement, text):
        return "contradicts"
    return shared_words(statement, text)


def _quote_support(quoted: Quoted, document: Document, part: int, span: Span) -> SupportLabel:
    around = quoted.statement.replace(" ".join(quoted.quote.translate(NO_MARKS).split()), " ")
    text = document.pages[part].text
    if changed_numbers(around, text) and changed_numbers(around, "\n".join(page.text for page in document.pages)):
        return "contradicts"
    before = _before_in_sentence(text, span)
    if n_negations(before[-_N_BEFORE:]) > n_negations(plain_words(around)):
        return "partly"
    return "supports"


def _before_in_sentence(text: str, span: Span) -> list[str]:
    """The words of the sentence in front of a span."""
    start = max((s.start_char for s in sentences(text) if s.start_char <= span.start_char), default=0)
    return plain_words(text[start : span.start_char])
