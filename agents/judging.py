"""Whether passages bear a statement out: by the words where they settle it, by the configured judge where they do not.

Each pair is judged once. What a judge says is overruled where a number of the statement stands on no page, or where the
statement is a sentence of the page with a digit or a negation changed: a model overlooks that now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from docqa.agents.reasoner import Reasoner
from docqa.agents.sources import Names, premise
from docqa.answers import Support
from docqa.documents import Passage
from docqa.llm.exact_checks import changed_numbers, is_altered_copy

QUOTATION = "quotation"
_MOST_DOUBTED = 0.5
_MOST_ALTERED = 0.2


@dataclass(slots=True)
class Judging:
    """The verdicts on one answer.

    Where the judge is a model, raises OutOfBudget when it may not be asked any more, and a leaf of ModelError when its
    replies are of no use.
    """

    reasoner: Reasoner
    names: Names = field(default_factory=dict)
    _verdicts: dict[tuple[str, tuple[Passage, ...]], Support] = field(default_factory=dict)

    def support(self, claim: str, passages: Sequence[Passage]) -> Support:
        """Whether the passages together bear the claim out."""
        key = (claim, tuple(dict.fromkeys(passages)))
        if key not in self._verdicts:
            self._verdicts[key] = self._judged(claim, key[1])
        return self._verdicts[key]

    def bears_out(self, claim: str, passages: Sequence[Passage]) -> bool:
        """Whether the passages together bear the whole claim out."""
        return self.support(claim, passages).label == "supports"

    def _judged(self, claim: str, passages: tuple[Passage, ...]) -> Support:
        if any(_plain(claim) == sentence for passage in passages for sentence in _sentences(passage)):
            return Support("supports", 1.0, QUOTATION)
        support = self.reasoner.supports(claim, passages)
        return doubted(support, claim, "\n".join(premise(passage, self.names) for passage in passages))


def doubted(support: Support, claim: str, text: str) -> Support:
    """The judge's verdict; less than its approval where the words of the text speak against it."""
    if support.label != "supports" or _plain(claim) in _plain(text):
        return support
    if is_altered_copy(claim, text):
        return Support("unrelated", min(support.score, _MOST_ALTERED), f"{support.judge} + exact")
    if changed_numbers(claim, text):
        return Support("partly", min(support.score, _MOST_DOUBTED), f"{support.judge} + exact")
    return support


def _sentences(passage: Passage) -> list[str]:
    start = passage.start_char
    return [_plain(passage.text[span.start_char - start : span.end_char - start]) for span in passage.sentences]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")
