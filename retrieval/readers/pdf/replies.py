"""Turn what a child says about a page into a `Page`."""

from __future__ import annotations

from typing import cast

from docqa.documents import Health, Page, Region
from docqa.retrieval.readers.pdf.frames import Json

OVER_SCAN = "text layer over a scan"
_BY_PYPDF = "read by pypdf, because PDFium"
_MOSTLY_PICTURE = 0.5


def page_of(index: int, body: Json) -> Page:
    """Return a page as PDFium reads it, before OCR had a look at its picture."""
    text = str(body["text"])
    regions = tuple(Region(*fields) for fields in cast("list[list[object]]", body["regions"]))  # type: ignore[arg-type]
    width, height = cast("list[float]", body["size"])
    health = Health(
        source="text" if text else "blank",
        garbled=bool(body["garbled"]),
        has_table=any(r.kind == "table" for r in regions),
        n_hidden_chars=cast("int", body["n_hidden"]),
        note=OVER_SCAN if body["over_scan"] else "",
    )
    label = cast("str | None", body["label"])
    return Page(index, text, index + 1, label, "", width, height, health, regions)


def page_by_pypdf(index: int, body: Json, failure: str) -> Page:
    """Return a page that pypdf has read after PDFium failed on it."""
    text = str(body["text"])
    width, height = cast("list[float]", body["size"])
    note = f"{_BY_PYPDF} {failure} on this page"
    health = Health("text", note=note) if text else Health("unreadable", note=f"PDFium {failure}; pypdf found no text")
    return Page(index, text, index + 1, width=width, height=height, health=health)


def unreadable_page(index: int, note: str) -> Page:
    """Return a page of which nothing could be read."""
    return Page(index, "", index + 1, health=Health("unreadable", note=note))


def is_by_pypdf(page: Page) -> bool:
    """Say whether PDFium failed on this page when it was read."""
    return page.health.note.startswith(_BY_PYPDF)


def is_mostly_picture(body: Json) -> bool:
    """Say whether a picture covers so much of the page that a few words beside it are not what the page says."""
    return cast("float", body["pictures"]) >= _MOSTLY_PICTURE or (bool(body["needs_ocr"]) and not body["text"])
