"""Tasks by name: where their examples come from and which metrics are theirs by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docqa.errors import UsageError
from docqa.eval import measures as measures  # fills the table of metrics
from docqa.eval.examples import Example
from docqa.eval.lciteeval import QA_TASKS, SUMMARY_TASKS, TASKS
from docqa.eval.loaders import lciteeval, long_documents, reading_comprehension, synthetic
from docqa.eval.metrics import Metric, parse

_CITATIONS = ("citation_recall", "citation_precision", "citation_f1", "citation_number")
_TOKENS = ("token_precision", "token_recall", "token_f1")
_EVIDENCE = ("evidence_precision", "evidence_recall", "evidence_f1", "evidence_hit")


@dataclass(frozen=True, slots=True)
class Task:
    """A benchmark: `load` takes the path given as --data, None for generated ones that need none.

    `generate` makes the examples of a generated task by another design.
    """

    name: str
    load: Callable[[Path | None], Iterator[Example]]
    metric_names: tuple[str, ...]
    generate: Callable[[synthetic.Design], Iterator[Example]] | None = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that the benchmark reports, and those of docqa's own that fit."""
        return tuple(parse(name) for name in self.metric_names)


def task(name: str) -> Task:
    """The task of that name; raises UsageError for an unknown one, with the known."""
    if name not in TABLE:
        raise UsageError(f"unknown task {name!r}; known: {', '.join(sorted(TABLE))}")
    return TABLE[name]


def _from(load: Callable[[Path], Iterator[Example]], name: str) -> Callable[[Path | None], Iterator[Example]]:
    def checked(path: Path | None) -> Iterator[Example]:
        if path is None:
            raise UsageError(f"task {name} needs --data PATH, the folder or file with its examples")
        try:
            yield from load(path)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise UsageError(f"{path}: is not in the format in which {name} was published ({what})") from error

    return checked


def _lciteeval(name: str) -> Callable[[Path], Iterator[Example]]:
    return lambda path: lciteeval.load(path, name)


def hay(path: Path | None) -> str:
    """The text to hide needles in, "" for invented sentences."""
    if path is None:
        return ""
    if not path.is_file():
        raise UsageError(f"{path}: give a text file to hide needles in, or no --data for invented sentences")
    return path.read_text(encoding="utf-8")


def _generated(
    name: str, generate: Callable[[synthetic.Design], Iterator[Example]], metric_names: tuple[str, ...]
) -> Task:
    return Task(name, lambda path: generate(synthetic.Design(hay=hay(path))), metric_names, generate)


def _lciteeval_metrics(name: str) -> tuple[str, ...]:
    if name in QA_TASKS:
        return (*_CITATIONS, *_TOKENS)
    if name in SUMMARY_TASKS:
        return (*_CITATIONS, "rouge_l")
    return (*_CITATIONS, "rouge_1_recall" if name == "niah" else "counting_accuracy", *_EVIDENCE)


_READ: Mapping[str, tuple[Callable[[Path], Iterator[Example]], tuple[str, ...]]] = {
    "lciteeval": (lciteeval.load_all, (*_CITATIONS, "lciteeval_generation")),
    **{f"lciteeval/{name}": (_lciteeval(name), _lciteeval_metrics(name)) for name in TASKS},
    "longbench": (long_documents.load_longbench, ("longbench_score", "token_f1", "rouge_l")),
    "leval": (long_documents.load_leval, ("leval_score", "leval_exact", "token_f1", "rouge_l")),
    "loogle": (long_documents.load_loogle, (*_TOKENS, "rouge_1_recall", *_EVIDENCE)),
    "qmsum": (long_documents.load_qmsum, ("rouge_l", "rouge_1_recall", *_EVIDENCE)),
    "covidqa": (reading_comprehension.load_covidqa, (*_TOKENS, "str_em", *_EVIDENCE)),
    "fairytaleqa": (reading_comprehension.load_fairytaleqa, (*_TOKENS, "rouge_l", *_EVIDENCE)),
    "squad": (
        reading_comprehension.load_squad,
        ("exact_match", "squad_f1", "token_recall", "str_em", "abstention_accuracy", *_EVIDENCE),
    ),
    "xquad": (reading_comprehension.load_xquad, ("exact_match", "squad_f1", "token_recall", "str_em", *_EVIDENCE)),
    "qasper": (reading_comprehension.load_qasper, (*_TOKENS, "abstention_accuracy", *_EVIDENCE)),
    "hotpotqa": (reading_comprehension.load_hotpotqa, ("exact_match", "hotpot_f1", "hotpot_joint_f1", *_EVIDENCE)),
    "mmlongbench-doc": (
        long_documents.load_mmlongbench,
        ("typed_accuracy", "typed_f1", "str_em", "abstention_accuracy", *_EVIDENCE),
    ),
    "financebench": (long_documents.load_financebench, (*_TOKENS, "str_em", *_EVIDENCE)),
    "summhay": (long_documents.load_summhay, ("summhay_coverage", "summhay_citation", "summhay_joint")),
    "nocha": (long_documents.load_nocha, ("pair_accuracy",)),
}

TABLE: Mapping[str, Task] = {
    **{name: Task(name, _from(load, name), metrics) for name, (load, metrics) in _READ.items()},
    **{
        made.name: made
        for made in (
            _generated("ruler/niah", synthetic.needles, ("ruler_all", *_EVIDENCE)),
            _generated(
                "ruler/counting_stars", synthetic.counting_stars, ("ruler_all", "counting_accuracy", *_EVIDENCE)
            ),
            _generated("ruler/injection", synthetic.injections, ("injection_rate", "ruler_all", *_EVIDENCE)),
        )
    },
}
