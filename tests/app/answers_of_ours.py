"""Answers as they come, made by hand for the tests of what shows them."""

from __future__ import annotations

from dataclasses import replace

from docqa.answers import Absence, Answer, Citation, Coverage, Route, Statement, Support, Verdict
from docqa.checks import Check, Refused
from docqa.documents import Box, Span

QUOTED = Support("supports", 1.0, "quotation")


def citation(quote: str = "The rent is 48,500 dollars.", verdict: Verdict = "verbatim", page: int = 12) -> Citation:
    """A citation of page 12, printed as 8."""
    return Citation(
        "lease.pdf",
        "ab" * 32,
        page - 1,
        page,
        str(page - 4),
        f"p. {page - 4} (PDF {page})",
        10,
        10 + len(quote),
        quote,
        verdict,
        QUOTED,
        (Box(72, 100, 200, 112),),
    )


ELSEWHERE = citation("The tenant is a cat.", "other_page", 13)
RENT = citation()
SCANNED = replace(citation("It ends in 2027.", page=14), ocr_confidence=0.71, support=Support("partly", 0.5, "deberta"))
ANSWERED = Answer(
    "What is the rent, and when does it end?",
    "answered",
    (
        Statement("The rent is 48,500 dollars.", (RENT,), Span(12, 26)),
        Statement("It runs until 2027.", (SCANNED, RENT)),
    ),
    Route("rag", "the question asks for something that a few passages can answer"),
    Coverage(20, 19, ("page 3",)),
    warnings=("p. 14 was read by OCR.",),
    usage={"passages": 10, "calls": 2, "input_tokens": 1_500, "output_tokens": 40},
    seconds={"retrieve": 0.2, "reason": 1.1},
    check=Check(3, 4, refused=(Refused("The tenant is a cat.", "statement_removed", (ELSEWHERE,)),)),
)
NOT_FOUND = Answer(
    "Who is the <b>tenant</b>?",
    "not_found",
    (),
    Route("rag", "because"),
    Coverage(20, 20),
    Absence("Not found: nobody is named.", ("tenant", "name"), ("tenant",), (RENT,)),
)
