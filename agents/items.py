"""Which sentences speak of the things that a question asks all of, told by words alone.

A sentence is taken when it holds three quarters of the words that name the things; words of the request itself ("list",
"mentioned in the report") do not count. Headings and the head of a table lend their words to what stands below them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docqa.agents.questions import REQUEST_WORDS
from docqa.agents.reasoner import Evidence
from docqa.retrieval.languages import Analyser, question_language

MIN_COVERED = 0.75


def speaking_of(question: str, words: Sequence[str], sentences: Sequence[Evidence]) -> Iterator[Evidence]:
    """The sentences that speak of the things named by `words` of the question, in the order given."""
    analyser = Analyser(question_language(question, ["en"]))
    things = {analyser.terms_of(word) for word in words if word.casefold() not in REQUEST_WORDS}
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
        if n_covered >= MIN_COVERED * len(things) and (n_said or passage.kind == "table"):
            yield sentence
