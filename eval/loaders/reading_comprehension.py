"""SQuAD and its relatives as long documents, HotpotQA, QASPER, FairytaleQA: documents made of paragraphs with gold.

A whole article, story or paper is one document, its paragraphs the parts, so that the passage has to be found first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docqa.errors import UsageError
from docqa.eval.examples import Example, TextSource
from docqa.eval.loaders.files import (
    chosen,
    in_parts,
    n_words,
    part_at,
    parts_with,
    read_json,
    read_rows,
    required,
    texts,
)


def load_squad(path: Path, task: str = "squad", name: str = "dev-v2.0.json") -> Iterator[Example]:
    """SQuAD 1.1 and 2.0 and XQuAD; in a folder, the file `name`. Questions without an answer are kept."""
    for number, article in enumerate(_articles(read_json(chosen(path, name, task), task)), start=1):
        title = article.get("title") or f"{task}-{number}"
        source = TextSource(title, tuple(paragraph["context"] for paragraph in article["paragraphs"]))
        length = n_words(source.parts)
        for part, paragraph in enumerate(article["paragraphs"]):
            for qa in paragraph["qas"]:
                answerable = not qa.get("is_impossible", False)
                yield Example(
                    id=str(qa["id"]),
                    task=task,
                    question=qa["question"].strip(),
                    sources=(source,),
                    references=texts([_text(answer) for answer in qa["answers"]]) if answerable else (),
                    gold=((source.name, part),) if answerable else (),
                    answerable=answerable,
                    length=length,
                )


def _text(answer: Any) -> str:
    """An answer's text; repackaged releases give the text alone."""
    return str(answer["text"] if isinstance(answer, dict) else answer)


def _articles(data: Any) -> list[Mapping[str, Any]]:
    """The list of articles, which the releases wrap in an object."""
    return list(data["data"] if isinstance(data, dict) else data)


def load_xquad(path: Path) -> Iterator[Example]:
    """XQuAD in English (Artetxe et al. 2020, arXiv:1910.11856)."""
    return load_squad(path, "xquad", "xquad.en.json")


def load_covidqa(path: Path) -> Iterator[Example]:
    """COVID-QA (Möller et al. 2020): scientific articles as one context each; spans are searched where offsets are
    off."""
    file = path
    if required(path, "COVID-QA").is_dir():
        file = next(iter(sorted(path.glob("*.json"))), path / "covidqa.json")
    for number, article in enumerate(_articles(read_json(file, "COVID-QA")), start=1):
        for paragraph in article["paragraphs"]:
            source = TextSource(f"covidqa-{paragraph.get('document_id', number)}", in_parts(paragraph["context"]))
            for qa in paragraph["qas"]:
                yield Example(
                    id=f"{source.name}-{qa['id']}",
                    task="covidqa",
                    question=qa["question"].strip(),
                    sources=(source,),
                    references=texts([answer["text"].strip() for answer in qa["answers"]]),
                    gold=_span_places(source, paragraph["context"], qa["answers"]),
                    length=n_words(source.parts),
                )


def _span_places(source: TextSource, context: str, answers: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, int], ...]:
    places = []
    for answer in answers:
        start = answer["answer_start"]
        if context[start : start + len(answer["text"])] != answer["text"]:
            start = context.find(answer["text"].strip())
        if start >= 0:
            places.append((source.name, part_at(source.parts, start)))
    return tuple(dict.fromkeys(places))


def load_hotpotqa(path: Path) -> Iterator[Example]:
    """HotpotQA with its context (Yang et al. 2018, arXiv:1809.09600): the titles of the supporting facts are gold."""
    for raw in read_json(chosen(path, "hotpot_dev_distractor_v1.json", "HotpotQA"), "HotpotQA"):
        if not raw.get("context"):
            raise UsageError(f"{path}: these HotpotQA items have no context; take the distractor or fullwiki release")
        titles = tuple(title for title, _ in raw["context"])
        source = TextSource(str(raw["_id"]), tuple("".join(sentences) for _, sentences in raw["context"]), titles)
        wanted = {title for title, _ in raw.get("supporting_facts", ())}
        yield Example(
            id=str(raw["_id"]),
            task="hotpotqa",
            question=raw["question"],
            sources=(source,),
            references=(raw["answer"],),
            gold=tuple((source.name, index) for index, title in enumerate(titles) if title in wanted),
            length=n_words(source.parts),
        )


def load_qasper(path: Path) -> Iterator[Example]:
    """QASPER (Dasigi et al. 2021, arXiv:2105.03011): papers; each annotator's evidence paragraphs are gold."""
    for paper_id, paper in read_json(chosen(path, "qasper-dev-v0.3.json", "QASPER"), "QASPER").items():
        body = [text for section in paper["full_text"] for text in section["paragraphs"] if text.strip()]
        source = TextSource(paper_id, (paper["abstract"], *body))
        for qa in paper["qas"]:
            answers = [given["answer"] for given in qa["answers"]]
            gold = [_paragraphs(source, answer["evidence"]) for answer in answers] or [()]
            yield Example(
                id=qa["question_id"],
                task="qasper",
                question=qa["question"],
                sources=(source,),
                references=texts([_qasper_answer(answer) for answer in answers]),
                gold=gold[0],
                other_gold=tuple(gold[1:]),
                answerable=not all(answer["unanswerable"] for answer in answers),
                length=n_words(source.parts),
            )


def _qasper_answer(answer: Mapping[str, Any]) -> str:
    if answer["unanswerable"]:
        return "Unanswerable"
    if answer["extractive_spans"]:
        return ", ".join(answer["extractive_spans"])
    if answer["free_form_answer"]:
        return str(answer["free_form_answer"])
    return "Yes" if answer["yes_no"] else "No"


def _paragraphs(source: TextSource, evidence: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The parts that are evidence; what stands in figures and tables ("FLOAT SELECTED: …") is in no part."""
    return tuple((source.name, index) for index, part in enumerate(source.parts) if part in evidence)


def load_fairytaleqa(path: Path) -> Iterator[Example]:
    """FairytaleQA (Xu et al. 2022, arXiv:2203.13947): folders `section-stories` and `questions`; sections are gold."""
    stories = required(path / "section-stories", "FairytaleQA")
    for file in sorted(stories.glob("*-story.csv")):
        rows = read_rows(file, "FairytaleQA")
        name = file.name.removesuffix("-story.csv")
        source = TextSource(name, tuple(row["text"] for row in rows))
        index_of = {row["section"].strip(): index for index, row in enumerate(rows)}
        for row in read_rows(path / "questions" / f"{name}-questions.csv", "FairytaleQA"):
            sections = [section.strip() for section in row["cor_section"].split(",")]
            yield Example(
                id=f"{name}-{row['question_id']}",
                task="fairytaleqa",
                question=row["question"].strip(),
                sources=(source,),
                references=texts([row[f"answer{n}"].strip() or None for n in range(1, 7)]),
                gold=tuple((name, index_of[section]) for section in sections if section in index_of),
                length=n_words(source.parts),
            )


def gold_of_quotes(source: TextSource, quotes: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The parts in which quoted evidence stands, as far as it can be found word for word."""
    found = [index for quote in quotes for index in parts_with(source.parts, quote)]
    return tuple((source.name, index) for index in dict.fromkeys(found))
