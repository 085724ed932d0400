"""Citations: a quote with the place where it stands, and whether its words bear a statement out.

Nothing here knows how a citation was found or checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from docqa.documents import Box

Verdict = Literal["verbatim", "close", "stitched", "other_page", "other_document", "absent"]
SupportLabel = Literal["supports", "partly", "unrelated", "contradicts"]


@dataclass(frozen=True, slots=True)
class Support:
    """Whether the cited words bear the statement out, according to a named judge; `score` runs from 0 to 1."""

    label: SupportLabel
    score: float
    judge: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote with everything that is needed to find it again.

    `part` is the 0-based index of the page, slide, sheet or section whose clean text the offsets count. `page` is
    the physical 1-based page number and `page_label` the printed one, both None for formats without pages; `locator`
    says the place in words in any case. `boxes` are points on the displayed page, origin top left, empty when unknown.
    `ocr_confidence` is the OCR engine's mean confidence for the page, None when the words were not read by OCR.
    """

    document: str
    sha256: str
    part: int
    page: int | None
    page_label: str | None
    locator: str
    start_char: int
    end_char: int
    quote: str
    verdict: Verdict
    support: Support | None = None
    boxes: tuple[Box, ...] = ()
    ocr_confidence: float | None = None


def citation_to_json(citation: Citation) -> dict[str, Any]:
    """The citation as plain JSON values."""
    support = citation.support
    return {
        "document": citation.document,
        "sha256": citation.sha256,
        "part": citation.part,
        "page": citation.page,
        "page_label": citation.page_label,
        "locator": citation.locator,
        "start_char": citation.start_char,
        "end_char": citation.end_char,
        "boxes": [[round(side, 2) for side in box] for box in citation.boxes],
        "quote": citation.quote,
        "verdict": citation.verdict,
        "support": support and {"label": support.label, "score": round(support.score, 4), "judge": support.judge},
        "ocr_confidence": citation.ocr_confidence,
    }


def citation_from_json(data: Mapping[str, Any]) -> Citation:
    """Read a citation back; raises KeyError, TypeError or ValueError when it is none."""
    support = data["support"]
    return Citation(
        document=data["document"],
        sha256=data["sha256"],
        part=data["part"],
        page=data["page"],
        page_label=data["page_label"],
        locator=data["locator"],
        start_char=data["start_char"],
        end_char=data["end_char"],
        quote=data["quote"],
        verdict=data["verdict"],
        support=Support(support["label"], support["score"], support["judge"]) if support else None,
        boxes=tuple(Box(*box) for box in data["boxes"]),
        ocr_confidence=data["ocr_confidence"],
    )
