"""In which order the workers of a chain read the parts: what a bounded memory keeps depends on it.

`chow_liu` is that of Gupta et al. 2026 (arXiv:2603.09835): the maximum spanning tree over the likeness of the parts
(Chow and Liu 1968), from the part most like the question outwards, breadth first, so that a part is read soon after the
one it has most to do with. Parts that hang on the same one come by their likeness to it. `shuffled` is one of the
permutations of Zhang et al. 2024 (arXiv:2406.02818, section 5.6). `bidirectional` is two chains for one manager.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from docqa.errors import UsageError
from docqa.retrieval.likeness import Likeness
from docqa.retrieval.retriever import Retrieval

ReadingOrder = Literal["document", "reversed", "bidirectional", "chow_liu", "shuffled"]
Parts = Sequence[Retrieval]


def reading_orders(names: str) -> tuple[ReadingOrder, ...]:
    """Orders by their names with commas in between. Raises UsageError for one that is not known."""
    known = get_args(ReadingOrder)
    found = tuple(name.strip() for name in names.split(","))
    for name in found:
        if name not in known:
            raise UsageError(f"unknown order of reading {name!r}; known: {', '.join(known)}; several with commas")
    return cast(tuple[ReadingOrder, ...], found)


def passes(order: ReadingOrder, parts: Parts, question: str, likeness: Likeness, seed: int = 0) -> list[Parts]:
    """The parts as each chain of a path reads them; `seed` tells one `shuffled` from another."""
    forwards, backwards = list(parts), list(reversed(parts))
    if order == "bidirectional":
        return [forwards, backwards]
    if order == "reversed":
        return [backwards]
    if order == "chow_liu":
        vectors = likeness(question, [[hit.passage for hit in part.hits] for part in parts])
        return [[parts[number] for number in chow_liu(vectors[1:] @ vectors[1:].T, vectors[1:] @ vectors[0])]]
    if order == "shuffled":
        random.Random(seed).shuffle(forwards)
    return [forwards]


def chow_liu(likeness: NDArray[np.float32], relevance: NDArray[np.float32]) -> list[int]:
    """The numbers 0 to n - 1 of the parts in the order of reading.

    `likeness` (n, n) is that of the parts to each other, `relevance` (n,) that to the question. Of equals the first in
    the document is taken.
    """
    if not len(relevance):
        return []
    root = int(np.argmax(relevance))
    children = _spanning_tree(likeness, root)
    order, waiting = [], deque([root])
    while waiting:
        part = waiting.popleft()
        order.append(part)
        waiting.extend(sorted(children[part], key=lambda child: (-likeness[part, child], child)))
    return order


def _spanning_tree(likeness: NDArray[np.float32], root: int) -> list[list[int]]:
    """The children of each part in the maximum spanning tree, grown from the root (Prim 1957)."""
    n_parts = len(likeness)
    children: list[list[int]] = [[] for _ in range(n_parts)]
    outside = np.ones(n_parts, bool)
    outside[root] = False
    parent, best = np.full(n_parts, root), likeness[root].copy()
    for _ in range(n_parts - 1):
        nearest = int(np.argmax(np.where(outside, best, -np.inf)))
        children[parent[nearest]].append(nearest)
        outside[nearest] = False
        closer = outside & (likeness[nearest] > best)
        parent[closer], best[closer] = nearest, likeness[nearest][closer]
    return children
