"""Checked citations and quotes as plain values and as lines: what is shown of a verification, whoever shows it.

Where words stand and what they bear out is for `docqa.agents`; here stands which place the reader was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docqa.answers import one_line
from docqa.app import exit_codes
from docqa.documents import Document, Span, locator

if TYPE_CHECKING:
    from docqa.agents.locating import Located
    from docqa.agents.quote_checks import CheckedQuote
    from docqa.agents.verifying import CheckedCitation

SCHEMA = "docqa.verify/1"

_MAX_QUOTE_CHARS = 72

Row = Mapping[str, Any]


def citation_row(checked: CheckedCitation, known: Mapping[str, Document]) -> Row:
    """One citation: what the answer says, the verdict now, and where the words were found.

    Words that stand on the part that was claimed, while the answer shows its reader another page or place, are
    `other_page`: the reader would look in vain.
    """
    citation, located = checked.citation, checked.located
    found = _found(located, known)
    said = {name: getattr(citation, name) for name in ("page", "page_label", "locator")}
    misplaced = found is not None and any(found[name] != value for name, value in said.items())
    here = located.verdict in ("verbatim", "close")
    return {
        "statement": checked.statement,
        "quote": citation.quote,
        "document": citation.document,
        "sha256": citation.sha256,
        "part": citation.part,
        **said,
        "holds": checked.holds and not misplaced,
        "verdict": "other_page" if here and misplaced else located.verdict,
        "support": checked.support,
        "similarity": round(located.similarity, 4),
        "saved_verdict": citation.verdict,
        "found": found,
    }


def quote_row(checked: CheckedQuote, known: Mapping[str, Document]) -> Row:
    """One quote of somebody's text, or one place without a quote (`quote` "" and `verdict` null)."""
    quoted, located = checked.quoted, checked.located
    return {
        "statement": quoted.statement,
        "quote": quoted.quote,
        "line": quoted.line,
        "place": None if quoted.place is None else quoted.place.said,
        "pages": [] if quoted.place is None else list(quoted.place.pages),
        "holds": checked.holds,
        "verdict": None if located is None else located.verdict,
        "support": checked.support,
        "similarity": None if located is None else round(located.similarity, 4),
        "found": None if located is None else _found(located, known),
    }


def _found(located: Located, known: Mapping[str, Document]) -> dict[str, Any] | None:
    """The place of the real words, None where they have none."""
    if located.part is None or located.span is None:
        return None
    document = known[located.document_id]
    page, span = document.pages[located.part], Span(*located.span)
    return {
        "document": document.name,
        "sha256": document.id,
        "part": page.index,
        "page": page.number,
        "page_label": page.label,
        "locator": locator(page, span),
        "start_char": span.start_char,
        "end_char": span.end_char,
    }


def report(rows: Sequence[Row], question: str = "", n_uncited: int = 0) -> dict[str, Any]:
    """The whole check, schema `docqa.verify/1`."""
    return {
        "schema": SCHEMA,
        "question": question,
        "citations": list(rows),
        "citations_checked": len(rows),
        "citations_that_hold": n_holding(rows),
        "statements_without_citation": n_uncited,
    }


def lines(rows: Sequence[Row], n_uncited: int = 0) -> list[str]:
    """A line for each row, and the sum."""
    return [*map(_line, range(1, len(rows) + 1), rows), summary(rows, n_uncited)]


def _line(number: int, row: Row) -> str:
    """One citation for a person: whether it holds, the place that is named, why, and the words."""
    found = row["found"]
    elsewhere = "" if row["holds"] or found is None else f"; found in {found['document']}, {found['locator']}"
    reason = ", ".join(filter(None, (row["verdict"], row["support"])))
    words = f"“{_shortened(row['quote'])}”" if row["quote"] else f"no quote, “{_shortened(row['statement'])}”"
    outcome = "holds" if row["holds"] else "fails"
    return f"[{number}] {outcome}: {one_line(_place(row))} ({one_line(reason + elsewhere)}): {words}"


def _place(row: Row) -> str:
    """The place that is named to the reader."""
    if "line" not in row:
        return f"{row['document']}, {row['locator']}"
    place = row["place"]
    shown = "no page named" if place is None else place.strip("()[] ") if len(place) <= _MAX_QUOTE_CHARS else ""
    return f"line {row['line']}, {shown or 'p. ' + ', '.join(row['pages'])}"


def _shortened(quote: str) -> str:
    shown = one_line(quote)
    return shown if len(shown) <= _MAX_QUOTE_CHARS else f"{shown[: _MAX_QUOTE_CHARS - 1].rstrip()}…"


def summary(rows: Sequence[Row], n_uncited: int = 0) -> str:
    """How many hold, in one line."""
    held = f"{n_holding(rows)} of {len(rows)} {'citation holds' if len(rows) == 1 else 'citations hold'}"
    uncited = f"; {n_uncited} statement{' has' if n_uncited == 1 else 's have'} no citation" if n_uncited else ""
    return (held if rows else "the answer has no citations to check") + uncited


def n_holding(rows: Sequence[Row]) -> int:
    """How many hold."""
    return sum(row["holds"] for row in rows)


def exit_code(rows: Sequence[Row]) -> int:
    """0 when every citation holds, 5 when some do not, 4 when none does."""
    if not n_holding(rows):
        return exit_codes.NOT_FOUND
    return exit_codes.ANSWERED if n_holding(rows) == len(rows) else exit_codes.PARTIAL
