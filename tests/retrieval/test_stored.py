"""Sequences that read themselves from the store."""

from __future__ import annotations

import pytest

from docqa.errors import StoreError
from docqa.retrieval.stored import StoredSequence


class Numbers:
    """Stands for the store; remembers what was asked of it."""

    def __init__(self, n: int) -> None:
        self.numbers = tuple(range(n))
        self.asked: list[tuple[int, int]] = []

    def load(self, start: int, stop: int) -> tuple[int, ...]:
        self.asked.append((start, stop))
        return self.numbers[start:stop]


def test_it_reads_as_a_tuple_does() -> None:
    numbers = Numbers(100)
    stored = StoredSequence(100, numbers.load)
    plain = numbers.numbers
    assert (len(stored), tuple(stored), list(reversed(stored))) == (100, plain, list(reversed(plain)))
    assert [stored[i] for i in (0, 7, -1, -100)] == [plain[i] for i in (0, 7, -1, -100)]
    for part in (slice(3, 9), slice(None), slice(-4, None), slice(9, 3), slice(10, 2, -3), slice(5, 1000)):
        assert stored[part] == plain[part]
    assert 42 in stored
    assert stored.index(42) == 42


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_outside_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError):
        StoredSequence(3, Numbers(3).load)[index]


def test_one_item_is_read_by_itself_and_once() -> None:
    numbers = Numbers(100)
    stored = StoredSequence(100, numbers.load)
    assert (stored[50], stored[50], stored[-50]) == (50, 50, 50)
    assert numbers.asked == [(50, 51)]


def test_iteration_holds_a_few_items_at_a_time() -> None:
    numbers = Numbers(70)
    items = iter(StoredSequence(70, numbers.load))
    next(items)
    assert numbers.asked == [(0, 32)]
    assert len(list(items)) == 69
    assert numbers.asked == [(0, 32), (32, 64), (64, 70)]


def test_items_that_have_gone_are_a_store_error() -> None:
    numbers = Numbers(5)
    stored = StoredSequence(9, numbers.load)
    assert stored[4] == 4
    with pytest.raises(StoreError, match="open it again"):
        stored[5]
