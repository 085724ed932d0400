"""Questions that one quotation cannot answer: comparisons, explanations and summaries, without a language model."""

from __future__ import annotations

import pytest

from docqa.agents.chain import Chain
from docqa.agents.comparing import sides_of
from docqa.agents.embedded import EmbeddedReasoner
from docqa.agents.explaining import is_step, reason_in
from docqa.agents.extractive_summary import WORDS_PER_SENTENCE
from docqa.agents.rag import Rag
from docqa.agents.retrieve_then_reason import RetrieveThenReason
from docqa.documents import Document, Page, Region, Span
from docqa.llm.reader import LexicalReader

from .library_of_pages import PagesCorpus, document_of

LEASES = document_of(
    Page(0, "The lease of the warehouse in Eddlestone ends on 31 March 2027. The rent is due monthly.", number=1),
    Page(1, "Insurance is a matter of the tenant. Keys are handed over in person.", number=2),
    Page(2, "The lease of the shop in Morwick ends on 30 June 2024. It was not extended.", number=3),
)
PUMP = document_of(
    Page(
        0,
        "The pump is checked once a year. Output fell in 2023 because the filter was blocked with sand. The output is "
        "measured in litres.\n\nHow to clean the filter:\n1. Switch off the pump.\n2. Take the filter out.\n"
        "3. Rinse it with clear water.\n\nThe warranty ends after two years.",
        number=1,
    )
)
REASONER = EmbeddedReasoner(LexicalReader())


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is the difference between the 2019 lease and the 2021 lease?", ["the 2019 lease", "the 2021 lease"]),
        ("Compare the revenue of Acme with Beta.", ["the revenue of Acme", "Beta"]),
        ("How does method A differ from method B?", ["method A", "method B"]),
        ("Which is cheaper, the tram or the ferry?", ["the tram", "the ferry"]),
        ("Is the tram faster than the ferry?", ["the tram", "the ferry"]),
        ("Solar versus wind", ["Solar", "wind"]),
        ("Who designed the bridge?", []),
        ("What is compared?", []),
    ],
)
def test_the_sides_of_a_comparison_are_told_by_its_words(question: str, names: list[str]) -> None:
    assert [side.name for side in sides_of(question)] == names


def test_the_evidence_of_the_two_sides_stands_side_by_side() -> None:
    strategy = RetrieveThenReason(REASONER, PagesCorpus(LEASES))
    answer = strategy("Compare the end of the warehouse lease with the shop lease.", [LEASES])
    first, second = answer.statements
    assert "31 March 2027" in first.text
    assert "30 June 2024" in second.text
    assert [first.citations[0].page, second.citations[0].page] == [1, 3]
    assert all(s.citations[0].support is not None for s in answer.statements)
    assert any("comparison" in warning and "--model" in warning for warning in answer.warnings)


def test_a_sentence_that_speaks_of_both_sides_is_quoted_once() -> None:
    document = document_of(Page(0, "Sales were 12 million in 2021 and 15 million in 2022. Staff grew.", number=1))
    answer = RetrieveThenReason(REASONER, PagesCorpus(document))("Compare the sales of 2021 with 2022.", [document])
    assert [statement.text for statement in answer.statements] == [
        "Sales were 12 million in 2021 and 15 million in 2022."
    ]


def test_a_side_of_which_nothing_is_said_gets_no_sentence_of_the_other() -> None:
    strategy = RetrieveThenReason(REASONER, PagesCorpus(LEASES))
    answer = strategy("Compare the end of the warehouse lease with the boat lease.", [LEASES])
    assert not any(statement.text.startswith("the boat lease:") for statement in answer.statements)


def test_the_sentence_that_gives_the_reason_comes_first_with_the_reason_marked() -> None:
    answer = Rag(REASONER, PagesCorpus(PUMP))("Why did the output of the pump fall in 2023?", [PUMP])
    first = answer.statements[0]
    assert first.emphasis is not None
    assert first.text[slice(*first.emphasis)] == "because the filter was blocked with sand"


def test_the_steps_of_an_instruction_are_quoted_in_order_to_the_last() -> None:
    answer = Rag(REASONER, PagesCorpus(PUMP))("How do I clean the filter?", [PUMP])
    texts = [statement.text for statement in answer.statements]
    assert any("Rinse it" in text for text in texts)
    assert texts == sorted(texts, key=PUMP.pages[0].text.index)


def test_a_clause_without_a_marker_gives_no_reason() -> None:
    assert reason_in("The pump is checked once a year.") is None
    assert is_step("2. Take the filter out.")
    assert not is_step("The filter is made of steel.")


SECTIONS = [
    "The observatory counted storks in the delta. In {year} the observers saw {n} storks near the river. "
    "Storks nest on roofs. The weather was fair. Lunch was served at noon."
]


