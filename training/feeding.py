"""Brings batches to the training: epochs drawn ahead by other processes, tensors sent to the device.

What an epoch holds is a function of the seed and of its number alone, with any number of processes.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

B = TypeVar("B")
Batch = dict[str, Tensor]
LONGEST_WAIT = 1800.0  # seconds for one epoch; a process that was killed gives none


@dataclass(frozen=True, slots=True)
class Task(Generic[B]):
    """What differs between the parts: an epoch's batches from a random source, their tensors, and the losses.

    `check` draws batches from rows that are kept apart: their losses tell when a run learns its rows by heart.
    """

    batches: Callable[[random.Random], Sequence[B]]
    collate: Callable[[B], Batch]
    losses: Callable[[nn.Module, Batch], dict[str, Tensor]]
    check: Callable[[random.Random], Sequence[B]] | None = None


class Feed(Generic[B]):
    """The epochs of a task one after the other; with `n_workers` processes as many epochs are drawn ahead.

    Make it before the device is first used: the processes are forks of this one.
    """

    def __init__(self, task: Task[B], seed: int, n_workers: int = 0) -> None:
        self.task, self._seed, self._n_workers = task, seed, n_workers
        self._ahead: dict[int, Any] = {}
        self._pool = None
        if n_workers:
            self._pool = multiprocessing.get_context("fork").Pool(n_workers, _hold, (task, seed))
            for number in range(n_workers):
                self._ask(number)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, on the processor."""
        if self._pool is None:
            yield from map(self.task.collate, _batches(self.task, self._seed, number))
            return
        for wanted in range(number, number + self._n_workers + 1):
            self._ask(wanted)
        for arrays in self._ahead.pop(number).get(LONGEST_WAIT):
            yield {name: torch.from_numpy(array) for name, array in arrays.items()}

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.terminate()

    def _ask(self, number: int) -> None:
        if self._pool is not None and number not in self._ahead:
            self._ahead[number] = self._pool.apply_async(_drawn, (number,))


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on the device; the copy does not hold up this process."""
    if device.type == "cpu":
        return batch
    return {name: tensor.pin_memory().to(device, non_blocking=True) for name, tensor in batch.items()}


def _batches(task: Task[B], seed: int, number: int) -> Sequence[B]:
    return task.batches(random.Random(f"{seed}/{number}"))


_held: list[tuple[Task[Any], int]] = []


def _hold(task: Task[Any], seed: int) -> None:
    """Begin a process: keep what it draws from."""
    torch.set_num_threads(1)
    _held.append((task, seed))


def _drawn(number: int) -> list[dict[str, Any]]:
    """An epoch as arrays, which are quicker to send between processes than tensors."""
    task, seed = _held[0]
    batches = map(task.collate, _batches(task, seed, number))
    return [{name: tensor.numpy() for name, tensor in batch.items()} for batch in batches]
