"""Reads the question and claim sets into rows of one shape; knows no model and no token.

A row's context is one passage; its answers are half-open character ranges of the context, empty when it has none.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docqa.documents import Span
from docqa.text import sentences
from training.licences import CLAIM_SETS, HELD_OUT_SQUAD_ARTICLES, QA_SETS


@dataclass(frozen=True, slots=True)
class Context:
    """A passage with the spans of its sentences; `group` names the document that it is a part of, `title` prints it."""

    text: str
    sentences: tuple[Span, ...]
    group: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class QaRow:
    """A question on a context. `answer` is None when the context has none, or when only sentences are labelled.

    `positive` are indices of sentences that answer, `unsure` of those that hold the answer's words by chance or not.
    """

    source: str
    question: str
    context: Context
    answer: Span | None
    positive: frozenset[int] = frozenset()
    unsure: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim and a text; `label` is entailment, neutral, contradiction or not_entailment (either of the last two)."""

    source: str
    claim: str
    text: str
    label: str


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of one compressed set."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def held_out_squad_titles(data: Path) -> tuple[str, ...]:
    """The last 12 SQuAD development articles by title."""
    articles = json.loads((data / "squad/dev-v1.1.json").read_text(encoding="utf-8"))
    return tuple(sorted(article["title"] for article in articles)[-HELD_OUT_SQUAD_ARTICLES:])


def normal_title(title: str) -> str:
    """A title in a form in which two spellings of it are equal."""
    return re.sub(r"[\W_]+", " ", title).strip().casefold()


class ContextPool:
    """Contexts by text, so that each is cut into sentences once."""

    def __init__(self) -> None:
        self._contexts: dict[str, Context] = {}

    def get(self, text: str, group: str, title: str = "") -> Context:
        """The context with this text, made when it is new."""
        found = self._contexts.get(text)
        if found is None:
            found = Context(text, tuple(sentences(text)), group, title)
            self._contexts[text] = found
        return found

    def __iter__(self) -> Iterator[Context]:
        return iter(self._contexts.values())


