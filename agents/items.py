"""Which sentences speak of the things that a question asks all of, told by words alone.

A sentence is taken when it holds three quarters of the words that name the things, and all of those with a digit; words
of the request itself ("list", "mentioned in the report") do not count, nor what a bracket gives as an example of it.
Headings and the head of a table lend their words to what stands below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from docqa.agents.questions import REQUEST_WORDS
from docqa.agents.reasoner import Evidence
from docqa.retrieval.languages import Analyser, question_language, without_examples
from docqa.text import word_strings

MIN_COVERED = 0.75


def speaking_of(question: str, words: Sequence[str], sentences: Sequence[Evidence]) -> Iterator[Evidence]:
    """The sentences that speak of the things named by `words` of the question, in the order given."""
    analyser = Analyser(question_language(question, ["en"]))
    asked = set(word_strings(without_examples(question)))
    words = [word for word in words if word.casefold() not in REQUEST_WORDS and word in asked]
    things = {analyser.terms_of(word) for word in words}
    numbered = [_whole(word) for word in words if any(c.isdigit() for c in word)]
    if not things:
        return
    around: dict[str, frozenset[str]] = {}
    for sentence in sentences:
        passage = sentence.passage
        if passage.id not in around:
            around[passage.id] = frozenset(analyser.terms(" ".join((*passage.headings, passage.header))))
        said = set(analyser.terms(sentence.quote))
        n_said = sum(any(term in said for term in thing) for thing in things)
        n_covered = sum(any(term in said or term in around[passage.id] for term in thing) for thing in things)
        if n_covered < MIN_COVERED * len(things) or not (n_said or passage.kind == "table"):
            continue
        text = "\n".join((sentence.quote, *passage.headings, passage.header))
        if all(number.search(text) for number in numbered):
            yield sentence


def _whole(word: str) -> re.Pattern[str]:
    """A word that is not part of a longer one or of a longer number."""
    return re.compile(rf"(?<!\w)(?<!\d[.,]){re.escape(word)}(?!\w)(?![.,]\d)", re.IGNORECASE)
