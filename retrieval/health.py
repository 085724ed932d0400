"""How well a whole document could be read: the counts over its pages, and the reason why there is no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from docqa.documents import Health

N_NOTES = 3


@dataclass(frozen=True, slots=True)
class PageHealth:
    """One line of the health report; `number`, `label` and `place` are those of the page."""

    index: int
    number: int | None
    label: str | None
    place: str
    n_chars: int
    health: Health


@dataclass(frozen=True, slots=True)
class HealthSummary:
    """How many pages are what. Every page counts in one of text, OCR, blank and unreadable; the rest may overlap.

    `ocr_confidence` is the mean over pages that OCR read, from 0 to 1. `notes` are the commonest remarks of the
    readers with the number of pages that bear them.
    """

    n_pages: int = 0
    n_text: int = 0
    n_ocr: int = 0
    n_blank: int = 0
    n_unreadable: int = 0
    n_garbled: int = 0
    n_table: int = 0
    n_hidden: int = 0
    n_chars: int = 0
    ocr_confidence: float | None = None
    notes: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        """
        >>> str(HealthSummary(n_pages=12, n_text=10, n_ocr=2, n_table=3, ocr_confidence=0.914))
        '12 pages: 10 text, 2 OCR (confidence 91 %); 3 with tables'
        """
        ocr = "OCR" if self.ocr_confidence is None else f"OCR (confidence {self.ocr_confidence:.0%})".replace("%", " %")
        kinds = ((self.n_text, "text"), (self.n_ocr, ocr), (self.n_blank, "blank"), (self.n_unreadable, "unreadable"))
        remarks = ((self.n_table, "with tables"), (self.n_garbled, "garbled"), (self.n_hidden, "with hidden text"))
        parts = (", ".join(f"{n} {what}" for n, what in group if n) for group in (kinds, remarks))
        return f"{_pages(self.n_pages)}: " + "; ".join(part for part in parts if part)

    @property
    def why_no_text(self) -> str:
        """The cause for a person whose document gave no text at all.

        >>> HealthSummary(n_pages=2, n_unreadable=2, notes=(("no text layer; OCR is off", 2),)).why_no_text
        'there is no text in it: 2 pages, 2 unreadable (no text layer; OCR is off)'
        """
        kinds = (
            (self.n_blank, "blank"),
            (self.n_unreadable, "unreadable"),
            (self.n_text + self.n_ocr, "without words"),
        )
        found = ", ".join([_pages(self.n_pages), *(f"{n} {what}" for n, what in kinds if n)])
        notes = "; ".join(note for note, _ in self.notes)
        return f"there is no text in it: {found}" + (f" ({notes})" if notes else "")


def summary(pages: Iterable[PageHealth]) -> HealthSummary:
    """Count over all pages of a document."""
    counts: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    confidences = []
    for page in pages:
        health = page.health
        counts.update(("pages", health.source), pages=0)
        counts.update(
            chars=page.n_chars, garbled=health.garbled, table=health.has_table, hidden=health.n_hidden_chars > 0
        )
        notes.update([health.note] if health.note else [])
        confidences += [health.ocr_confidence] if health.ocr_confidence is not None else []
    return HealthSummary(
        n_pages=counts["pages"],
        n_text=counts["text"],
        n_ocr=counts["ocr"],
        n_blank=counts["blank"],
        n_unreadable=counts["unreadable"],
        n_garbled=counts["garbled"],
        n_table=counts["table"],
        n_hidden=counts["hidden"],
        n_chars=counts["chars"],
        ocr_confidence=sum(confidences) / len(confidences) if confidences else None,
        notes=tuple(notes.most_common(N_NOTES)),
    )


def _pages(n: int) -> str:
    return "1 page" if n == 1 else f"{n} pages"
