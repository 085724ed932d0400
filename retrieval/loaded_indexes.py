"""The lexical indexes that this process has loaded, kept for the next search: a question searches more than once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from docqa.retrieval.lexical import LexicalIndex


@dataclass(slots=True)
class LoadedIndexes:
    """Indexes by their folder, whose name holds the stamp of what is in it; the longest unused go first.

    The arrays lie in the page cache of the system; what costs memory is the vocabularies, together `max_terms` at most
    (about 150 bytes a term). One index alone may exceed that. Threads may share it.
    """

    max_terms: int = 1_000_000
    _indexes: OrderedDict[Path, LexicalIndex] = field(default_factory=OrderedDict)
    _n_terms: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, folder: Path) -> LexicalIndex:
        """The index in a folder. Raises as `LexicalIndex.load` does."""
        with self._lock:
            known = self._indexes.get(folder)
            if known is not None:
                self._indexes.move_to_end(folder)
                return known
        index = LexicalIndex.load(folder)
        with self._lock:
            self._drop(folder)  # another thread may have been faster
            self._indexes[folder] = index
            self._n_terms += len(index.vocabulary)
            while self._n_terms > self.max_terms and len(self._indexes) > 1:
                self._drop(next(iter(self._indexes)))
        return index

    def _drop(self, folder: Path) -> None:
        index = self._indexes.pop(folder, None)
        if index is not None:
            self._n_terms -= len(index.vocabulary)
