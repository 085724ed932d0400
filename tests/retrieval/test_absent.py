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
        ("What share has 0.7 %, or 0.5?", ("0.7",)),
        ("Do 100 customers in 365 days make 500,000 or 3,222,000?", ()),
        ("Which plant has ISO 9001 and a Boeing 747?", ("9001", "747")),
        ("Can a child of 125 cm ride?", ()),
        ("Which ships sail before 2021, or for at most 450 kg?", ()),
        ("Which is described in 140 letters?", ()),
        ("日本は2023年に何を建設しましたか", ()),
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


CATCH = (
    "The catch of unit AR01 was 12,500 in 2021. The other caught 48 000. It has ISO/IEC 27001, x86-64 and an A100 "
    "board; p was .06 and 3.2 of it. In FY24 it rose."
)


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
        ("What is ISO27001, what x86_64, and what the A100s?", ()),
        ("Which share is 0.06, and which 3.20?", ()),
        ("Was it in 2021 that units sank, or which in 1987 or 2021?", ()),
        ("What rose in 2024?", ()),
    ],
)
def test_what_stands_nowhere_in_any_form(question: str, absent: tuple[str, ...]) -> None:
    found = retriever_of(CATCH).search(question, 3)
    assert found.evidence.absent == absent


def test_a_running_head_counts_though_it_is_not_indexed() -> None:
    body = "Landings of port {} rose by a tenth, and {} ships came."
    retriever = retriever_of(*(f"Fishery Report 2024\n{body.format(chr(65 + i), i)}" for i in range(6)))
    assert retriever.search("How much did landings rise in 2024?", 3).evidence.absent == ()
    assert retriever.search("How much did landings rise in 2023?", 3).evidence.absent == ("2023",)
