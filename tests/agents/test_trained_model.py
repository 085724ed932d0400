"""Strategies with a model that really generates: the tiny one in `tests/llm/tiny_model`, by LocalLLM, in one process.

Prompts, constrained JSON, parsing, notes and citations are the product's own, nothing of them is scripted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.full_context import FullContext
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.turns import WindowTurns
from docqa.answers import Answer
from docqa.documents import Document, Page
from docqa.llm.base import LLM, Sampling
from docqa.llm.budget import Budget
from docqa.llm.local.local_llm import LocalLLM
from docqa.llm.reader import LexicalReader
from tests.agents.library_of_pages import PagesCorpus, document_of
from tests.llm.trained_model import trained_model
from training.tiny.documents import Document as Ledger
from training.tiny.documents import Shape
from training.tiny.documents import document as ledger_of

LINES_OF_A_PAGE = 25


@pytest.fixture(scope="module")
def llm() -> Iterator[LLM]:
    with trained_model() as loaded:
        yield LocalLLM(loaded, Sampling(max_output_tokens=128))


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """About 1,800 tokens."""
    return ledger_of(random.Random(11), Shape(1800, share_of_facts=0.4))


@pytest.fixture(scope="module")
def document(ledger: Ledger) -> Document:
    texts = [ledger.lines[i : i + LINES_OF_A_PAGE] for i in range(0, len(ledger.lines), LINES_OF_A_PAGE)]
    pages = [Page(i, "\n\n".join(line.strip() for line in lines), number=i + 1) for i, lines in enumerate(texts)]
    return document_of(*pages)


def page_of(ledger: Ledger, name: str) -> int:
    return (ledger.facts[name].line - 1) // LINES_OF_A_PAGE + 1


def by_full_context(llm: LLM, document: Document, question: str) -> Answer:
    counted, meter = metered(llm, Budget())
    reasoner = LLMReasoner(counted, LexicalReader(), meter)
    return FullContext(reasoner, PagesCorpus(document), meter=meter)(question, [document])


def by_chain(llm: LLM, document: Document, question: str) -> Answer:
    """With workers that read about a third of the document each."""
    counted, meter = metered(llm, Budget())
    reasoner = LLMReasoner(counted, LexicalReader(), meter, Window(size=2000, unit=200, margin=50))
    corpus = PagesCorpus(document)
    return Chain(reasoner, corpus, meter=meter, turns=WindowTurns(corpus, reasoner))(question, [document])


Strategy = Callable[[LLM, Document, str], Answer]


def questions(ledger: Ledger, n: int) -> list[str]:
    """Names with values that are no numbers, spread over the document."""
    names = [name for name in ledger.names if not ledger.facts[name].value.strip().isdigit()]
    return names[:: max(1, len(names) // n)][:n]


@pytest.mark.parametrize("strategy", [by_full_context, by_chain])
def test_a_fact_is_found_and_cited_on_its_page(
    strategy: Strategy, llm: LLM, document: Document, ledger: Ledger
) -> None:
    for name in questions(ledger, 4):
        answer = strategy(llm, document, f"Find{name}")
        assert answer.status == "answered"
        (statement,) = answer.statements
        assert statement.text == f"{name}{ledger.facts[name].value}".strip()
        (citation,) = statement.citations
        assert citation.verdict == "verbatim"
        assert statement.text in citation.quote
        assert citation.page == page_of(ledger, name)
        assert "malformed_replies" not in answer.usage


@pytest.mark.parametrize("strategy", [by_full_context, by_chain])
def test_what_is_not_there_is_not_found(strategy: Strategy, llm: LLM, document: Document, ledger: Ledger) -> None:
    assert " Vuzu patol" not in ledger.facts
    answer = strategy(llm, document, "Find Vuzu patol")
    assert answer.status == "not_found"
    assert not answer.statements


def test_a_chain_reads_part_by_part(llm: LLM, document: Document, ledger: Ledger) -> None:
    answer = by_chain(llm, document, f"Find{questions(ledger, 1)[0]}")
    assert 3 < answer.usage["calls"] < 8
    assert answer.usage["input_tokens"] > 1800


def test_two_facts_are_followed_in_one_text(llm: LLM, document: Document, ledger: Ledger) -> None:
    name = next(name for name in ledger.chains if page_of(ledger, name) != page_of(ledger, ledger.facts[name].value))
    second = ledger.facts[ledger.facts[name].value]
    answer = by_full_context(llm, document, f"Follow{name}")
    (statement,) = answer.statements
    assert statement.text == f"{second.name}{second.value}".strip()
    assert [citation.page for citation in statement.citations] == [page_of(ledger, second.name)]


def test_a_worker_goes_on_from_what_the_one_before_has_found(llm: LLM, document: Document, ledger: Ledger) -> None:
    """The second fact is searched for where the notes say that it is still open, in a later part than the first."""
    name = next(
        name for name in ledger.chains if page_of(ledger, name) + 2 <= page_of(ledger, ledger.facts[name].value)
    )
    second = ledger.facts[ledger.facts[name].value]
    answer = by_chain(llm, document, f"Follow{name}")
    assert [statement.text for statement in answer.statements] == [f"{second.name}{second.value}".strip()]
    assert answer.statements[0].citations[0].page == page_of(ledger, second.name)
