"""What can be known of a question before it is answered: from its words for free, from one search in milliseconds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docqa.agents.corpus import Corpus
from docqa.agents.questions import kind_of
from docqa.agents.reasoner import QuestionKind
from docqa.documents import Document
from docqa.retrieval.languages import detect_language
from docqa.retrieval.retriever import Hit

_CHARS_PER_TOKEN = 3.6  # numbered lines of English under o200k_base; other scripts cost more
_K = 10
_MASS = 0.8


@dataclass(frozen=True, slots=True)
class Features:
    """A question and its documents in numbers.

    `n_tokens` estimates all of the documents as a model would read them. Of the passages that a search finds: `gap` is
    how far the fifth falls behind the first, as a share (0: all alike, 1: the first stands alone); `entropy` of the ten
    best scores, from 0 (one passage) to 1 (all alike); `spread` the number of parts of the documents that hold 80 % of
    their score; `tail` the mean score of ranks 11 to 20 as a share of the first, high when much of the text bears on
    the question. `coverage` and `document_coverage` are shares of the question's weight in words, in the best passage
    and anywhere. `foreign` says that the question is in a language that none of the documents is in.
    """

    kind: QuestionKind
    n_documents: int
    n_tokens: int
    coverage: float
    document_coverage: float
    gap: float
    entropy: float
    spread: int
    tail: float
    foreign: bool = False


CountChars = Callable[[Document], int]
DocumentTokens = Callable[[Sequence[Document]], int]
"""From documents to the tokens that all of them have for whoever is to read them."""


def chars_of_pages(document: Document) -> int:
    """How many characters of text a document has, counted page by page."""
    return sum(len(page.text) for page in document.pages)


def tokens_by_chars(documents: Sequence[Document], n_chars: CountChars = chars_of_pages) -> int:
    """About how many tokens documents have where no model says so; `n_chars` gives the length of one."""
    return round(sum(n_chars(document) for document in documents) / _CHARS_PER_TOKEN)


def measure(
    question: str, documents: Sequence[Document], corpus: Corpus, n_tokens: DocumentTokens = tokens_by_chars
) -> Features:
    """Look at the question and at one search for it; `n_tokens` gives the length of the documents."""
    retrieval = corpus.search(documents, question, 2 * _K)
    scores = [max(0.0, hit.score) for hit in retrieval.hits]
    best = max(scores, default=0.0)
    return Features(
        kind=kind_of(question),
        n_documents=len(documents),
        n_tokens=n_tokens(documents),
        coverage=retrieval.evidence.coverage,
        document_coverage=retrieval.evidence.document_coverage,
        gap=(best - _at(scores, 4)) / best if best else 0.0,
        entropy=_entropy(scores[:_K]),
        spread=_spread(retrieval.hits[:_K]),
        tail=sum(scores[_K:]) / _K / best if best else 0.0,
        foreign=is_foreign(question, [document.language for document in documents]),
    )


def is_foreign(question: str, languages: Sequence[str]) -> bool:
    """Whether a question is in none of these languages ("" is unknown), told by its script and its function words."""
    asked = detect_language([question])
    return bool(asked) and all(language not in ("", asked) for language in languages)


def _at(scores: Sequence[float], rank: int) -> float:
    return scores[rank] if rank < len(scores) else 0.0


def _entropy(scores: Sequence[float]) -> float:
    """Of the scores as shares, divided by that of as many equal ones."""
    total = sum(scores)
    shares = [score / total for score in scores if score > 0] if total else []
    return -sum(share * math.log(share) for share in shares) / math.log(len(scores)) if len(shares) > 1 else 0.0


def _spread(hits: Sequence[Hit]) -> int:
    """How many pages, slides or sections, the heaviest first, hold most of the score."""
    by_part: defaultdict[tuple[str, int], float] = defaultdict(float)
    for hit in hits:
        by_part[hit.passage.document_id, hit.passage.page] += max(0.0, hit.score)
    needed, n = _MASS * sum(by_part.values()), 0
    for score in sorted(by_part.values(), reverse=True):
        if needed <= 0:
            break
        needed -= score
        n += 1
    return n
