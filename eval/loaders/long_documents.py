"""LongBench, L-Eval, LooGLE, QMSum, MMLongBench-Doc, FinanceBench, SummHay and NoCha: long texts and real PDFs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from docqa.errors import UsageError
from docqa.eval.examples import Example, FileSource, Insight, TextSource
from docqa.eval.loaders.files import (
    chosen,
    in_parts,
    literal,
    n_words,
    read_json,
    read_json_lines,
    required,
    texts,
)
from docqa.eval.loaders.reading_comprehension import gold_of_quotes
from docqa.eval.typed_answers import NOT_ANSWERABLE

_TURN_WORDS = 150


def load_longbench(path: Path) -> Iterator[Example]:
    """LongBench (Bai et al. 2023, arXiv:2308.14508): one `<dataset>.jsonl`, or a folder of them."""
    for file in _files(path, "*.jsonl", "LongBench"):
        for number, raw in enumerate(read_json_lines(file, "LongBench"), start=1):
            identity = str(raw.get("_id") or f"{file.stem}-{number}")
            source = TextSource(identity, in_parts(raw["context"]))
            yield Example(
                id=identity,
                task=f"longbench/{raw.get('dataset', file.stem)}",
                question=raw["input"] or "Summarize the document.",
                sources=(source,),
                references=texts(raw["answers"]),
                classes=texts(raw.get("all_classes") or []),
                length=int(raw.get("length") or n_words(source.parts)),
            )


def load_leval(path: Path) -> Iterator[Example]:
    """L-Eval (An et al. 2023, arXiv:2307.11088): `<task>.jsonl` with one document and several instructions a line."""
    for file in _files(path, "*.jsonl", "L-Eval"):
        for line, raw in enumerate(read_json_lines(file, "L-Eval"), start=1):
            source = TextSource(f"{file.stem}-{line}", in_parts(raw["input"]))
            for number, (question, answer) in enumerate(zip(raw["instructions"], raw["outputs"], strict=True), start=1):
                yield Example(
                    id=f"{source.name}-{number}",
                    task=f"leval/{file.stem}",
                    question=question,
                    sources=(source,),
                    references=texts(answer),
                    answer_format=str(raw.get("evaluation", "Str")),
                    length=n_words(source.parts),
                )


LOOGLE_FILES = ("longdep_qa", "shortdep_qa", "longdep_summarization")


def load_loogle(path: Path) -> Iterator[Example]:
    """LooGLE (Li et al. 2023, arXiv:2311.04939): questions, and abstracts of papers; one file, or those in a folder.

    Evidence is gold where it stands verbatim. The cloze task asks for a form that no answer of docqa has.
    """
    files = [path]
    if required(path, "LooGLE").is_dir():
        files = [file for file in (path / f"{name}.jsonl" for name in LOOGLE_FILES) if file.exists()]
    if not files:
        raise UsageError(f"{path}: holds no file of LooGLE; known: {', '.join(LOOGLE_FILES)}")
    for file in files:
        for line, raw in enumerate(read_json_lines(file, "LooGLE"), start=1):
            source = TextSource(f"{file.stem}-{line}", in_parts(raw["input"]))
            for number, qa in enumerate(_loogle_questions(raw, f"{file}: line {line}"), start=1):
                quotes = literal(qa.get("S", []))
                yield Example(
                    id=f"{source.name}-{number}",
                    task=f"loogle/{file.stem}",
                    question=qa["Q"],
                    sources=(source,),
                    references=(qa["A"],),
                    gold=gold_of_quotes(source, [quotes] if isinstance(quotes, str) else quotes),
                    length=n_words(source.parts),
                )


def _loogle_questions(raw: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The questions about a document; for one without any its abstract."""
    found = literal(raw["qa_pairs"])
    if found == "none" and isinstance(raw.get("output"), str):
        return [{"Q": "Summarize the document.", "A": raw["output"]}]
    if not isinstance(found, list) or not all(isinstance(qa, dict) and isinstance(qa.get("A"), str) for qa in found):
        raise UsageError(f"{where} has no questions with answers; take one of {', '.join(LOOGLE_FILES)}")
    return found


def load_qmsum(path: Path) -> Iterator[Example]:
    """QMSum (Zhong et al. 2021, arXiv:2104.05938): meetings; the turns named for specific queries are gold."""
    for line, raw in enumerate(read_json_lines(chosen(path, "val.jsonl", "QMSum"), "QMSum"), start=1):
        parts, part_of_turn = _grouped_turns(raw["meeting_transcripts"])
        source = TextSource(f"qmsum-{line}", parts)
        queries = chain(raw.get("general_query_list", ()), raw.get("specific_query_list", ()))
        for number, query in enumerate(queries, start=1):
            spans = [(int(a), int(b)) for a, b in query.get("relevant_text_span", ())]
            turns = [turn for a, b in spans for turn in range(a, b + 1) if turn < len(part_of_turn)]
            yield Example(
                id=f"{source.name}-{number}",
                task="qmsum",
                question=query["query"],
                sources=(source,),
                references=(query["answer"],),
                gold=tuple((source.name, part) for part in dict.fromkeys(part_of_turn[turn] for turn in turns)),
                length=n_words(parts),
            )


