"""The order in which retrieved passages are shown to a model.

Long prompts are read best at their two ends. `edges` puts the best passages there (ranks 1, 3, 5, …, 6, 4, 2: Jin et
al. 2024, arXiv:2410.05983, section 5.1); `document` keeps the order of the text (Yu et al. 2024, arXiv:2409.01666);
`best_last` puts the best next to the question (Yue et al. 2024, arXiv:2410.04343).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from docqa.errors import UsageError
from docqa.retrieval.retriever import Hit

PassageOrder = Literal["rank", "edges", "document", "best_last"]


def _edges(hits: Sequence[Hit]) -> list[Hit]:
    return [*hits[::2], *reversed(hits[1::2])]


def _in_document(hits: Sequence[Hit]) -> list[Hit]:
    """Documents in the order of their best passages, each from its beginning."""
    rank = {document_id: n for n, document_id in enumerate(dict.fromkeys(hit.passage.document_id for hit in hits))}
    return sorted(hits, key=lambda hit: (rank[hit.passage.document_id], hit.passage.page, hit.passage.start_char))


ORDERS: Mapping[PassageOrder, Callable[[Sequence[Hit]], list[Hit]]] = {
    "rank": list,
    "edges": _edges,
    "document": _in_document,
    "best_last": lambda hits: list(reversed(hits)),
}


def passage_order(name: str) -> PassageOrder:
    """The order of that name. Raises UsageError for one that is not known."""
    for order in ORDERS:
        if order == name:
            return order
    raise UsageError(f"unknown order of passages {name!r}; known: {', '.join(ORDERS)}")
