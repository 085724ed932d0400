"""L-CiteEval's scores for one item and its report over many (Tang et al. 2024, arXiv:2410.02115).

`parity` reproduces the figures of the authors' scripts; what those get wrong is told at each function and mended in
`strict`. An item is an example with numbered passages and the text that a system generated for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docqa.citation_scores import CitationScore, Entails, Mode, harmonic_mean, score_citations
from docqa.eval.cited_text import (
    SentenceSplitter,
    cited_claims,
    cited_numbers,
    strict_cited_numbers,
    strict_without_citations,
    without_citations,
)
from docqa.eval.rouge import rouge_l, rouge_n
from docqa.eval.words import Overlap, best, token_overlap

QA_TASKS = ("narrativeqa", "natural_questions", "hotpotqa", "2wikimultihopqa", "dialsim", "locomo")
SUMMARY_TASKS = ("qmsum", "gov_report", "multi_news")
SYNTHETIC_TASKS = ("niah", "counting_stars")
TASKS = (*QA_TASKS, *SUMMARY_TASKS, *SYNTHETIC_TASKS)

_COUNTED = re.compile(r"The little penguin counted (\d+) ★")
_BUCKET = 8000
_N_BUCKETS = 6


@dataclass(frozen=True, slots=True)
class NumberedPassage:
    """A passage as L-CiteEval numbers it; multi-document tasks have a title, which the judge reads too."""

    text: str
    title: str | None = None

    @property
    def premise(self) -> str:
        """What the judge reads."""
        heading = "" if self.title is None else f"Title: {self.title}\n"
        return f"{heading}Passage: {self.text}"


@dataclass(frozen=True, slots=True)
class Item:
    """One sample: `references` are the accepted answers (for counting_stars the counts), `length` is in tokens."""

    id: str
    task: str
    passages: tuple[NumberedPassage, ...]
    references: tuple[str, ...]
    length: int = 0


@dataclass(frozen=True, slots=True)
class CitationScorer:
    """Scores the citations of generated texts; `splitter` and `entails` are what the figures depend on."""

    splitter: SentenceSplitter
    entails: Entails
    mode: Mode = "strict"
    at_most: int | None = 3

    def score(self, item: Item, text: str) -> CitationScore | None:
        """The score of one generation by the rule of its task; None where `parity` drops an empty answer."""
        if item.task == "niah":
            return niah_score(item, text, self.mode)
        if item.task == "counting_stars":
            return stars_citation_score(item, text, self.mode)
        claims = cited_claims(text, self.splitter, self.mode)
        premises = [passage.premise for passage in item.passages]
        return score_citations(claims, premises, self.entails, self.mode, self.at_most)

    def scores(self, items: Sequence[Item], texts: Sequence[str]) -> list[CitationScore | None]:
        """The scores in order.

        In `parity` a needle that no passage holds is looked for where the last one was, and an item beyond the last
        length bucket is not scored at all (None).
        """
        found: list[CitationScore | None] = []
        gold = 0
        for item, text in zip(items, texts, strict=True):
            if self.mode == "parity" and bucket(item) is None:
                found.append(None)
            elif self.mode == "parity" and item.task == "niah":
                gold = needle_passage(item) or gold
                found.append(_niah_score_of(gold, cited_numbers(text.split("\n")[0])[:3]))
            else:
                found.append(self.score(item, text))
        return found


def needle_passage(item: Item) -> int:
    """The number of the first passage that holds the answer, 0 when none does."""
    answer = item.references[0]
    return next((n for n, passage in enumerate(item.passages, start=1) if answer in passage.text), 0)


def niah_score(item: Item, text: str, mode: Mode) -> CitationScore:
    """Recall is whether one of the first three citations is the needle's passage, precision its share of them.

    `parity` reads the first line and repeated numbers, `strict` all lines and each number once.
    """
    if mode == "parity":
        return _niah_score_of(needle_passage(item), cited_numbers(text.split("\n")[0])[:3])
    return _niah_score_of(needle_passage(item), tuple(dict.fromkeys(strict_cited_numbers(text)))[:3])


def _niah_score_of(gold: int, cited: Sequence[int]) -> CitationScore:
    if gold not in cited:
        return CitationScore(0.0, 0.0, 0.0, len(cited))
    precision = 1 / len(cited)
    return CitationScore(1.0, precision, harmonic_mean(precision, 1.0), len(cited))


def star_passages(item: Item) -> tuple[int, ...]:
    """The numbers of the passages where the penguin counts."""
    return tuple(n for n, p in enumerate(item.passages, start=1) if "The little penguin counted" in p.text)


def stars_reply(text: str) -> Mapping[str, Any] | None:
    """The JSON object between the first and the last brace, None when there is none."""
    try:
        reply = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def stars_citation_score(item: Item, text: str, mode: Mode) -> CitationScore:
    """Precision and recall of the set of `passage_id`; 0 for a reply without it. The original crashes on an empty list.

    In `parity`, a reply without `passage_id` has no number of citations and leaves that mean.
    """
    reply = stars_reply(text)
    given = reply.get("passage_id") if reply is not None else None
    if not isinstance(given, list) or not given:
        uncounted = mode == "parity" and reply is not None and given is None
        return CitationScore(0.0, 0.0, 0.0, None if uncounted else 0)
    cited, gold = {_hashable(number) for number in given}, set(star_passages(item))
    n_right = len(cited & gold)
    precision, recall = n_right / len(cited), n_right / len(gold) if gold else 0.0
    return CitationScore(recall, precision, harmonic_mean(precision, recall), len(cited))


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str | float) else repr(value)


def stars_accuracy(item: Item, text: str) -> float | None:
    """The share of the first counts that are right, repeated ones too; None when the reply cannot be parsed."""
    reply = stars_reply(text)
    if reply is None or not isinstance(reply.get("little_penguin"), list):
        return None
    gold = [int(reference) for reference in item.references]
    return sum(count in gold for count in reply["little_penguin"][: len(gold)]) / len(gold) if gold else 0.0


def answer_text(text: str, mode: Mode) -> str:
    """The generation without citations: in `parity` its first line only, in `strict` all of it."""
    if mode == "parity":
        return without_citations(text.strip().split("\n")[0])
    return strict_without_citations(text).strip()


def summary_text(text: str, mode: Mode) -> str | None:
    """The summary without an announcement ("Here is a summary: …").

    In `parity`, None (which scores 0) when the word "summary" is announced in the first 100 characters without a colon.
    """
    text = text.strip()
    if "summary" in text[:100].lower():
        _, colon, rest = text.partition(":")
        if colon:
            text = rest.strip()
        elif mode == "parity":
            return None
    return answer_text(text, mode)


def correctness(item: Item, text: str, mode: Mode) -> Mapping[str, float]:
    """The generation scores of the item's task, by name, from 0 to 1."""
    if item.task in SUMMARY_TASKS:
        summary = summary_text(text, mode)
        return {"rouge-l": 0.0 if summary is None else best(rouge_l, summary, item.references).f1}
    if item.task == "niah":
        return {"rouge-1": best(rouge_n, answer_text(text, mode), item.references).recall}
    if item.task == "counting_stars":
        return {"acc": stars_accuracy(item, text) or 0.0}
    overlap: Overlap = best(token_overlap, answer_text(text, mode), item.references)
    return {"f1": overlap.f1, "precision": overlap.precision, "recall": overlap.recall}