def _grouped_turns(turns: Sequence[Mapping[str, str]]) -> tuple[tuple[str, ...], list[int]]:
    """Turns as parts of about 150 words, and the part of each turn."""
    parts: list[list[str]] = [[]]
    part_of_turn = []
    for turn in turns:
        if n_words(parts[-1]) >= _TURN_WORDS:
            parts.append([])
        parts[-1].append(f"{turn['speaker']}: {turn['content']}")
        part_of_turn.append(len(parts) - 1)
    return tuple("\n".join(part) for part in parts), part_of_turn


def load_mmlongbench(path: Path) -> Iterator[Example]:
    """MMLongBench-Doc (Ma et al. 2024, arXiv:2407.01523): `samples.json` and real PDFs in `documents`; pages are
    gold."""
    for number, raw in enumerate(read_json(path / "samples.json", "MMLongBench-Doc"), start=1):
        file = required(path / "documents" / raw["doc_id"], "MMLongBench-Doc")
        yield Example(
            id=f"{raw['doc_id']}-{number}",
            task="mmlongbench-doc",
            question=raw["question"],
            sources=(FileSource(file),),
            references=(str(raw["answer"]),),
            gold=tuple((file.name, int(page) - 1) for page in literal(raw["evidence_pages"])),
            answerable=raw["answer"] != NOT_ANSWERABLE,
            answer_format=raw["answer_format"],
        )


def load_financebench(path: Path) -> Iterator[Example]:
    """FinanceBench (Islam et al. 2023, arXiv:2311.11944): `financebench_open_source.jsonl`, PDFs in `pdfs`.

    `evidence_page_num` counts from 0, as docqa's parts do.
    """
    for raw in read_json_lines(_within(path, "financebench_open_source.jsonl"), "FinanceBench"):
        file = required(path / "pdfs" / f"{raw['doc_name']}.pdf", "FinanceBench")
        yield Example(
            id=raw["financebench_id"],
            task="financebench",
            question=raw["question"],
            sources=(FileSource(file),),
            references=(str(raw["answer"]),),
            gold=tuple(dict.fromkeys((file.name, int(piece["evidence_page_num"])) for piece in raw["evidence"])),
        )


def _within(path: Path, name: str) -> Path:
    return next((file for file in (path / name, path / "data" / name) if file.exists()), path / name)


def load_summhay(path: Path) -> Iterator[Example]:
    """SummHay (Laban et al. 2024, arXiv:2407.01370): `topic_*.json`; a summary for each subtopic's query."""
    for file in _files(path, "topic*.json", "SummHay"):
        topic = read_json(file, "SummHay")
        name = str(topic.get("topic_id", file.stem))
        source = TextSource(name, tuple(document["document_text"] for document in topic["documents"]))
        held = [set(document["insights_included"]) for document in topic["documents"]]
        for number, subtopic in enumerate(topic["subtopics"], start=1):
            yield Example(
                id=f"{name}-{number}",
                task="summhay",
                question=subtopic["query"],
                sources=(source,),
                insights=tuple(
                    Insight(
                        insight["insight"], tuple(n for n, ids in enumerate(held, 1) if insight["insight_id"] in ids)
                    )
                    for insight in subtopic["insights"]
                ),
                length=n_words(source.parts),
            )


def load_nocha(path: Path) -> Iterator[Example]:
    """NoCha (Karpinska et al. 2024, arXiv:2406.16264): `claims.json` and books as `<title>.txt` in `books`."""
    books: dict[str, TextSource] = {}
    for number, raw in enumerate(read_json(path / "claims.json", "NoCha"), start=1):
        title = raw["book_title"]
        if title not in books:
            file = required(path / "books" / f"{title}.txt", "NoCha")
            books[title] = TextSource(title, in_parts(file.read_text(encoding="utf-8")))
        yield Example(
            id=f"nocha-{number}",
            task="nocha",
            question=f"Is this claim about the book true or false? {raw['claim']}",
            sources=(books[title],),
            references=(str(raw["type"]),),
            pair=f"{title}-{raw['index']}",
            length=n_words(books[title].parts),
        )


def _files(path: Path, pattern: str, benchmark: str) -> list[Path]:
    if not required(path, benchmark).is_dir():
        return [path]
    files = sorted(path.glob(pattern))
    if not files:
        raise UsageError(f"{path}: holds no {pattern} of {benchmark}")
    return files