def occurrences(context: str, answer: str) -> list[Span]:
    """Where the answer stands in the context as whole words, or anywhere if it never does."""
    pattern = re.escape(answer)
    whole = [Span(*match.span()) for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", context)]
    return whole or [Span(*match.span()) for match in re.finditer(pattern, context)]


def best_occurrence(question: str, context: Context, spans: Sequence[Span]) -> Span:
    """The occurrence whose sentence shares most words with the question: the sets do not always say which is meant."""
    wanted = set(re.findall(r"\w{3,}", question.casefold()))

    def shared(span: Span) -> int:
        words: set[str] = set()
        for sentence in context.sentences:
            if sentence.start_char < span.end_char and span.start_char < sentence.end_char:
                words.update(re.findall(r"\w{3,}", context.text[slice(*sentence)].casefold()))
        return len(wanted & words)

    return max(spans, key=shared)


def overlapping(context: Context, span: Span) -> frozenset[int]:
    """The indices of the sentences that share a character with the span."""
    return frozenset(
        i
        for i, sentence in enumerate(context.sentences)
        if sentence.start_char < span.end_char and span.start_char < sentence.end_char
    )


def answered_row(source: str, question: str, context: Context, answers: Sequence[str]) -> QaRow | None:
    """A row whose answer is the most frequent of the annotators' answers; None when it is not in the context."""
    counts = Counter(answer.strip() for answer in answers if answer.strip())
    for answer, _ in sorted(counts.items(), key=lambda pair: (-pair[1], len(pair[0]))):
        spans = occurrences(context.text, answer)
        if spans:
            span = best_occurrence(question, context, spans)
            positive = overlapping(context, span)
            elsewhere = frozenset().union(*(overlapping(context, other) for other in spans)) - positive
            return QaRow(source, question, context, span, positive, elsewhere)
    return None


def load_qa(data: Path) -> tuple[list[QaRow], ContextPool]:
    """All question rows that the shipped weights may learn from, and their contexts."""
    pool = ContextPool()
    held_out = frozenset(normal_title(title) for title in held_out_squad_titles(data))
    rows: list[QaRow] = []
    for source in QA_SETS:
        if not source.used:
            continue
        if source.name.startswith("squad/"):
            found = _squad_rows(data, source.name, held_out, pool)
        elif source.name.startswith("evid/"):
            found = _evidence_rows(data, source.name, pool)
        else:
            found = _flat_rows(data, source.name, held_out, pool)
        rows.extend(found)
    return rows, pool


def _squad_rows(data: Path, name: str, held_out: frozenset[str], pool: ContextPool) -> Iterator[QaRow]:
    impossible = name.endswith("v2.0")
    for article in json.loads((data / f"{name}.json").read_text(encoding="utf-8")):
        if normal_title(article["title"]) in held_out:
            continue
        title = article["title"].replace("_", " ")
        for paragraph in article["paragraphs"]:
            context = pool.get(paragraph["context"], f"squad/{article['title']}", title)
            for question in paragraph["qas"]:
                if impossible and question["is_impossible"]:
                    yield QaRow(name, question["question"], context, None)
                elif not impossible:
                    row = answered_row(name, question["question"], context, question["answers"])
                    if row is not None:
                        yield row


def _flat_rows(data: Path, name: str, held_out: frozenset[str], pool: ContextPool) -> Iterator[QaRow]:
    for item in read_jsonl(data / f"train/{name}.jsonl.gz"):
        if normal_title(item["title"]) in held_out:
            continue
        if name.startswith("qa/qed"):
            item = _untokenised(item)
        context = pool.get(item["context"], *_group(name, item))
        if item["unanswerable"]:
            yield QaRow(name, item["question"], context, None)
        else:
            row = answered_row(name, item["question"], context, [answer["text"] for answer in item["answers"]])
            if row is not None:
                yield row


_TOKENISED = ((r"``\s?|\s?''", '"'), (r"\s([.,;:?!%)\]]|'s\b|n't\b)", r"\1"), (r"([(\[])\s", r"\1"), (r"\s-\s", "-"))


def _untokenised(item: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the spaces that a tokeniser put before its marks taken out again."""

    def mend(text: str) -> str:
        for pattern, replacement in _TOKENISED:
            text = re.sub(pattern, replacement, text)
        return text

    answers = [{"text": mend(answer["text"])} for answer in item["answers"]]
    return {**item, "context": mend(item["context"]), "answers": answers}


_UNTITLED = ("Filtered_Reddit_Comments", "qamr", "annual report", "")


def _group(name: str, item: Mapping[str, Any]) -> tuple[str, str]:
    """The document that a context belongs to, and its title when it has a real one."""
    if item["title"] in _UNTITLED:
        return name, ""
    return f"{name}/{item['title']}", item["title"].replace("_", " ")


def _evidence_rows(data: Path, name: str, pool: ContextPool) -> Iterator[QaRow]:
    for item in read_jsonl(data / f"train/{name}.jsonl.gz"):
        text, spans = "", []
        for sentence in item["sentences"]:
            spans.append(Span(len(text), len(text) + len(sentence)))
            text += sentence + "\n"
        context = Context(text, tuple(spans), name)
        yield QaRow(name, item["query"], context, None, frozenset(item["positive"]))


def load_claims(data: Path) -> list[ClaimRow]:
    """All claim rows that the shipped weights may learn from."""
    return [row for source in CLAIM_SETS if source.used for row in read_claims(data, source.name)]


def read_claims(data: Path, name: str) -> Iterator[ClaimRow]:
    """The rows of one claim set, `nli/<name>`, or of a set of questions with yes or no, `yesno/<name>`."""
    if name.startswith("yesno/"):
        yield from _yes_no_claims(data, name)
        return
    for item in read_jsonl(data / f"train/{name}.jsonl.gz"):
        yield ClaimRow(name, item["hypothesis"], item["premise"], item["label"])


def _yes_no_claims(data: Path, name: str) -> Iterator[ClaimRow]:
    """Question and "yes" or "no" as the claim, by turns the right and the wrong one."""
    for number, item in enumerate(read_jsonl(data / f"train/{name}.jsonl.gz")):
        is_right = number % 2 == 0
        word = "yes" if (item["answer"] == "true") == is_right else "no"
        label = "entailment" if is_right else "contradiction"
        yield ClaimRow(name, f"{item['question'].strip()} {word}", item["context"], label)
