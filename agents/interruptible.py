"""Events of work that goes on by itself, read where somebody may leave at any moment: Ctrl-C, or a closed stream.

LangGraph waits for the step that is running before it lets anything through; who reads its events here does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.1  # where a waiting thread cannot be interrupted (Windows), it looks up that often
_LEAVE_S = 5.0


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing follows; `error` is what ended it, if anything."""

    error: BaseException | None = None


def interruptible(items: Callable[[], Iterator[T]], abandon: Callable[[], None]) -> Iterator[T]:
    """The items, made on a thread of its own. When they are not read to their end, `abandon` is called.

    Then the work is given a few seconds to end; it keeps no process alive if it does not.
    """
    made: SimpleQueue[T | _End] = SimpleQueue()

    def work() -> None:
        try:
            for item in items():
                made.put(item)
        except BaseException as error:  # it is raised where the items are read
            made.put(_End(error))
        else:
            made.put(_End())

    thread = threading.Thread(target=work, name="docqa-run", daemon=True)
    thread.start()
    is_over = False
    try:
        while True:
            item = _next(made)
            if isinstance(item, _End):
                is_over = True
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        if not is_over:
            abandon()
        thread.join(_LEAVE_S)


def _next(made: SimpleQueue[T]) -> T:
    while True:
        try:
            return made.get(timeout=_POLL_S)
        except Empty:
            continue
