"""What the page's own parts are given to draw, as plain JSON values, and under which addresses pictures are asked for.

Text is handed on as it is: the parts show it as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docqa.answers import Answer, Statement
from docqa.app.evidence_cards import Card, marks, proved
from docqa.documents import Document, Page, Span, locator

ROOT = "/docqa"
CROP = f"{ROOT}/runs/{{run}}/cards/{{number:int}}/crop.png"
MARKED_PAGE = f"{ROOT}/runs/{{run}}/cards/{{number:int}}/page.png"
PAGE = f"{ROOT}/documents/{{document}}/parts/{{part:int}}/page.png"
PART = f"{ROOT}/documents/{{document}}/parts/{{part:int}}.json"

_WITH_PICTURES = "application/pdf"


def answer_data(run_id: str, answer: Answer) -> dict[str, Any]:
    """The sentences of an answer with the numbers of their evidence, for `ui/answer.js`."""
    sentences = [
        {
            "parts": emphasised(statement),
            "numbers": list(numbers),
            "tone": "good" if proved(statement.citations) else "weak",
        }
        for (_, numbers), statement in zip(marks(answer), answer.statements, strict=True)
    ]
    return {"run": run_id, "sentences": sentences}


def emphasised(statement: Statement) -> tuple[str, str, str]:
    """The text before, in and after the words that answer the question."""
    start, end = statement.emphasis or (0, 0)
    return statement.text[:start], statement.text[start:end], statement.text[end:]


def evidence_data(run_id: str, cards: Sequence[Card]) -> dict[str, Any]:
    """The cards of a run, for `ui/evidence.js`."""
    return {"run": run_id, "cards": [_card(run_id, card) for card in cards]}


def part_data(document: Document, index: int) -> dict[str, Any]:
    """One page, slide, sheet or section of a document as text. Raises IndexError where there is none."""
    page = document.pages[index]
    return {
        "document": document.name,
        "place": place(page, index),
        "parts": len(document.pages),
        "text": page.text,
    }


def place(page: Page, index: int) -> str:
    """Where a whole page is, in words."""
    whole = page.place if page.number is None else locator(page, Span(0, 0))
    return whole or f"part {index + 1}"


def _card(run_id: str, card: Card) -> dict[str, Any]:
    citation = card.citation
    root = f"{ROOT}/runs/{run_id}/cards/{card.number}"
    return {
        "number": card.number,
        "place": card.place,
        "quote": citation.quote,
        "remark": card.remark,
        "badges": [{"text": b.text, "tone": b.tone, "meaning": b.meaning} for b in card.badges],
        "kind": "picture" if citation.page is not None else "text",
        "crop": f"{root}/crop.png",
        "page": f"{root}/page.png",
        "parts": f"{ROOT}/documents/{citation.sha256}/parts",
        "part": citation.part,
        "start": citation.start_char,
        "end": citation.end_char,
    }
