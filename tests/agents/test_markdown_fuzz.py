"""Random quotes of a real PDF in the forms people write: true ones hold, and those with a changed digit do not."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docqa.agents.quote_checks import CheckedQuote, check_quotes
from docqa.agents.quoted_text import quotes_in
from docqa.agents.verifying import plain_words
from docqa.app.config import Settings
from docqa.app.front_door import DocQA
from docqa.documents import Document, Page
from docqa.llm.negations import n_negations

from .library_of_pages import document_of

SAMPLE = Path(__file__).resolve().parent.parent.parent / "samples" / "tidewater-annual-report.pdf"
OTHER = document_of(Page(0, "The tunnel was dug in nine years.", number=1), name="tunnel.pdf")
N_QUOTES = 80
FORMS = (
    "The report says “{quote}” ({source}{pages}).",
    "The report says “{quote}” on {pages}, and no more.",
    "They write “{quote}” [{source}{pages}]. Others do not.",
    "Some say so: „{quote}“ ({source}{pages}).",
    "As told, «{quote}» — {source}{pages}",
    "He told us: ‘{quote}’ ({source}{pages}).",
    "It says “{quote}”.[^7]\n\n[^7]: {source}{pages}.",
    "It says “{quote}” [2].\n\n[1] another.pdf, p. 99\n\n[2] {source}{pages}",
    "Yes.[^a]\n\n[^a]: {source}{pages}: “{quote}”",
    "- one\n- **Note:** “{quote}” ({source}{pages})\n- three",
    "| said | where |\n|---|---|\n| “{quote}” | {source}{pages} |",
    "> {block}\n>\n> — {source}{pages}",
    "> {block}\n\n({source}{pages})",
    "> {block} [{source}{pages}]",
    "<blockquote>{quote}</blockquote> ({source}{pages})",
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Document]]:
    agent = DocQA(Settings(cache_dir=tmp_path_factory.mktemp("cache"), ocr="off"))
    yield [agent.add(SAMPLE), OTHER]
    agent.close()


def some_words(pages: list[Page], rng: random.Random) -> tuple[Page, list[str]]:
    """Five to 25 words in a row of a page, without quotation marks, and no negation cut off before them."""
    while True:
        page = rng.choice(pages)
        words = page.text.split()
        start = rng.randrange(max(1, len(words) - 30))
        chosen = words[start : start + rng.randint(5, 25)]
        before = " ".join(words[max(0, start - 60) : start])
        if not re.search(r"[\"“”„«»‘’]", " ".join(chosen)) and not n_negations(plain_words(before)):
            return page, chosen


def written(words: list[str], rng: random.Random, breaks: bool) -> str:
    """The words as Markdown: escaped, some of them emphasised, with line breaks anywhere."""
    shown = [re.sub(r"([\\`*_{}\[\]<>#|~^=&])", r"\\\1", word) for word in words]
    first = rng.randrange(len(shown))
    last = rng.randrange(first, len(shown))
    mark = rng.choice(["", "*", "**", "_", "~~"])
    shown[first], shown[last] = mark + shown[first], shown[last] + mark
    gaps = [" "] * 5 + (["\n", "  \n", "\\\n"] if breaks else [])
    text = "".join(word + rng.choice(gaps) for word in shown[:-1]) + shown[-1]
    return re.sub(r"\n(?=(?:[-+*#>|]|1[.)]|\d+\. \d)(?:\s|$)|[-=|: ]+$)", " ", text, flags=re.MULTILINE)


def markdown(words: list[str], page: Page, rng: random.Random) -> str:
    form, n = rng.choice(FORMS), page.number or 0
    text = written(words, rng, breaks="|" not in form)
    pages = [f"p. {n}", f"page {n}", f"pp. {n - 1}–{n + 1}", f"pp. {n}-{n + 2}", f"S. {n}", f"pages {n} and {n + 9}"]
    source = rng.choice(["", f"{SAMPLE.name}, ", f"see {SAMPLE.stem}, "])
    return form.format(quote=text, block=text.replace("\n", "\n> "), source=source, pages=rng.choice(pages))


def checked(text: str, documents: list[Document]) -> list[CheckedQuote]:
    return [found for found in check_quotes(quotes_in(text), documents) if found.quoted.quote]


def test_true_quotes_hold_in_whichever_form_and_false_ones_do_not(documents: list[Document]) -> None:
    rng = random.Random(11)
    pages = [page for page in documents[0].pages if len(page.text.split()) > 60]
    refused, accepted = [], []
    for _ in range(N_QUOTES):
        page, words = some_words(pages, rng)
        text = markdown(words, page, rng)
        if [found.holds for found in checked(text, documents)] != [True]:
            refused.append(text)
        digits = [i for i, word in enumerate(words) if re.search(r"\d", word)]
        forged = list(words)
        if digits:
            i = rng.choice(digits)
            forged[i] = re.sub(r"\d", lambda digit: str((int(digit.group()) + 1) % 10), forged[i], count=1)
        else:
            forged.insert(rng.randrange(1, len(forged)), "not")
        text = markdown(forged, page, rng)
        if not (found := checked(text, documents)) or any(each.holds for each in found):
            accepted.append(text)
    assert refused == []
    assert accepted == []
