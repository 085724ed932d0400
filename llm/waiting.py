"""Waiting for a call without being bound to it: it runs on a thread of its own, and whoever waits may leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.05


def awaited(call: Callable[[], T], leave: Callable[[], None]) -> T:
    """What `call` returns or raises. `leave` is asked again and again meanwhile; once it raises, that is raised here.

    The call itself goes on to its end then, unheard. Its thread keeps no process alive.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # it is raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=work, name="docqa-call", daemon=True).start()
    while not wait([future], _POLL_S).done:
        leave()
    return future.result()
