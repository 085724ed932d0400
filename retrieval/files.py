"""The user's files: which bytes a path holds, by their SHA-256; reads no format."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from docqa.errors import UnreadableDocument, UnsafeDocument
from docqa.retrieval.records import FileVersion


def file_version(path: Path, max_bytes: int) -> FileVersion:
    """Hash a file; the path is made absolute and its links are followed but kept.

    Raises UnreadableDocument when there is nothing to read, UnsafeDocument above `max_bytes`. Devices and pipes are
    refused before they are opened: reading one may never end.
    """
    path = Path(os.path.abspath(path))
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableDocument(path, "is a directory; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableDocument(path, "is not a regular file")
        if status.st_size > max_bytes:
            raise UnsafeDocument(path, f"has {status.st_size:,} bytes, more than the limit of {max_bytes:,}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableDocument(path, _cause(error)) from error
    except ValueError as error:  # a null character
        raise UnreadableDocument(path, f"is no possible name: {error}") from error
    return FileVersion(path, digest, status.st_size, status.st_mtime_ns)


def _cause(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "does not exist"
    if isinstance(error, PermissionError):
        return "may not be read: permission denied"
    return f"cannot be read: {error.strerror or error}"
