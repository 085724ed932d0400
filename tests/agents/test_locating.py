"""A quote gets the verdict that its words deserve, and nothing that matters may differ in a near match."""

from __future__ import annotations

import time

import pytest

from docqa.agents.locating import Claimed, Locator
from docqa.answers import Verdict
from docqa.documents import Page, Span

from .library_of_pages import document_of

BRIDGE = (
    "The bridge was not opened until 1932, in a storm. Its main arch spans 503.5 metres\nand is painted grey by twelve "
    "men. The “old” quay is un\u00adsafe in winter. Anna Berg designed the railing in March."
)
HARBOUR = "The harbour has two ferries which leave every half hour from the northern quay of the old town."
REPORT = document_of(Page(0, BRIDGE, number=1), Page(1, HARBOUR, number=2))
TUNNEL = document_of(Page(0, "Tunnel sections are made of concrete and steel.", number=1), name="tunnel.pdf")
LOCATOR = Locator([REPORT, TUNNEL])


def verdict(quote: str, part: int | None = 0, document: str = "report.pdf") -> Verdict:
    return LOCATOR.locate(quote, Claimed(document, part)).verdict


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Its main arch spans 503.5 metres and is painted grey", "verbatim"),
        ('The "old" quay is unsafe in winter.', "verbatim"),
        ("spans 503.5", "verbatim"),
        ("Its main arch spans 503.5 metres and was painted gray by twelve men.", "close"),
        ("Its main arch spans 503.5 meters and is painted grey by twelve men.", "close"),
        ("Its main arch spans 503.6 metres and is painted grey by twelve men.", "absent"),
        ("Its main arch spans 503.5 metres and is painted grey by eleven men.", "absent"),
        ("spans 503", "absent"),
        ("spans 50", "absent"),
        ("safe in winter", "absent"),
        ("quay is safe in winter. Anna Berg designed the railing in March.", "absent"),
        ("Anna Borg designed the railing in March.", "absent"),
        ("Anna Berg designed the railing in May.", "absent"),
        ("The bridge was opened until 1932, in a storm. Its main arch spans 503.5 metres and is painted", "stitched"),
        ("The bridge was not opened … designed the railing", "stitched"),
        ("The bridge was not opened from the northern quay", "stitched"),
        ("bridge ferries concrete", "absent"),
        (HARBOUR, "other_page"),
        ("Tunnel sections are made of concrete", "other_document"),
        ("Words that nobody wrote here", "absent"),
        ("", "absent"),
        (" \n", "absent"),
    ],
)
def test_the_verdict_of_a_quote(quote: str, expected: Verdict) -> None:
    assert verdict(quote) == expected


def test_a_near_match_is_snapped_to_the_real_words() -> None:
    found = LOCATOR.locate(
        "The harbour has two ferry which leave every half hour from the nothern quay", Claimed("", 1)
    )
    assert found.verdict == "close"
    assert found.span is not None
    assert (
        HARBOUR[slice(*found.span)] == "The harbour has two ferries which leave every half hour from the northern quay"
    )
    assert 0.9 <= found.similarity < 1.0


@pytest.mark.parametrize(
    "changed", ["southern quay", "western quay", "two ferries never", "no ferries", "three ferries"]
)
def test_a_word_that_turns_the_meaning_is_never_close(changed: str) -> None:
    original = {"quay": "northern quay", "never": "two ferries", "ferries": "two ferries"}[changed.split()[-1]]
    assert verdict(HARBOUR.replace(original, changed), part=1) not in ("verbatim", "close")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("Der Verein darf keine Mitglieder unter sechzehn Jahren in den Vorstand aufnehmen.", ("keine", "eine")),
        ("Der Vertrag der beiden Häfen über die Fähre endet am letzten Tag im juni des Jahres.", ("juni", "juli")),
        ("El contrato de los puertos sobre el transbordador termina a los sesenta meses.", ("sesenta", "setenta")),
        ("Il contratto dei porti sul traghetto termina senza altro dopo trenta mesi.", ("senza", "senta")),
        ("The contract of the two ports about the ferry ends after sixty months and a day.", ("sixty", "sixth")),
    ],
)
def test_nor_is_one_in_another_language(text: str, changed: tuple[str, str]) -> None:
    locator = Locator([document_of(Page(0, text, number=1))])
    assert locator.locate(text.replace(*changed), Claimed("", 0)).verdict not in ("verbatim", "close")


def test_the_same_words_twice_are_told_apart_by_their_offset() -> None:
    twice = document_of(Page(0, "It rains. And then it rains. It rains.", number=1))
    found = Locator([twice]).locate("It rains.", Claimed("", 0, start_char=28))
    assert found.span == Span(29, 38)


def test_nothing_claimed_means_anywhere() -> None:
    found = LOCATOR.locate("concrete and steel", Claimed())
    assert (found.verdict, found.document_id, found.part) == ("verbatim", TUNNEL.id, 0)


def test_a_document_is_known_by_name_or_id() -> None:
    assert verdict("two ferries", 1, REPORT.id) == verdict("two ferries", 1, "report.pdf") == "verbatim"
    assert verdict("two ferries", 1, "tunnel.pdf") == "other_document"


LEASE = "本租约于2019年6月1日开始。租约到期前不得转让给他人，也不得抵押。年租金为48500元。"


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("租约到期前不得转让", "verbatim"),
        ("于2019年6月1日", "verbatim"),
        ("租金为48500元", "verbatim"),
        ("8500元", "absent"),
        ("得转让给他人", "absent"),  # the negation is cut off
        ("租约到期前可得转让给他人，也不得抵押。", "absent"),
        ("本租约于2018年6月1日开始。", "absent"),
    ],
)
def test_words_need_no_spaces_around_them(quote: str, expected: Verdict) -> None:
    assert Locator([document_of(Page(0, LEASE, number=1))]).locate(quote, Claimed("", 0)).verdict == expected


@pytest.mark.parametrize(
    ("quote", "page"),
    [("the bridge " * 10_000, BRIDGE), ("the old bridge of " * 3_000, "the bridge of the town " * 40_000)],
    ids=["longer than the page", "long on a long page"],
)
def test_a_huge_quote_is_absent_in_no_time(quote: str, page: str) -> None:
    started = time.process_time()
    assert Locator([document_of(Page(0, page, number=1))]).locate(quote, Claimed("", 0)).verdict == "absent"
    assert time.process_time() - started < 3
