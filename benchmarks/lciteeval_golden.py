"""Do our L-CiteEval reports over its 64 real items equal those of the original scripts, digit by digit?

    python benchmarks/lciteeval_golden.py PATH/data PATH/golden/lciteeval_real_items.json

`PATH/data` holds `lciteeval/cases` and `lciteeval/prompt`. The file holds, per task, generations, assigned lengths and
both reports of the original, made with the deterministic judge of `tests/golden/lciteeval_golden.json`, and hashes of
the benchmark's prompts. Exits with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from docqa.eval.cited_text import punkt
from docqa.eval.lciteeval import CitationScorer, Item, NumberedPassage, citation_report, correctness_report
from docqa.eval.loaders.lciteeval import one_shot_prompt

JUDGE = Path(__file__).resolve().parent.parent / "tests" / "golden" / "lciteeval_golden.json"


class StandInJudge:
    """Entailment when four fifths of the claim's content words are in the premise; counts its calls."""

    def __init__(self) -> None:
        self.stopwords = set(json.loads(JUDGE.read_text(encoding="utf-8"))["stub_nli"]["stopwords"])
        self.n_calls = 0

    def entails(self, premise: str, claim: str) -> bool:
        self.n_calls += 1
        content = set(re.findall("[a-z0-9]+", claim.lower())) - self.stopwords
        n_found = len(content & set(re.findall("[a-z0-9]+", premise.lower())))
        return bool(content) and 5 * n_found >= 4 * len(content)


def items_of(task: str, raw_items: list[dict[str, Any]], lengths: list[int]) -> list[Item]:
    """The items with the lengths that the golden file assigns."""
    items = []
    for raw, length in zip(raw_items, lengths, strict=True):
        passages = [
            NumberedPassage(d) if isinstance(d, str) else NumberedPassage(d["text"], d["title"]) for d in raw["docs"]
        ]
        answers = raw["answer"] if isinstance(raw["answer"], list) else [raw["answer"]]
        items.append(Item(str(raw["id"]), task, tuple(passages), tuple(map(str, answers)), length))
    return items


def differences(task: str, golden: dict[str, Any], raw_items: list[dict[str, Any]]) -> list[str]:
    """What differs from the original over one task."""
    judge = StandInJudge()
    items, texts = items_of(task, raw_items, golden["lengths"]), golden["generations"]
    citations = citation_report(items, CitationScorer(punkt(), judge.entails, "parity").scores(items, texts))
    found = {"citation report": citations, "calls": judge.n_calls, "correctness": correctness_report(items, texts)}
    wanted = [golden["citation_report"], golden["n_nli_calls"], golden["correct_report"]]
    return [name for (name, value), expected in zip(found.items(), wanted, strict=True) if value != expected]


def prompt_differs(folder: Path, task: str, golden: dict[str, Any], raw_items: list[dict[str, Any]]) -> bool:
    """Whether the one-shot prompt of the chosen item is another than the benchmark's."""
    wanted = f"{task}_default.json".lower()
    file = next(path for path in folder.glob("*.json") if path.name.lower() == wanted)
    prompt = one_shot_prompt(file, raw_items[golden["case_index"]], task)
    return hashlib.sha256(prompt.encode()).hexdigest() != str(golden["prompt_sha256"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("golden", type=Path)
    arguments = parser.parse_args()
    golden = json.loads(arguments.golden.read_text(encoding="utf-8"))
    n_items = n_different = 0
    for task, reference in golden["real_cases"].items():
        raw_items = json.loads((arguments.data / "lciteeval" / "cases" / f"{task}.json").read_text(encoding="utf-8"))
        different = differences(task, reference, raw_items)
        if prompt_differs(arguments.data / "lciteeval" / "prompt", task, golden["prompts"][task], raw_items):
            different.append("prompt")
        n_items += len(raw_items)
        n_different += bool(different)
        print(f"{task:<20} {len(raw_items)} items  {'differs: ' + ', '.join(different) if different else 'equal'}")
    print(f"{n_items} items of {len(golden['real_cases'])} tasks; {n_different} tasks differ")
    sys.exit(bool(n_different))


if __name__ == "__main__":
    main()
