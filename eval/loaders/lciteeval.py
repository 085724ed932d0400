"""L-CiteEval (Tang et al. 2024, arXiv:2410.02115): items with numbered passages, and its one-shot prompts.

`--data` is a folder with `<task>.json`, as in the benchmark's `dataset` or `data/L-CiteEval/l-citeeval`, or one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docqa.errors import UsageError
from docqa.eval.examples import Example, TextSource
from docqa.eval.lciteeval import SUMMARY_TASKS, TASKS
from docqa.eval.loaders.files import chosen, n_words, read_json, required, texts

_SUMMARISE = "Summarize the document."


def load(path: Path, task: str) -> Iterator[Example]:
    """The items of one of the 11 tasks. `length` is the item's own in tokens, or its number of words."""
    for number, raw in enumerate(read_json(chosen(path, f"{task}.json", "L-CiteEval"), "L-CiteEval"), start=1):
        yield _example(raw, task, number)


def load_all(path: Path) -> Iterator[Example]:
    """The items of every task whose file is in the folder."""
    found = [task for task in TASKS if (required(path, "L-CiteEval") / f"{task}.json").exists()]
    if not found:
        raise UsageError(f"{path}: holds no <task>.json of L-CiteEval; known tasks: {', '.join(TASKS)}")
    for task in found:
        yield from load(path, task)


def _example(raw: Mapping[str, Any], task: str, number: int) -> Example:
    parts, titles = _parts(raw["docs"])
    name = f"{task}-{number}"  # the items' own ids repeat
    answer = raw["answer"]
    gold = _gold(raw, task, parts)
    return Example(
        id=name,
        task=f"lciteeval/{task}",
        question=str(raw.get("question") or _SUMMARISE),
        sources=(TextSource(name, parts, titles),),
        references=tuple(map(str, answer)) if task == "counting_stars" else texts(answer),
        gold=tuple((name, index) for index in gold),
        length=int(raw.get("length") or n_words(parts)),
        depth=gold[0] / max(1, len(parts) - 1) if task == "niah" and gold else None,
    )


def _parts(docs: Sequence[Any]) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    if docs and isinstance(docs[0], str):
        return tuple(docs), (None,) * len(docs)
    return tuple(doc["text"] for doc in docs), tuple(doc["title"] for doc in docs)


def _gold(raw: Mapping[str, Any], task: str, parts: Sequence[str]) -> list[int]:
    """Where the tasks tell: the needle's passage, the penguin's, and locomo's gold conversations."""
    if task == "niah":
        return [index for index, part in enumerate(parts) if str(raw["answer"]) in part][:1]
    if task == "counting_stars":
        return [index for index, part in enumerate(parts) if "The little penguin counted" in part]
    gold = [text for group in raw.get("gold_docs", ()) for text in ([group] if isinstance(group, str) else group)]
    return [index for index, part in enumerate(parts) if any(text in part or part in text for text in gold)]


def one_shot_prompt(prompt_file: Path, raw: Mapping[str, Any], task: str) -> str:
    """The benchmark's own prompt for a raw item, with its demonstration, before any chat template.

    `prompt_file` is `<task>_default.json` of the benchmark's `prompt` folder.
    """
    template = read_json(prompt_file, "L-CiteEval prompts")
    demonstration = _filled(template, template["demos"][0], task, answer=template["demos"][0]["answer"])
    return f"{demonstration}{template['demo_sep']}{_filled(template, raw, task, answer='')}"


def _filled(template: Mapping[str, Any], raw: Mapping[str, Any], task: str, answer: str) -> str:
    """The frame with its fields; the answer follows the colon after "Answer" without a blank, as in the original."""
    docs = "".join(
        template["doc_prompt"].replace("{ID}", str(n)).replace("{P}", _shown(doc))
        for n, doc in enumerate(raw["docs"], start=1)
    )
    instruction = template["instruction"]
    if task == "dialsim":
        role = raw.get("role") or template["demo_role"]
        instruction = instruction.replace("<<<chatbox>>>", role)
    text: str = template["demo_prompt"].replace("{INST}", instruction).replace("{A}", "")
    text = text.replace("{Q}", "" if task in SUMMARY_TASKS and task != "qmsum" else str(raw.get("question") or ""))
    return text.replace("{D}", docs).rstrip() + answer


def _shown(doc: Any) -> str:
    """A passage as the model sees it: a multi-document passage without the title that its text begins with."""
    if isinstance(doc, str):
        return doc
    return str(doc["text"]).removeprefix(str(doc["title"])).strip()
