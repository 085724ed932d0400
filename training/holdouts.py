"""What must never be trained on, and the check that it is not; compares texts by runs of words.

Held out by document: the last 12 SQuAD development articles, COVID-QA, LooGLE, L-CiteEval, QMSum, the FairytaleQA
stories of the evaluation folder, and the claim and question sets that the data's manifest lists. A training text
that shares one of a fixed quarter of their runs of 13 words is dropped: with 40 shared words that is nearly certain.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from training.corpora import ClaimRow, QaRow, held_out_squad_titles, read_jsonl
from training.licences import CLAIM_HOLDOUTS, QA_HOLDOUTS

RUN_LENGTH = 13
_KEEP_ONE_IN = 4  # a quarter of the runs is enough to meet a text again, and a quarter of the memory


def runs(text: str) -> Iterator[int]:
    """Hashes of a fixed quarter of the runs of 13 words."""
    words = re.findall(r"\w+", text.casefold())
    for start in range(len(words) - RUN_LENGTH + 1):
        digest = zlib.crc32(" ".join(words[start : start + RUN_LENGTH]).encode())
        if digest % _KEEP_ONE_IN == 0:
            yield digest


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def held_out_texts(data: Path) -> Iterator[str]:
    """Every text that is held out."""
    titles = held_out_squad_titles(data)
    for article in json.loads((data / "squad/dev-v1.1.json").read_text(encoding="utf-8")):
        if article["title"] in titles:
            yield from (paragraph["context"] for paragraph in article["paragraphs"])
    yield from _strings(json.loads((data / "covidqa/covidqa_docs_1-49.json").read_text(encoding="utf-8")))
    for folder in ("loogle", "lciteeval/cases", "qmsum", "fairytaleqa"):
        for path in sorted((data / folder).rglob("*.json*")):
            yield from _file_strings(path)
        for path in sorted((data / folder).rglob("*.csv")):
            yield path.read_text(encoding="utf-8", errors="replace")
    for name in QA_HOLDOUTS:
        yield from {row["context"] for row in read_jsonl(data / f"train/qa/{name}.jsonl.gz")}
    for name in CLAIM_HOLDOUTS:
        for row in read_jsonl(data / f"train/nli/{name}.jsonl.gz"):
            yield row["premise"]
            yield row["hypothesis"]


def _file_strings(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines() if path.suffix == ".jsonl" else [text]:
        if line.strip():
            yield from _strings(json.loads(line))


class HoldOuts:
    """The runs of words and the short claims that are held out."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._runs: set[int] = set()
        self._short: set[str] = set()
        for text in texts:
            self._runs.update(runs(text))
            if len(text) < 400:
                self._short.add(_plain(text))

    def holds(self, text: str) -> bool:
        """Whether the text is held out or shares a run of words with what is."""
        return _plain(text) in self._short or any(run in self._runs for run in runs(text))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def without_held_out_questions(rows: Iterable[QaRow], held_out: HoldOuts) -> list[QaRow]:
    """The question rows whose context is not held out."""
    verdicts: dict[str, bool] = {}
    kept = []
    for row in rows:
        text = row.context.text
        if text not in verdicts:
            verdicts[text] = held_out.holds(text)
        if not verdicts[text]:
            kept.append(row)
    return kept


def without_held_out_claims(rows: Iterable[ClaimRow], held_out: HoldOuts) -> list[ClaimRow]:
    """The claim rows of which neither side is held out."""
    return [row for row in rows if not held_out.holds(row.claim) and not held_out.holds(row.text)]
