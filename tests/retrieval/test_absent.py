"""Numbers and codes of a question that stand nowhere in the documents."""

from __future__ import annotations

import pytest

from docqa.documents import Document, Page
from docqa.retrieval.absent import codes_in
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument


def retriever_of(*texts: str) -> HybridRetriever:
    pages = [Page(i, text, number=i + 1) for i, text in enumerate(texts)]
    passages = list(split("a", pages))
    return HybridRetriever([IndexedDocument(Document("a", "a", pages), passages, LexicalIndex.build(passages, "en"))])


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ("What was sold in 2024 and 1,250 of what?", ("2024", "1,250")),
        ("Which market has code AR03?", ("AR03",)),
        ("Is 0.7 % enough, or 0.5?", ("0.7",)),
        ("Do 100 customers in 365 days make 500,000 or 3,222,000?", ()),
        ("Is ISO 9001 or the Boeing 747 named?", ("9001", "747")),
        ("How much CO2, in 5kg or 10km, with MP3, 3D and B2B?", ()),
        ("What are the top 10 risks of the 21st century in FY2024 or Q3?", ()),
        ("How did COVID-19 spread, and what is Exhibit P-10?", ()),
        ("Answer in 100 words, as a list like ['2014', '2018'].", ()),
        ("What is on page 314?", ()),
        ("What happened in the 1990s?", ()),
    ],
)
def test_what_counts_as_a_number_or_code(question: str, codes: tuple[str, ...]) -> None:
    assert codes_in(question) == codes


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("What was the catch in 1987?", ("1987",)),
        ("Whose catch was 12500?", ()),
        ("Whose catch was 12,500?", ()),
        ("Whose catch was 48 000?", ()),
        ("What is unit ar01?", ()),
        ("What is unit AR03, and what was it in 2021?", ("AR03",)),
        ("Who caught 3.7 tonnes?", ("3.7",)),
    ],
)
def test_what_stands_nowhere_in_any_form(question: str, absent: tuple[str, ...]) -> None:
    found = retriever_of("The catch of unit AR01 was 12,500 in 2021. The other caught 48 000.").search(question, 3)
    assert found.evidence.absent == absent


def test_a_running_head_counts_though_it_is_not_indexed() -> None:
    body = "Landings of port {} rose by a tenth, and {} ships came."
    retriever = retriever_of(*(f"Fishery Report 2024\n{body.format(chr(65 + i), i)}" for i in range(6)))
    assert retriever.search("How much did landings rise in 2024?", 3).evidence.absent == ()
    assert retriever.search("How much did landings rise in 2023?", 3).evidence.absent == ("2023",)
