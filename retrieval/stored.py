"""Pages and passages as sequences that read themselves from the store, so that memory holds the few in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar, overload

from docqa.errors import StoreError

T = TypeVar("T")

N_REMEMBERED = 64
N_AT_ONCE = 32


class StoredSequence(Sequence[T]):
    """A sequence of known length whose items come from `load(start, stop)`, a half-open range.

    A single item is read by itself and the last 64 are remembered; iteration reads 32 at a time. Raises StoreError when
    an item has gone since.
    """

    def __init__(self, n_items: int, load: Callable[[int, int], tuple[T, ...]]) -> None:
        self._n_items, self._load = n_items, load
        self._item = lru_cache(maxsize=N_REMEMBERED)(lambda index: self._range(index, index + 1)[0])

    def __len__(self) -> int:
        return self._n_items

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            wanted = range(self._n_items)[index]
            return self._range(wanted.start, wanted.stop) if wanted.step == 1 else tuple(self[i] for i in wanted)
        if not -self._n_items <= index < self._n_items:
            raise IndexError(f"index {index} of a sequence of {self._n_items}")
        return self._item(index % self._n_items)

    def __iter__(self) -> Iterator[T]:
        for start in range(0, self._n_items, N_AT_ONCE):
            yield from self._range(start, min(start + N_AT_ONCE, self._n_items))

    def __repr__(self) -> str:
        return f"<{self._n_items} stored items>"

    def _range(self, start: int, stop: int) -> tuple[T, ...]:
        items = self._load(start, stop) if stop > start else ()
        if len(items) != max(0, stop - start):
            raise StoreError(
                "a document has been removed from the library or read anew since it was opened; open it again"
            )
        return items
