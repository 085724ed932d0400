"""Waiting for a call without being bound to it: it runs on a thread of its own, and whoever waits may leave.

A model that works in this process asks `is_abandoned` now and then and ends early; a server goes on by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.05
_ENDING_S = 5.0  # for a call that looks whether it is still wanted


@dataclass(slots=True)
class _Waiter:
    """Who waits for a call; `looks` once the call has asked for them."""

    left: threading.Event = field(default_factory=threading.Event)
    looks: bool = False


_here = threading.local()


def is_abandoned() -> bool:
    """Whether nobody waits any more for the call that runs on this thread."""
    waiter: _Waiter | None = getattr(_here, "waiter", None)
    if waiter is None:
        return False
    waiter.looks = True
    return waiter.left.is_set()


def awaited(call: Callable[[], T], leave: Callable[[], None]) -> T:
    """What `call` returns or raises. `leave` is asked again and again meanwhile; once it raises, that is raised here.

    A call that looks is given a moment to end then; any other goes on to its end, unheard. Its thread keeps no process
    alive.
    """
    future: Future[T] = Future()
    waiter = _Waiter()

    def work() -> None:
        _here.waiter = waiter
        try:
            future.set_result(call())
        except BaseException as error:  # it is raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=work, name="docqa-call", daemon=True).start()
    try:
        while not wait([future], _POLL_S).done:
            leave()
    except BaseException:
        waiter.left.set()
        if waiter.looks:
            wait([future], _ENDING_S)
        raise
    return future.result()
