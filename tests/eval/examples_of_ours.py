"""Small examples and answers of our own."""

from __future__ import annotations

from collections.abc import Sequence

from docqa.answers import Absence, Answer, Citation, Coverage, Route, Statement, Support
from docqa.eval.cited_text import docqa_sentences
from docqa.eval.examples import Example, TextSource
from docqa.eval.metrics import Judge, Setting

from .stand_in_judge import StandInJudge

BRIDGE = TextSource(
    "bridge",
    (
        "The Aurora Bridge was completed in 1932 and spans Lake Union in Seattle.",
        "Engineer Ruth Almond designed the steel deck of the bridge in 1929.",
        "Bread making requires flour, water, salt and yeast.",
    ),
)


def example(identity: str = "1", source: TextSource = BRIDGE, references: tuple[str, ...] = ("1932",)) -> Example:
    """A question about the bridge, whose answer stands in its first part."""
    return Example(
        identity, "bridges", "When was it completed?", (source,), references, gold=((source.name, 0),), length=30
    )


def citation(part: int, document: str = "bridge", score: float = 0.9) -> Citation:
    """A citation of a part, with a judge's support."""
    return Citation(
        document=document,
        sha256="0" * 64,
        part=part,
        page=None,
        page_label=None,
        locator=f"part {part + 1}",
        start_char=0,
        end_char=3,
        quote="The",
        verdict="verbatim",
        support=Support("supports", score, "stand-in"),
    )


def answer(*statements: tuple[str, Sequence[int]]) -> Answer:
    """An answer of statements, each with the 0-based parts that it cites; without any, an abstention."""
    return Answer(
        question="When was it completed?",
        status="answered" if statements else "not_found",
        statements=tuple(Statement(text, tuple(map(citation, parts))) for text, parts in statements),
        route=Route("rag", "it is a test"),
        coverage=Coverage(3, 3),
        absence=None if statements else Absence("Not found: it is a test."),
    )


def setting() -> Setting:
    """Strict, with docqa's sentences and the deterministic judge."""
    return Setting("strict", docqa_sentences(), Judge("stand-in", StandInJudge().entails))
