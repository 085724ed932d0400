"""The cards of evidence: numbered as the printed answer, with verdicts that a person understands."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from docqa.answers import Statement, Support, SupportLabel, Verdict
from docqa.app.evidence_cards import badges, evidence, low_evidence, marks
from docqa.checks import Action, Check, Refused

from .answers_of_ours import ANSWERED, ELSEWHERE, NOT_FOUND, RENT, SCANNED, citation


def test_cards_bear_the_numbers_of_the_printed_answer() -> None:
    found = evidence(ANSWERED)
    assert [(card.number, card.citation) for card in found.cited] == [(1, RENT), (2, SCANNED)]
    assert [numbers for _, numbers in marks(ANSWERED)] == [(1,), (2, 1)]
    printed = str(ANSWERED).splitlines()
    assert printed[0].endswith("[1]")
    assert printed[1].endswith("[2][1]")
    assert found.cited[0].place == "lease.pdf, p. 8 (PDF 12)"


def test_the_nearest_passages_are_cards_too() -> None:
    found = evidence(NOT_FOUND)
    assert (found.cited, [card.number for card in found.nearest]) == ((), [1])
    assert found.card(1) == found.nearest[0]
    assert found.card(2) is None


def test_what_was_refused_is_kept_with_what_became_of_it() -> None:
    (card,) = evidence(ANSWERED).refused
    assert (card.number, card.citation) == (3, ELSEWHERE)
    assert card.remark == "Left out of the answer, as nothing bears it out: “The tenant is a cat.”"
    assert evidence(ANSWERED).card(3) == card


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_is_told_in_words(action: Action) -> None:
    check = Check(1, 1, refused=(Refused("So it is.", action, (ELSEWHERE,)),))
    (card,) = evidence(replace(ANSWERED, check=check)).refused
    assert card.remark.endswith(": “So it is.”")


def test_the_badges_say_verdict_support_and_scan() -> None:
    assert [(b.text, b.tone) for b in badges(RENT)] == [("verbatim", "good"), ("quoted", "good")]
    assert [(b.text, b.tone) for b in badges(SCANNED)] == [
        ("verbatim", "good"),
        ("supports in part 0.50", "fair"),
        ("OCR 71%", "poor"),
    ]


@pytest.mark.parametrize("verdict", get_args(Verdict))
@pytest.mark.parametrize("label", get_args(SupportLabel))
def test_every_verdict_and_support_has_a_badge(verdict: Verdict, label: SupportLabel) -> None:
    judged = replace(citation(verdict=verdict), support=Support(label, 0.3, "j"))
    first, second = badges(judged)
    assert (first.tone == "good") == (verdict == "verbatim")
    assert (second.tone == "good") == (label == "supports")
    assert first.meaning.endswith(".")


def test_low_evidence_is_warned_of_by_sentence() -> None:
    assert low_evidence(replace(ANSWERED, statements=ANSWERED.statements[:1])) == ""
    weak = Statement("It ends.", (SCANNED,))
    assert "sentence 2" in low_evidence(replace(ANSWERED, statements=(ANSWERED.statements[0], weak)))
    assert "does not fully bear this answer out" in low_evidence(replace(ANSWERED, statements=(weak,)))
    assert low_evidence(NOT_FOUND) == ""