def summary_document(n_pages: int = 12) -> Document:
    texts = [SECTIONS[0].format(year=2000 + i, n=100 + 7 * i) for i in range(n_pages)]
    texts[7] += " The restaurant was sold to the miller for 90,000 euros."
    return document_of(*(Page(i, text, number=i + 1) for i, text in enumerate(texts)))


def test_a_summary_quotes_central_sentences_from_all_parts_in_the_order_of_the_text() -> None:
    document = summary_document()
    answer = Chain(REASONER, PagesCorpus(document))("Summarise the report.", [document])
    pages = [citation.part for citation in answer.citations]
    assert pages == sorted(pages)
    assert {page // 4 for page in pages} == {0, 1, 2}
    assert sum("storks" in statement.text for statement in answer.statements) >= len(answer.statements) * 0.7
    assert len(answer.text.split()) <= (WORDS_PER_SENTENCE + 5) * 10
    assert any("summary" in warning for warning in answer.warnings)


def test_a_summary_about_a_subject_quotes_what_speaks_of_it() -> None:
    document = summary_document()
    reasoner = EmbeddedReasoner(LexicalReader(), summary_sentences=1)
    answer = Chain(reasoner, PagesCorpus(document))("Give me a summary of the sale of the restaurant.", [document])
    assert "sold to the miller" in answer.statements[0].text


def test_a_summary_about_a_subject_that_does_not_occur_is_refused() -> None:
    document = summary_document()
    answer = Chain(REASONER, PagesCorpus(document))("Summarise the discussion about volcanoes.", [document])
    assert answer.status == "not_found"


def test_a_summary_is_as_long_as_it_may_be() -> None:
    document = summary_document()
    for n in (1, 4):
        reasoner = EmbeddedReasoner(LexicalReader(), summary_sentences=n)
        answer = Chain(reasoner, PagesCorpus(document))("Summarise the report.", [document])
        assert len(answer.statements) == n


CONCLUDED = "We saw that damp sand damages filters sooner than dry sand does, whatever the make of the pump is."


@pytest.mark.parametrize("heading", ["5 Conclusion\n\n", "VIII. CONCLUSION\n"])
def test_a_heading_leads_to_what_stands_below_it(heading: str) -> None:
    document = document_of(
        Page(
            0,
            "4 Measurements\n\nOutput fell by a third within a year, as ten pumps showed at once. It rained.",
            number=1,
        ),
        Page(1, f"{heading}{CONCLUDED} Further work will be about gravel.", number=2),
    )
    answer = Rag(REASONER, PagesCorpus(document))("What is the conclusion?", [document])
    first, *others = answer.statements
    assert first.citations[0].page == 2
    assert first.text in (CONCLUDED, "Further work will be about gravel.")
    assert not any("onclusion" in statement.text for statement in (first, *others))


def test_a_heading_is_quoted_where_it_is_what_is_asked_for() -> None:
    text = f"Wear of filters in harbours\n\n5 Conclusion\n\n{CONCLUDED}"
    document = document_of(Page(0, text, number=1))
    answer = Rag(REASONER, PagesCorpus(document))("Which section is the conclusion?", [document])
    assert answer.statements[0].text == "5 Conclusion"


def test_the_words_that_answer_are_marked_within_their_sentence() -> None:
    class Marking(LexicalReader):
        def find_spans(self, question: str, sentences: object) -> list[Span]:
            return [Span(s.find("31 March"), s.find("31 March") + 8) for s in sentences]  # type: ignore[attr-defined]

    answer = Rag(EmbeddedReasoner(Marking()), PagesCorpus(LEASES))("When does the warehouse lease end?", [LEASES])
    first = answer.statements[0]
    assert first.emphasis is not None
    assert first.text[slice(*first.emphasis)] == "31 March"


def test_a_page_that_the_question_names_is_the_only_one_that_is_read() -> None:
    corpus = PagesCorpus(LEASES)
    answer = Rag(REASONER, corpus)("Which lease ends according to page 3?", [LEASES])
    assert [c.page for s in answer.statements for c in s.citations] == [3]
    again = RetrieveThenReason(REASONER, corpus)("Which lease ends according to page 3?", [LEASES])
    assert {c.page for s in again.statements for c in s.citations} == {3}, "follow-up queries stay there"
    nowhere = Rag(REASONER, corpus)("Which lease ends according to page 2?", [LEASES])
    assert nowhere.absence is not None
    assert nowhere.absence.reason == "Not found: no passage on page 2 answers the question, as far as docqa can tell."
    beyond = Chain(REASONER, corpus)("Which lease ends according to page 40?", [LEASES])
    assert beyond.absence is not None
    assert beyond.absence.reason == "Not found: there is no text on page 40."


def test_a_summary_of_a_page_is_of_that_page_alone() -> None:
    answer = Chain(REASONER, PagesCorpus(LEASES))("Summarise page 1.", [LEASES])
    assert {c.page for s in answer.statements for c in s.citations} == {1}


def test_an_entry_of_a_list_of_references_is_quoted_only_where_a_source_is_asked_for() -> None:
    document = document_of(
        Page(0, "Erosion narrows a beach over decades. Groynes are walls that hold the sand of a beach.", number=1),
        Page(1, "[7] R. Dean, “What are groynes? Walls and beaches,” Journal of Coasts, 1984.", number=2),
    )
    strategy = Rag(REASONER, PagesCorpus(document))
    for route in (strategy, RetrieveThenReason(REASONER, PagesCorpus(document))):
        first = route("What are groynes of a beach, and what of walls?", [document]).statements[0]
        assert first.text == "Groynes are walls that hold the sand of a beach."
    cited = strategy("Which journal article asks what groynes are?", [document]).statements[0]
    assert cited.citations[0].page == 2


def test_title_and_authors_of_the_document_are_sought_on_its_first_pages() -> None:
    body = [
        Page(i, f"Chapter {i}. Title and author of works like this report are listed.", number=i + 1)
        for i in range(2, 9)
    ]
    document = document_of(
        Page(0, "Moor and Mire\n\nMargaret Ashdown\n\nPeat is old wood and moss.", number=1),
        Page(1, "First printed in 1984.", number=2),
        *body,
    )
    strategy = Rag(REASONER, PagesCorpus(document))
    title = strategy("What is the title of this report?", [document])
    assert title.statements[0].text == "Moor and Mire"
    assert title.warnings, "and that it may be no title is said"
    author = strategy("Who wrote this report?", [document])
    assert [s.text for s in author.statements] == ["Moor and Mire", "Margaret Ashdown"], "both may be names"
    printed = strategy("When was it printed?", [document]).statements[0]
    assert printed.text == "First printed in 1984."


def test_what_a_section_says_is_a_summary_of_it_and_a_question_that_names_one_is_answered_there() -> None:
    texts = (
        "1 Scope\n\nThe rules of the harbour hold for every ship that enters it by day or by night.",
        "2 Fees\n\nThe fee for a berth is paid by the master of the ship on the day of arrival.",
        "3 Penalties\n\nThe fee for a late payment of the berth is set by the harbour master each year.",
    )
    headings = [(Region("heading", 0, text.index("\n"), level=1),) for text in texts]
    document = document_of(*(Page(i, texts[i], number=i + 1, regions=headings[i]) for i in range(3)))
    strategy = Rag(REASONER, PagesCorpus(document))
    fee = strategy("What does section 3 say of the fee for a berth?", [document])
    assert {c.page for s in fee.statements for c in s.citations} == {3}
    for route in (strategy, Chain(REASONER, PagesCorpus(document))):
        told = route("What does section 2 say?", [document])
        assert [s.text for s in told.statements] == [
            "2 Fees",
            "The fee for a berth is paid by the master of the ship on the day of arrival.",
        ]


def test_a_number_that_stands_nowhere_is_refused_with_that_as_proof() -> None:
    corpus = PagesCorpus(LEASES)
    for strategy in (Rag(REASONER, corpus), RetrieveThenReason(REASONER, corpus)):
        answer = strategy("Which lease ends on 31 March 2031?", [LEASES])
        assert answer.absence is not None
        assert answer.absence.reason == "Not found: “2031” stands nowhere in what was searched."
        assert answer.absence.nearest
    answer = Rag(REASONER, corpus)("Which lease ends on 31 March 2027?", [LEASES])
    assert answer.statements[0].citations[0].page == 1
    assert not answer.warnings


def test_a_sentence_among_other_years_than_the_one_asked_for_gets_a_word_of_doubt() -> None:
    document = document_of(
        Page(0, "The fleet landed 812 tonnes in 2019.", number=1), Page(1, "The licence ends in 2023.", number=2)
    )
    answer = Rag(REASONER, PagesCorpus(document))("How many tonnes did the fleet land in 2023?", [document])
    assert answer.statements
    assert any("may not answer" in warning for warning in answer.warnings)


def test_what_a_sentence_announces_is_quoted_with_it() -> None:
    document = document_of(
        Page(
            0,
            "We name two limits of the method. First, it needs calm water. Second, it is slow. Trials ended in May.\n\n"
            "The kit holds the following parts:\n- a pump\n- a hose\n- two clamps\n\nThe box is made of tin.",
            number=1,
        )
    )
    strategy = Rag(REASONER, PagesCorpus(document))
    limits = strategy("What limits does the method have?", [document])
    assert [s.text for s in limits.statements] == [
        "We name two limits of the method.",
        "First, it needs calm water.",
        "Second, it is slow.",
    ]
    parts = strategy("Which parts does the kit hold?", [document])
    assert [s.text for s in parts.statements][1:] == ["- a pump", "- a hose", "- two clamps"]
