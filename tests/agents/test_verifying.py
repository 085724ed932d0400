"""Tampering with a correct answer over a real PDF is found, and an untouched answer is left in peace."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from docqa.agents.verifying import verify, word_support
from docqa.answers import Answer, Citation, Coverage, Route, Statement, Support
from docqa.app.config import Settings
from docqa.app.front_door import DocQA
from docqa.documents import Document, Page
from docqa.llm.reader import ClaimJudge

from .library_of_pages import document_of

SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "tidewater-annual-report.pdf"
QUESTIONS = (
    "How long does it take to lift a nacelle at Kestrel Narrows?",
    "What was the operating surplus in 2024?",
    "What share of the tagged smolts passed the lagoon alive in 2023?",
    "How long is the waiting time before the insurance pays for lost revenue after a cable fault?",
    "Which vessel lifts the nacelles?",
    "How many members has the cooperative?",
    "How high is the tidal range?",
    "How are turbines maintained?",
    "List all risks.",
    "What is the difference between Kestrel Narrows and Pell Island?",
    "How many times is the export cable mentioned?",
)
OTHER = document_of(
    Page(0, "The tunnel under the strait was dug in nine years. It is lit by lamps.", number=1), name="t.pdf"
)
Mutation = Callable[[Statement, random.Random, Document], Statement | None]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Document, list[Answer]]]:
    agent = DocQA(Settings(cache_dir=tmp_path_factory.mktemp("cache"), ocr="off"))
    document = agent.add(SAMPLE)
    yield document, [agent.ask_documents([document], question) for question in QUESTIONS]
    agent.close()


def quoted(statement: Statement, quote: str, **place: object) -> Statement:
    """The statement with its citation changed; it says what the quote says, as a careful forger would have it."""
    citation: Citation = replace(statement.citations[0], quote=quote, **place)  # type: ignore[arg-type]
    return Statement(quote, (citation,))


def changed_digit(statement: Statement, rng: random.Random, _: Document) -> Statement | None:
    quote = statement.citations[0].quote
    digits = [i for i, sign in enumerate(quote) if sign.isdigit()]
    if not digits:
        return None
    i = rng.choice(digits)
    return quoted(statement, quote[:i] + str((int(quote[i]) + rng.randint(1, 9)) % 10) + quote[i + 1 :])


def swapped_page(statement: Statement, rng: random.Random, document: Document) -> Statement:
    citation = statement.citations[0]
    others = [page.index for page in document.pages if citation.quote not in page.text]
    return Statement(statement.text, (replace(citation, part=rng.choice(others)),))


def off_by_one(statement: Statement, rng: random.Random, document: Document) -> Statement | None:
    citation = statement.citations[0]
    part = citation.part + rng.choice((-1, 1))
    if not 0 <= part < len(document.pages) or citation.quote in document.pages[part].text:
        return None
    return Statement(statement.text, (replace(citation, part=part),))


def other_pages_quote(statement: Statement, rng: random.Random, document: Document) -> Statement | None:
    here = document.pages[statement.citations[0].part].text
    lines = [line for page in document.pages for line in page.text.split("\n") if len(line) > 40 and line not in here]
    return quoted(statement, rng.choice(lines))


def other_documents_quote(statement: Statement, rng: random.Random, _: Document) -> Statement:
    return quoted(statement, rng.choice(OTHER.pages[0].text.split(". ")))


def stitched_quote(statement: Statement, rng: random.Random, document: Document) -> Statement | None:
    words = statement.citations[0].quote.split()
    page = document.pages[rng.randrange(len(document.pages))].text.split()
    if len(words) < 6 or len(page) < 40:
        return None
    start = rng.randrange(len(page) - 8)
    return quoted(statement, " ".join([*words[: len(words) // 2], *page[start : start + 6]]))


def negated_statement(statement: Statement, rng: random.Random, _: Document) -> Statement | None:
    verbs = [
        w for w in (" is ", " was ", " are ", " were ", " has ", " takes ", " will ", " can ") if w in statement.text
    ]
    if not verbs:
        return None
    verb = rng.choice(verbs)
    return replace(statement, text=statement.text.replace(verb, f"{verb}not ", 1))


def invented_quote(statement: Statement, rng: random.Random, _: Document) -> Statement:
    words = (
        "turbine members voted contract harbour dividend engineers replaced inspected schedule granted refused".split()
    )
    return quoted(statement, f"The {' '.join(rng.sample(words, 7))}.")


def exchanged_numbers(statement: Statement, rng: random.Random, _: Document) -> Statement | None:
    numbers = list(dict.fromkeys(re.findall(r"\d[\d.,]*\d|\d", statement.text)))
    if len(numbers) < 2:
        return None
    one, other = rng.sample(numbers, 2)
    swapped = re.sub(r"\d[\d.,]*\d|\d", lambda n: {one: other, other: one}.get(n.group(), n.group()), statement.text)
    return replace(statement, text=swapped)


def another_cell(statement: Statement, rng: random.Random, _: Document) -> Statement | None:
    cells = re.findall(r"([^;—]+): ([\d,.]+)(?=;|$)", statement.text)
    if "—" not in statement.text or len({number for _, number in cells}) < 2:
        return None
    (head, number), (_, wrong) = rng.sample(cells, 2)
    if number == wrong:
        return None
    return replace(statement, text=f"{statement.text.split('—')[0]}—{head}: {wrong}")


WHATEVER_A_JUDGE_SAYS: tuple[Mutation, ...] = (
    changed_digit,
    swapped_page,
    off_by_one,
    other_pages_quote,
    other_documents_quote,
    stitched_quote,
    negated_statement,
    invented_quote,
)
BY_WORDS_ALONE: tuple[Mutation, ...] = (*WHATEVER_A_JUDGE_SAYS, exchanged_numbers, another_cell)


@dataclass(frozen=True)
class Agreeable:
    """A judge that approves of everything."""

    name: str = "agreeable"

    def supports(self, claim: str, text: str) -> Support:
        return Support("supports", 0.99, self.name)


def mutants(
    document: Document, answers: list[Answer], kinds: Sequence[Mutation], n: int
) -> Iterator[tuple[str, Answer]]:
    rng = random.Random(7)
    statements = [(answer, statement) for answer in answers for statement in answer.statements]
    made = 0
    while made < n:
        mutation = kinds[made % len(kinds)]
        answer, statement = rng.choice(statements)
        mutated = mutation(statement, rng, document)
        if mutated is not None:
            made += 1
            yield mutation.__name__, replace(answer, statements=(mutated,))


@pytest.mark.parametrize(
    ("kinds", "judge"), [(BY_WORDS_ALONE, None), (WHATEVER_A_JUDGE_SAYS, Agreeable())], ids=["words", "any judge"]
)
def test_two_hundred_tampered_answers_are_found(
    answers: tuple[Document, list[Answer]],
    kinds: Sequence[Mutation],
    judge: ClaimJudge | None,
    record_property: Callable[[str, object], None],
) -> None:
    document, given = answers
    missed = [
        (name, mutant.statements[0].text)
        for name, mutant in mutants(document, given, kinds, 200)
        if any(checked.holds for checked in verify(mutant, [document, OTHER], judge))
    ]
    record_property("found", f"{200 - len(missed)} of 200, {len(kinds)} kinds")
    assert len(missed) <= 2, missed


def test_untouched_citations_hold(
    answers: tuple[Document, list[Answer]], record_property: Callable[[str, object], None]
) -> None:
    document, given = answers
    checked = [citation for answer in given for citation in verify(answer, [document, OTHER])]
    assert len(checked) >= 15
    record_property("hold", f"{sum(c.holds for c in checked)} of {len(checked)}")
    assert [c.statement for c in checked if not c.holds] == []


@pytest.mark.parametrize(
    ("statement", "evidence", "label"),
    [
        ("It takes 6.5 hours.", "It takes 6.5 hours from arrival.", "supports"),
        ("It takes 7.5 hours.", "It takes 6.5 hours from arrival.", "contradicts"),
        ("It does not take 6.5 hours.", "It does take 6.5 hours.", "contradicts"),
        ("It isn’t safe.", "It is safe.", "contradicts"),
        ("It is safe.", "It is not safe.", "partly"),
        ("It is grey.", "It is grey. It was not opened.", "supports"),
        ("The lift takes hours of careful work.", "The lift takes hours.", "partly"),
        ("Whales sing at night.", "The lift takes hours.", "unrelated"),
        ("There are three turbines.", "There are 3 turbines.", "supports"),
        ("Der Vertrag endet 2027.", "Der Vertrag endet nicht vor dem Jahr 2027.", "partly"),
        ("Le pont ne s'ouvre jamais.", "Le pont ne s'ouvre en hiver.", "contradicts"),
    ],
)
def test_words_bear_a_statement_out_or_not(statement: str, evidence: str, label: str) -> None:
    assert word_support(statement, evidence) == label


@pytest.mark.parametrize("change", ["more", "fewer", "another citation"])
def test_a_wrong_sum_of_what_was_found_does_not_hold(answers: tuple[Document, list[Answer]], change: str) -> None:
    document, given = answers
    answer = next(answer for answer in given if " found; all " in answer.text)
    sum_up, *others = answer.statements
    n = int(sum_up.text.split()[0])
    assert n == len(others)
    if change == "fewer":
        others = others[:-1]
    text = sum_up.text.replace(str(n), str(n + 1), 1) if change == "more" else sum_up.text
    citations = sum_up.citations[1:] if change == "another citation" else sum_up.citations
    forged = replace(answer, statements=(Statement(text, citations), *others))
    assert {c.support for c in verify(forged, [document]) if c.statement == text} == {"contradicts"}


RESULTS = document_of(
    Page(0, "Revenue was 5 million in 2021 and 7 million in 2022. Ann beat Bob. Nobody else took part.", number=1),
    name="r.pdf",
)


@pytest.mark.parametrize(
    ("text", "quotes", "support"),
    [
        ("Revenue was 7 million in 2022.", ["Revenue was 5 million in 2021 and 7 million in 2022."], "supports"),
        (
            "Revenue was 7 million in 2021, 5 million in 2022.",
            ["Revenue was 5 million in 2021 and 7 million in 2022."],
            "partly",
        ),
        ("Bob beat Ann.", ["Ann beat Bob."], "partly"),
        (
            "Ann beat Bob. Revenue was 5 million in 2021.",
            ["Revenue was 5 million in 2021 and 7 million in 2022.", "Ann beat Bob."],
            "supports",
        ),
        ("Bob beat Ann, nobody else.", ["Ann beat Bob.", "Nobody else took part."], "partly"),
    ],
)
def test_words_in_another_order_do_not_bear_a_statement_out(text: str, quotes: list[str], support: str) -> None:
    page = RESULTS.pages[0]
    citations = tuple(
        Citation(
            "r.pdf", RESULTS.id, 0, 1, None, "p. 1", page.text.index(q), page.text.index(q) + len(q), q, "verbatim"
        )
        for q in quotes
    )
    answer = Answer("?", "answered", (Statement(text, citations),), Route("rag", ""), Coverage(1, 1))
    assert {checked.support for checked in verify(answer, [RESULTS])} == {support}


def test_a_citation_of_an_unknown_document_is_no_proof(answers: tuple[Document, list[Answer]]) -> None:
    _, given = answers
    checked = verify(given[0], [OTHER])
    assert checked
    assert {c.located.verdict for c in checked} == {"absent"}
