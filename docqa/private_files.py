"""Files that only their owner may read: databases hold questions and quotes of documents."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

_CREATING = threading.Lock()


def create_private(path: Path) -> None:
    """Create an empty file for the owner only, unless there is a file; one that is there is not even opened.

    To close any descriptor of a file gives up all locks that the process holds on it (POSIX), so those of a database
    that another thread has open: another process would then take itself for the last and remove the write-ahead
    log ("How To Corrupt An SQLite Database File", 2.2). Raises OSError.
    """
    with _CREATING, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
