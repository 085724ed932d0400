"""Names for texts that a model has read, so that the beginning of a new text is found among the old ones.

A text is cut into blocks of tokens. The name of a block is a hash of its tokens and of the name before it; the first
name stands for everything else that keys and values depend on. Two texts share names exactly as far as they are equal.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

FORMAT = 1


def fingerprint(parts: Mapping[str, Any]) -> str:
    """A name for what keys and values depend on besides the tokens: weights, configuration, type, way of attending."""
    return hashlib.sha256(json.dumps([FORMAT, parts], sort_keys=True, default=str).encode()).hexdigest()


def block_chain(start: str, tokens: Sequence[int], block: int) -> tuple[str, ...]:
    """The names of the whole blocks of a text, in order."""
    names, name = [], start
    for at in range(0, len(tokens) - block + 1, block):
        words = array("q", tokens[at : at + block]).tobytes()
        name = hashlib.sha256(name.encode() + words).hexdigest()
        names.append(name)
    return tuple(names)


def n_shared(first: Sequence[object], second: Sequence[object]) -> int:
    """How many items two sequences have in common from the beginning on."""
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
