"""The health report of a whole document."""

from __future__ import annotations

from docqa.documents import Health
from docqa.retrieval.health import HealthSummary, PageHealth, summary


def _page(index: int, health: Health, n_chars: int = 100) -> PageHealth:
    return PageHealth(index, index + 1, None, "", n_chars, health)


def test_every_page_is_counted_once_by_source_and_again_by_what_it_bears() -> None:
    pages = [
        _page(0, Health()),
        _page(1, Health(has_table=True, n_hidden_chars=7)),
        _page(2, Health("ocr", ocr_engine="tesseract", ocr_confidence=0.9)),
        _page(3, Health("ocr", garbled=True, ocr_engine="tesseract", ocr_confidence=0.8)),
        _page(4, Health("blank"), 0),
        _page(5, Health("unreadable", note="no text layer"), 0),
        _page(6, Health("unreadable", note="no text layer"), 0),
        _page(7, Health("unreadable", note="took too long"), 0),
    ]
    found = summary(pages)
    assert (found.n_pages, found.n_text, found.n_ocr, found.n_blank, found.n_unreadable) == (8, 2, 2, 1, 3)
    assert (found.n_table, found.n_hidden, found.n_garbled, found.n_chars) == (1, 1, 1, 400)
    assert found.notes == (("no text layer", 2), ("took too long", 1))
    assert found.ocr_confidence is not None
    assert abs(found.ocr_confidence - 0.85) < 1e-9
    assert str(found) == (
        "8 pages: 2 text, 2 OCR (confidence 85 %), 1 blank, 3 unreadable; 1 with tables, 1 garbled, 1 with hidden text"
    )


def test_the_reason_for_no_text_names_counts_and_remarks() -> None:
    found = summary([_page(0, Health("blank"), 0), _page(1, Health("unreadable", note="OCR is off"), 0)])
    assert found.why_no_text == "there is no text in it: 2 pages, 1 blank, 1 unreadable (OCR is off)"


def test_a_document_without_pages_has_no_text() -> None:
    assert summary([]) == HealthSummary()
    assert HealthSummary().why_no_text == "there is no text in it: 0 pages"
