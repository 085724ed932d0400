"""What the command line shows, made from docqa's types: plain values for --json, lines for a person.

Document text and file names are data: whatever could steer a terminal is taken out before they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from docqa.answers import Answer, Statement, one_line
from docqa.documents import Document, Span, locator
from docqa.retrieval.catalogue import HealthReport, LibraryEntry
from docqa.retrieval.health import HealthSummary, PageHealth
from docqa.retrieval.retriever import Hit


def document_report(entry: LibraryEntry) -> dict[str, Any]:
    """One document of the library with the counts of its health."""
    return {
        "document": entry.name,
        "sha256": entry.id,
        "complete": entry.complete,
        "bytes": entry.n_bytes,
        "language": entry.language,
        **_counts(entry.health),
    }


def health_report(report: HealthReport) -> dict[str, Any]:
    """One document with the health of every page, schema `docqa.health/1`."""
    return {
        "schema": "docqa.health/1",
        "document": report.name,
        "sha256": report.document_id,
        **_counts(report.summary),
        "page_health": [_page(page) for page in report.pages],
    }


def passage_report(hit: Hit, document: Document) -> dict[str, Any]:
    """A passage that was found, with its place."""
    passage = hit.passage
    page = document.pages[passage.page]
    return {
        "id": passage.id,
        "document": document.name,
        "sha256": document.id,
        "page": page.number,
        "page_label": page.label,
        "locator": locator(page, Span(passage.start_char, passage.end_char)),
        "headings": list(passage.headings),
        "header": passage.header,
        "text": passage.text,
        "score": float(hit.score),
    }


def document_line(entry: LibraryEntry) -> str:
    """One document on one line: short hash, name, health."""
    health = str(entry.health) if entry.complete else "not read to the end; index it again to go on"
    return f"{entry.id[:12]}  {one_line(entry.name)}  {health}"


def size_and_health(entry: LibraryEntry) -> str:
    """What a person wants to know of a document at a glance: its length, how much of it is OCR or missing, its size.

    The length is in pages, whatever its format calls them.
    """
    health = entry.health
    size = f"{entry.n_bytes / 1e6:.1f} MB" if entry.n_bytes >= 100_000 else f"{max(1, round(entry.n_bytes / 1e3))} kB"
    remarks = ((health.n_ocr, "by OCR"), (health.n_unreadable, "unreadable"), (health.n_garbled, "garbled"))
    pages = "1 page" if health.n_pages == 1 else f"{health.n_pages} pages"
    return ", ".join([pages, *(f"{n} {what}" for n, what in remarks if n), size])


def health_lines(report: HealthReport) -> list[str]:
    """The summary, what the readers noted, and a line for each page that is not plain text."""
    lines = [f"{report.document_id[:12]}  {one_line(report.name)}  {report.summary}"]
    lines += [
        f"  {one_line(note)} ({n_pages} {'page' if n_pages == 1 else 'pages'})"
        for note, n_pages in report.summary.notes
    ]
    lines += [f"  {place(page)}: {remark}" for page in report.pages if (remark := _remark(page))]
    return lines


def passage_lines(passages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Numbered passages, each with its place above its text."""
    lines = []
    for number, row in enumerate(passages, start=1):
        lines.append(f"{number}. {one_line(row['document'])}, {one_line(row['locator'])}  ({row['score']:.3f})")
        lines.append(f"   {one_line(row['text'])}")
    return lines


def place(page: PageHealth) -> str:
    """Where the page is, in words."""
    if page.number is None:
        return one_line(page.place) or f"part {page.index + 1}"
    label = f" ({page.label})" if page.label not in (None, str(page.number)) else ""
    return f"page {page.number}{label}"


def styled_answer(answer: Answer) -> Text:
    """The printed answer; on a terminal the words that answer stand out, and the places below step back."""
    text = Text()
    lines = str(answer).splitlines()
    for number, line in enumerate(lines):
        styled = Text(line, style="dim" if line.startswith(("[", "  -")) else "")
        if number < len(answer.statements):
            styled = Text(line)
            styled.stylize("bold", *emphasis(answer.statements[number], line))
        text.append_text(styled)
        text.append("\n" if number + 1 < len(lines) else "")
    return text


def emphasis(statement: Statement, line: str) -> Span:
    """The characters of the printed line that answer; the whole line where nobody can tell."""
    if statement.emphasis is None:
        return Span(0, len(line))
    words = one_line(statement.text[slice(*statement.emphasis)])
    before = one_line(statement.text[: statement.emphasis.start_char])
    start = line.find(words, len(before))
    return Span(start, start + len(words)) if start >= 0 else Span(0, len(line))


def printable(text: str) -> str:
    """Text of several lines as a terminal may show it."""
    return "\n".join("\t".join(one_line(cell) for cell in line.split("\t")) for line in text.split("\n"))


def _counts(health: HealthSummary) -> dict[str, Any]:
    return {
        "pages": health.n_pages,
        "text": health.n_text,
        "ocr": health.n_ocr,
        "ocr_confidence": health.ocr_confidence,
        "blank": health.n_blank,
        "unreadable": health.n_unreadable,
        "garbled": health.n_garbled,
        "with_tables": health.n_table,
        "with_hidden_text": health.n_hidden,
        "characters": health.n_chars,
        "notes": [{"note": note, "pages": n_pages} for note, n_pages in health.notes],
    }


def _page(page: PageHealth) -> dict[str, Any]:
    health = page.health
    return {
        "part": page.index,
        "page": page.number,
        "page_label": page.label,
        "place": page.place,
        "characters": page.n_chars,
        "source": health.source,
        "garbled": health.garbled,
        "table": health.has_table,
        "hidden_characters": health.n_hidden_chars,
        "ocr_engine": health.ocr_engine,
        "ocr_confidence": health.ocr_confidence,
        "note": health.note,
    }


def _remark(page: PageHealth) -> str:
    """What is out of the ordinary about a page, "" for plain text."""
    health = page.health
    parts: list[str] = [] if health.source == "text" else [health.source]
    if health.ocr_confidence is not None:
        parts = [f"OCR by {health.ocr_engine}, confidence {health.ocr_confidence:.0%}"]
    parts += ["garbled"] if health.garbled else []
    parts += ["table"] if health.has_table else []
    parts += [f"{health.n_hidden_chars} hidden characters"] if health.n_hidden_chars else []
    parts += [one_line(health.note)] if health.note else []
    return ", ".join(parts)
