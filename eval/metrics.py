"""Metrics as values: `parse("citation_f1(at_most=3)")` gives one, `str` of it gives the name back.

A metric maps an example and its prediction to a score; None says that the original scorer drops the example (`parity`
only). An example that failed counts as the metric's worst. Definitions and sources stand in `docqa.eval.measures`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docqa.citation_scores import Entails, Mode
from docqa.errors import UsageError
from docqa.eval.cited_text import SentenceSplitter
from docqa.eval.examples import Example, Prediction

_NAME = re.compile(r"([a-z0-9_]+)(?:\(([^()]*)\))?")

Options = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides whether a premise entails a claim; `name` goes into every report. `close` ends what it holds open."""

    name: str
    entails: Entails = field(repr=False)
    close: Callable[[], None] = field(default=lambda: None, repr=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """What figures depend on beside the answers. Answers of the judge are remembered in `verdicts`."""

    mode: Mode
    splitter: SentenceSplitter
    judge: Judge
    verdicts: dict[tuple[str, str], bool] = field(default_factory=dict, repr=False, compare=False)

    def entails(self, premise: str, claim: str) -> bool:
        """The judge's answer, asked once for each pair."""
        key = (premise, claim)
        if key not in self.verdicts:
            self.verdicts[key] = self.judge.entails(premise, claim)
        return self.verdicts[key]


@dataclass(frozen=True, slots=True)
class Scored:
    """One example's score under one metric; None where the original scorer drops the example."""

    example: Example
    prediction: Prediction | None
    score: float | None


Score = Callable[[Example, Prediction, Setting, Options], float | None]
Aggregate = Callable[[Sequence[Scored]], float]


def mean(scored: Sequence[Scored]) -> float:
    """The mean over the examples that were not dropped; 0 when there is none."""
    kept = [row.score for row in scored if row.score is not None]
    return sum(kept) / len(kept) if kept else 0.0


@dataclass(frozen=True, slots=True)
class Family:
    """What metrics of one name share. `unit` is "share" for figures from 0 to 1 and "count" for numbers."""

    score: Score
    aggregate: Aggregate = mean
    higher_is_better: bool = True
    unit: str = "share"
    defaults: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def doc(self) -> str:
        """What it measures, with its source."""
        return " ".join((self.score.__doc__ or "").split())


FAMILIES: dict[str, Family] = {}


def measure(
    *,
    aggregate: Aggregate = mean,
    higher_is_better: bool = True,
    unit: str = "share",
    **defaults: int | None,
) -> Callable[[Score], Score]:
    """Register a score under its function's name."""

    def register(score: Score) -> Score:
        FAMILIES[score.__name__] = Family(score, aggregate, higher_is_better, unit, defaults)
        return score

    return register


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its options; equal to what `parse` makes of its name."""

    name: str
    options: tuple[tuple[str, int | None], ...] = ()

    def __str__(self) -> str:
        """`citation_f1`, or `citation_f1(at_most=1)` where an option is not the default."""
        given = ", ".join(f"{key}={value}" for key, value in self.options)
        return f"{self.name}({given})" if given else self.name

    @property
    def family(self) -> Family:
        """Its definition."""
        return FAMILIES[self.name]

    def score(self, example: Example, prediction: Prediction | None, setting: Setting) -> Scored:
        """Score an example; None for the prediction means that it failed and counts as the worst."""
        if prediction is None:
            return Scored(example, None, 0.0 if self.family.higher_is_better else 1.0)
        options = {**self.family.defaults, **dict(self.options)}
        return Scored(example, prediction, self.family.score(example, prediction, setting, options))


def parse(name: str) -> Metric:
    """The metric of that name; raises UsageError for an unknown name or option."""
    found = _NAME.fullmatch(name.strip())
    if found is None or found.group(1) not in FAMILIES:
        raise UsageError(f"unknown metric {name!r}; known: {', '.join(sorted(FAMILIES))}")
    defaults = FAMILIES[found.group(1)].defaults
    options: dict[str, int | None] = {}
    for part in filter(None, (piece.strip() for piece in (found.group(2) or "").split(","))):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in defaults or not re.fullmatch(r"None|\d{1,6}", value):
            raise UsageError(
                f"metric {name!r}: write options as at_most=3; known here: {', '.join(defaults) or 'none'}"
            )
        if (number := None if value == "None" else int(value)) != defaults[key]:
            options[key] = number
    return Metric(found.group(1), tuple(sorted(options.items())))
