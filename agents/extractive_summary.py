"""A summary by quotation: the sentences that say most of what the documents say, from all of their parts.

A sentence is central when its words are those of the whole (the cosine of its tf-idf vector to the mean of all: Radev
et al. 2004, "Centroid-based summarization of multiple documents"). Sentences are taken one by one, each for what it
adds to those taken (maximal marginal relevance: Carbonell and Goldstein 1998), and each part of the text gets its turn.
Where the request names a subject, its words weigh with the rest. Knows no model.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from docqa.agents.questions import subject_words
from docqa.agents.reasoner import Evidence
from docqa.retrieval.languages import Analyser, question_language

REDUNDANCY = 0.6  # of a sentence's likeness to one already taken, against its worth
N_CONSIDERED = 400  # sentences of the highest worth that are compared with those taken
MIN_WORDS, MAX_WORDS = 6, 45
WORDS_PER_SENTENCE = 25  # of the whole summary: long sentences leave room for fewer

Vector = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A sentence in question: its number in the text, its words' weights (of length 1 together), and its worth."""

    number: int
    n_words: int
    vector: Vector
    worth: float


def central(sentences: Sequence[Evidence], question: str, n: int) -> tuple[Evidence, ...]:
    """At most `n` of the sentences, which come in the order of the text, in that order; fewer where they are long.

    None when the request names a subject of which no sentence says a word.
    """
    weighed = _weighed(sentences, question)
    chosen = _taken(weighed, len(sentences), n)
    return tuple(sentences[number] for number in sorted(chosen))


def _weighed(sentences: Sequence[Evidence], question: str) -> list[_Weighed]:
    analyser = Analyser(question_language(question, ["en"]))
    terms = [analyser.terms(sentence.quote) for sentence in sentences]
    frequency = Counter(term for group in terms for term in set(group))
    named = {term for word in subject_words(question) for term in analyser.terms_of(word)}
    if named and not any(term in frequency for term in named):
        return []
    n_texts = len(sentences) + 1
    rarity = {term: math.log(n_texts / (1 + n)) for term, n in frequency.items()}
    vectors = {
        i: _unit({term: n * rarity[term] for term, n in Counter(group).items()})
        for i, group in enumerate(terms)
        if MIN_WORDS <= len(group) <= MAX_WORDS and _is_prose(sentences[i])
    }
    middle = _unit(_sum(vectors.values()))
    subject = {term for term in named if rarity.get(term, 0.0) > _COMMON}

    def worth(number: int) -> float:
        apt = _aptness(vectors[number], subject, rarity) if subject else _opening(number / n_texts, n_texts)
        return _dot(vectors[number], middle) * _told(sentences[number].quote) * apt

    return [_Weighed(i, len(terms[i]), vector, worth(i)) for i, vector in vectors.items()]


_OPENING = 0.02  # of the text says what it is about
_COMMON = 1.0  # a word in more than every third sentence says nothing of the subject


_ASIDE = re.compile(
    r"\s*(?:\[\d|\(?\d{1,3}[\])]|(?:fig(?:ure)?|table|source|note)s?\b[. ]|doi\b|https?:)", re.IGNORECASE
)


def _is_prose(sentence: Evidence) -> bool:
    """Whether it is a whole sentence of running text: no heading, caption, note or entry of a list of references."""
    quote = sentence.quote.rstrip().rstrip("\"'”’)]")
    return sentence.passage.kind == "text" and quote.endswith((".", "!", "?", "…", "。")) and not _ASIDE.match(quote)


_LEANING = frozenset("this that these those it they he she".split())
_FILLERS = frozenset("uh um mm mhm hmm yeah yep okay ok oh ah er well right so like".split())


def _told(sentence: str) -> float:
    """From 0 to 1: how much of the sentence tells something on its own.

    Fillers of speech tell nothing, a question asks, and what begins with "it" leans on a sentence that is not quoted.
    """
    words = sentence.casefold().split()
    n_empty = sum(word.strip(".,!?;:") in _FILLERS or word.startswith("{") for word in words)
    share = 1 - n_empty / max(1, len(words))
    leans = words[:1] and words[0] in _LEANING
    return share * share * (0.5 if sentence.rstrip().endswith("?") else 0.85 if leans else 1.0)


def _opening(place: float, n_texts: int) -> float:
    """From 2 at the beginning of the text down to 1; `place` runs from 0 to 1."""
    return 1.0 + math.exp(-place / (_OPENING + 3 / n_texts))


def _aptness(vector: Vector, subject: set[str], rarity: Mapping[str, float]) -> float:
    """From a quarter to more than 2 as the sentence speaks of the subject."""
    held = sum(rarity[term] for term in subject if term in vector) / sum(rarity[term] for term in subject)
    return 0.25 + 2 * held


def _taken(weighed: Sequence[_Weighed], n_sentences: int, n: int) -> list[int]:
    """Numbers of the sentences taken: the worthiest that is least like the others, a part's second after its turn."""
    best = sorted(weighed, key=lambda w: -w.worth)[:N_CONSIDERED]
    per_part = Counter[int]()
    taken: list[_Weighed] = []
    n_words = 0
    while best and len(taken) < n and (not taken or n_words < WORDS_PER_SENTENCE * n):
        scores = [
            w.worth * (1 - 0.5 * min(1, per_part[_part(w.number, n_sentences, n)]))
            - REDUNDANCY * w.worth * max((_dot(w.vector, t.vector) for t in taken), default=0.0)
            for w in best
        ]
        chosen = best.pop(scores.index(max(scores)))
        taken.append(chosen)
        n_words += chosen.n_words
        per_part[_part(chosen.number, n_sentences, n)] += 1
    return [w.number for w in taken]


def _part(number: int, n_sentences: int, n_parts: int) -> int:
    return number * n_parts // max(1, n_sentences)


def _sum(vectors: Iterable[Vector]) -> Vector:
    total: dict[str, float] = {}
    for vector in vectors:
        for term, weight in vector.items():
            total[term] = total.get(term, 0.0) + weight
    return total


def _unit(vector: Mapping[str, float]) -> Vector:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {term: weight / length for term, weight in vector.items()} if length else {}


def _dot(one: Vector, other: Vector) -> float:
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)
