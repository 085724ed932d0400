"""Advisory locks between processes and threads, on files; knows nothing of what they protect.

The operating system drops such a lock when its owner ends, however it ends, so a dead owner never blocks anybody.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from docqa.errors import StoreError

POLL_INTERVAL_S = 0.05

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class LockTimeout(StoreError):
    """Somebody else held the lock for the whole time and showed no sign of progress."""


@contextlib.contextmanager
def held(path: Path, timeout_s: float, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the lock at `path` for the length of a with block.

    While another holds it, `on_wait` is called about 20 times a second; whenever what it returns changes, the owner is
    at work and the time limit starts anew. Raises LockTimeout, or StoreError where locks cannot be had at all.
    """
    descriptor = _acquire(path)
    sign, deadline = None, time.monotonic() + timeout_s
    while descriptor is None:
        if on_wait is not None and (news := on_wait()) != sign:
            sign, deadline = news, time.monotonic() + timeout_s
        if time.monotonic() >= deadline:
            raise LockTimeout(f"{path}: another process has held this lock for {timeout_s:.0f} s without progress")
        time.sleep(POLL_INTERVAL_S)
        descriptor = _acquire(path)
    try:
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_if_free(path: Path, *, delete: bool = False) -> Iterator[bool]:
    """Yield whether the lock at `path` could be had at once; with `delete` its file is gone afterwards."""
    descriptor = _acquire(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            _drop(descriptor, path, delete)


def _acquire(path: Path) -> int | None:
    """Return the descriptor that holds the lock, None while another holds it."""
    try:
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _try_lock(descriptor):
                os.close(descriptor)
                return None
            if _is_still(descriptor, path):
                return descriptor
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path}: cannot be locked ({error.strerror}); choose another cache directory") from error


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the locked file is the one that others find: it may have been deleted between open and lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _drop(descriptor: int, path: Path, delete: bool) -> None:
    # Deleted while held, so that whoever waits on this file sees that it is not the one at the path any more.
    if delete:
        with contextlib.suppress(OSError):
            path.unlink()
    os.close(descriptor)
