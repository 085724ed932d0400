"""A child process as its parent sees it: requests go in, replies come back in order, and waiting has a limit."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from typing import IO, cast

from docqa.retrieval.readers.pdf.frames import Frame, Json, read_frame, write_frame

_BOOT = "import sys,json,runpy;sys.path[:]=json.loads(sys.argv[1]);runpy.run_module(sys.argv[2],run_name='__main__')"
_PATIENCE_S = 2.0


class ChildFailed(Exception):
    """The child died or said nothing in time; it is gone, and a new one must be started."""


class ChildDied(ChildFailed):
    """The child crashed, ran out of memory or was killed."""


class Child:
    """A running child. It is ended by `close`, when this object is collected, and at the exit of the program.

    Not for several threads at once.
    """

    def __init__(self, module: str) -> None:
        path = json.dumps([os.path.abspath(entry) for entry in sys.path])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, path, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._replies: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        stdout = cast("IO[bytes]", self._process.stdout)
        reader = threading.Thread(
            target=_receive, args=(stdout, self._replies), name=f"replies of {module}", daemon=True
        )
        reader.start()
        self.close = weakref.finalize(self, _end, self._process, reader)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def send(self, body: Json) -> None:
        """Send a request; a child that is gone is noticed by `receive`."""
        try:
            write_frame(cast("IO[bytes]", self._process.stdin), Frame(body))
        except (BrokenPipeError, ValueError, OSError):
            self._replies.put(None)

    def receive(self, limit_s: float) -> Frame:
        """Return the next reply. Raises ChildFailed, having ended the child, when it dies or takes too long."""
        try:
            frame = self._replies.get(timeout=limit_s)
        except queue.Empty:
            self.close()
            raise ChildFailed(f"took longer than {limit_s:g} s") from None
        if frame is None:
            self.close()
            raise ChildDied("crashed")
        return frame

    def n_arrived(self) -> int:
        """Return how many replies wait to be received."""
        return self._replies.qsize()


def _receive(stream: IO[bytes], replies: queue.SimpleQueue[Frame | None]) -> None:
    with stream:
        while True:
            try:
                frame = read_frame(stream)
            except (OSError, ValueError):  # killed in the middle of a reply
                frame = None
            replies.put(frame)
            if frame is None:
                return


def _end(process: subprocess.Popen[bytes], reader: threading.Thread) -> None:
    """Kill the child, whatever it is doing, and leave neither a zombie nor an open pipe."""
    process.kill()
    process.wait()
    with contextlib.suppress(OSError):  # there may be bytes that the dead child never read
        cast("IO[bytes]", process.stdin).close()
    reader.join(_PATIENCE_S)