def bucket(item: Item) -> int | None:
    """The length bucket by its upper end: 8000 holds 0 up to 8000 tokens (exclusive); None from 48000 on."""
    if item.task == "multi_news" and item.length > 5 * _BUCKET:
        return 5 * _BUCKET
    upper = (item.length // _BUCKET + 1) * _BUCKET
    return upper if upper <= _N_BUCKETS * _BUCKET else None


def citation_report(items: Sequence[Item], scores: Sequence[CitationScore | None]) -> list[dict[str, Any]]:
    """The original's rows: per bucket, then "total", in percent with two digits; dropped samples enter no mean.

    A bucket's `sample_num` counts dropped samples, the total's does not; a bucket of only dropped ones has None.
    """
    rows: list[dict[str, Any]] = []
    for upper in range(_BUCKET, (_N_BUCKETS + 1) * _BUCKET, _BUCKET):
        members = [score for item, score in zip(items, scores, strict=True) if bucket(item) == upper]
        if members:
            rows.append({"length": upper, **_citation_means(members), "sample_num": len(members)})
    n_scored = sum(score is not None for score in scores)
    rows.append({"length": "total", **_citation_means(scores), "sample_num": n_scored})
    return rows


def _citation_means(scores: Sequence[CitationScore | None]) -> dict[str, float | None]:
    kept = [score for score in scores if score is not None]
    if not kept:
        return dict.fromkeys(("citation_rec", "citation_prec", "citation_f1", "cite_num"))
    n, counts = len(kept), [score.n_citations for score in kept if score.n_citations is not None]
    return {
        "citation_rec": round(100 * (sum(score.recall for score in kept) / n), 2),
        "citation_prec": round(100 * (sum(score.precision for score in kept) / n), 2),
        "citation_f1": round(100 * (sum(score.f1 for score in kept) / n), 2),
        "cite_num": sum(counts) / len(counts) if counts else None,
    }


def correctness_report(items: Sequence[Item], texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """The original's `correct_score` file: per score, per bucket and "all", in percent with two digits.

    Samples of no bucket count in "all" with 0. A bucket of counting_stars is written when a reply can be parsed and not
    rewritten after, so that failures at its end are missing from it.
    """
    sums: dict[str, dict[str, float]] = {}
    report: dict[str, dict[str, float]] = {}
    counts: dict[str, int] = {}
    for item, text in zip(items, texts, strict=True):
        upper = str(bucket(item))
        counts[upper] = counts.get(upper, 0) + 1
        writes = item.task != "counting_stars" or stars_accuracy(item, text) is not None
        for name, score in correctness(item, text, "parity").items():
            of_name = sums.setdefault(name, {})
            of_name[upper] = of_name.get(upper, 0.0) + score
            if writes and upper != "None":
                report.setdefault(name, {})[upper] = round(100 * of_name[upper] / counts[upper], 2)
    for name, of_name in sums.items():
        total = sum(score for upper, score in of_name.items() if upper != "None")
        report.setdefault(name, {})["all"] = round(100 * total / len(items), 2)
    return report
