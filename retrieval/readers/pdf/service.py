"""The loop of a child process: one request in, one reply out, until the parent closes the pipe.

A child that hangs after its parent has died ends itself by a timer; one that wants too much memory is refused it.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import IO

from docqa.retrieval.readers.pdf.frames import Frame, Json, read_frame, write_frame

Handler = Callable[[Json], Frame]

MAX_MEMORY_BYTES = 3 * 1024**3
_SPARE_S = 2


class Refusal(Exception):
    """A request that has no answer, with a word for the parent and a sentence for the user."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def serve(handlers: Mapping[str, Handler]) -> None:
    """Answer requests by their "do" until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the pipe
    _limit_memory()
    gc.freeze()  # what is loaded now stays; pages make many small objects and no cycles
    gc.set_threshold(100_000)
    replies = _private_stdout()
    while (request := read_frame(sys.stdin.buffer)) is not None:
        _arm(request.body)
        reply = _answer(handlers, request.body)
        _disarm()
        write_frame(replies, reply)


def _answer(handlers: Mapping[str, Handler], body: Json) -> Frame:
    try:
        return handlers[str(body["do"])](body)
    except Refusal as refusal:
        return Frame({"refused": refusal.kind, "message": refusal.message})
    except MemoryError:
        return Frame({"refused": "page", "message": "it needs too much memory"})
    except Exception as error:  # a fault of a parser must cost one page and reach the parent in words
        return Frame({"refused": "page", "message": f"{type(error).__name__}: {error}"[:300]})


def _private_stdout() -> IO[bytes]:
    """Keep the pipe for replies and send whatever a library prints to nowhere."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return replies


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    for kind, most in ((resource.RLIMIT_AS, MAX_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (limit, hard))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def _arm(body: Json) -> None:
    limit = body.get("limit_s")
    seconds = (float(limit) if isinstance(limit, int | float) else 60.0) * 2 + _SPARE_S
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nobody handles SIGALRM, so it ends the process
    else:
        faulthandler.dump_traceback_later(seconds, exit=True)


def _disarm() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    else:
        faulthandler.cancel_dump_traceback_later()
