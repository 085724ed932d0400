"""Pages that a question names: what counts as naming one, which pages are meant, and that only those are searched."""

from __future__ import annotations

import pytest

from docqa.documents import Document, Page
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.places import place_in, without_place
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument

from .test_retriever import HashedWords

PAGES = [
    Page(i, f"The fax number of office {i} is {700 + i}. It opens at {i} o'clock.", number=i + 1) for i in range(9)
]
ROMAN = [Page(0, "Preface.", number=1, label="i"), Page(1, "Rules.", number=2, label="1"), Page(2, "End.", number=3)]


def indexed(name: str, pages: list[Page]) -> IndexedDocument:
    passages = list(split(name, pages))
    return IndexedDocument(Document(name, name, pages), passages, LexicalIndex.build(passages, "en"))


@pytest.mark.parametrize(
    ("question", "pages", "rest"),
    [
        ("What is the fax number on page 4?", [3], "What is the fax number?"),
        ("What is the fax number on Page four?", [3], "What is the fax number?"),
        ("p. 4: which office is it?", [3], "which office is it?"),
        ("Summarise pages 3 to 5.", [2, 3, 4], "Summarise."),
        ("What stands on pages 2, 4–5 and 9?", [1, 3, 4, 8], "What stands?"),
        ("Compare page 2 with page 7.", [1, 6], "Compare with."),
        ("Who signs on the last page?", [8], "Who signs?"),
        ("What do the first two pages say of hours?", [0, 1], "What do of hours?"),
        ("Which office is on the cover page?", [0], "Which office is?"),
        ("Which office is on the 3rd page?", [2], "Which office is?"),
        ("Which office is on the second-last page?", [7], "Which office is?"),
        ("What does page 2 say about hours?", [1], "What does about hours?"),
        ("What is on page 99?", [], "What is?"),
        ("Which fax numbers are on the first page and on page 4?", [0, 3], "Which fax numbers are and?"),
    ],
)
def test_the_pages_that_a_question_names(question: str, pages: list[int], rest: str) -> None:
    place = place_in(question)
    assert place is not None
    assert place.indices(PAGES) == frozenset(pages)
    assert without_place(question) == rest


@pytest.mark.parametrize(
    "question",
    [
        "How many pages does the manual have?",
        "Which page shows the valve?",
        "List all pages with a logo, in a list like ['Page 2', 'Page 4'].",
        "What was printed before page 5?",
        "Did Jimmy Page I outsell it?",
        "Is there a 20 page limit?",
        "What is the tax rate?",
        "Which pages i have to read for the warranty?",
        "What follows page 12?",
        "What is said before section 4?",
        "What is the first page limit?",
        "When did the company file for Chapter 11?",
        "What does the report say about Article 50?",
        "What is the expiry date of this agreement?",
        "Who approved the final version of the document?",
        "What is the job title of the person who approved the last edition of the document?",
        "When was the app launched, and when was it released?",
    ],
)
def test_questions_that_name_no_page(question: str) -> None:
    assert place_in(question) is None
    assert without_place(question) == question


def test_a_number_is_a_printed_label_or_counted_from_the_first_page() -> None:
    for question, pages in (("On page 1?", {0, 1}), ("On page i?", {0}), ("On page 3?", {2})):
        place = place_in(question)
        assert place is not None
        assert place.indices(ROMAN) == frozenset(pages)


def test_slides_have_numbers_and_parts_without_numbers_are_searched_as_a_whole() -> None:
    place = place_in("What does slide 2 show?")
    assert place is not None
    assert place.indices([Page(0, "a", place="slide 1"), Page(1, "b", place="slide 2")]) == frozenset({1})
    assert place.indices([Page(0, "a", place="Methods"), Page(1, "b", place="Results")]) is None


@pytest.mark.parametrize("encoder", [None, HashedWords()])
def test_only_the_named_pages_are_searched_even_without_a_word_in_common(encoder: HashedWords | None) -> None:
    retriever = HybridRetriever([indexed("offices", PAGES)], encoder)
    found = retriever.search("What is the fax number on page 4?", 5)
    assert [hit.passage.page for hit in found.hits] == [3]
    assert found.within == "on page 4"
    assert found.evidence.coverage == 1.0, "the words that name the page count for nothing"
    assert [hit.passage.page for hit in retriever.retrieve("Whose handwriting appears on page 6?", 5)] == [5]
    assert retriever.search("What is the fax number on page 99?", 5).hits == ()
    assert {hit.passage.page for hit in retriever.retrieve("What is the fax number?", 9)} == set(range(9))


def test_of_several_documents_each_is_limited_to_its_own_pages() -> None:
    notes = indexed("notes", [Page(0, "The fax number of the notary is 99.", place="Contacts")])
    found = HybridRetriever([indexed("offices", PAGES), notes]).search("What is the fax number on page 4?", 9)
    assert {(hit.passage.document_id, hit.passage.page) for hit in found.hits} == {("offices", 3), ("notes", 0)}


@pytest.mark.parametrize(
    ("question", "headings", "others"),
    [
        (
            "What does section 4.2 say?",
            ["4.2 Output", "Section 4.2: Output", "4.2. Output"],
            ["4.21 Sand", "4.2.1 Wet"],
        ),
        ("What does chapter 3 say?", ["3 Sea", "3. Sea", "Chapter 3", "CHAPTER 3: Sea"], ["3.1 Sea", "13 Sea", "30"]),
        ("Who signs under Article 5?", ["Article 5 Term", "ARTICLE 5"], ["5 Term", "Article 51"]),
        ("What is listed in Appendix E?", ["APPENDIX E: Fees", "Appendix E"], ["E. Fees", "Appendix EE"]),
        ("What does Section VIII conclude?", ["VIII. CONCLUSION"], ["VII. RESULTS", "V. VIII"]),
    ],
)
def test_the_sections_that_a_question_names(question: str, headings: list[str], others: list[str]) -> None:
    place = place_in(question)
    assert place is not None
    assert [heading for heading in headings if not place.is_heading(heading)] == []
    assert [heading for heading in others if place.is_heading(heading)] == []


def test_a_section_of_another_work_is_not_of_the_document() -> None:
    assert place_in("What does Article 5 of the Treaty say?") is None
    assert place_in("What do Articles 3 and 5 of the Convention say?") is None
    assert place_in("What does Section 10(b) require?") is None
    assert place_in("Which section covers 3 of them?") is None


def test_all_is_searched_where_no_heading_is_that_of_the_section() -> None:
    retriever = HybridRetriever([indexed("offices", PAGES)])
    found = retriever.search("What does section 9 say of the fax number?", 20)
    assert found.within == ""
    assert len(found.hits) == len(PAGES)
