"""Folders of array files, one for each document and stamp, that are either whole or not there.

`indexes/<first two digits>/<sha256>/<stamp's hash>/`. A folder is filled under a temporary name, with a list of its
files' sizes, and then renamed; writers hold the document's lock, readers need none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from docqa.errors import StoreError

CONTENTS = "contents.json"
_TEMPORARY = ".temporary-"


class IndexFolders:
    """Finds, writes and removes such folders under `root`. Raises StoreError when the disk refuses."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, document_id: str, stamp: str) -> Path | None:
        """The folder written under this stamp, None when there is none or a file in it lost bytes."""
        folder = self._of(document_id) / _short(stamp)
        try:
            contents = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
            whole = contents["stamp"] == stamp and contents["sizes"] == _sizes(folder)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return folder if whole else None

    def write(self, document_id: str, stamp: str, save: Callable[[Path], object]) -> Path:
        """Let `save` fill a fresh folder and put it in place of every other one of this document."""
        parent = self._of(document_id)
        folder = parent / _short(stamp)
        with _disk_errors(parent):
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
            temporary.mkdir(mode=0o700)
            try:
                save(temporary)
                contents = {"stamp": stamp, "sizes": _sizes(temporary)}
                (temporary / CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
                _flush(temporary)
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        self.remove_all_but(document_id, stamp)
        return folder

    def remove_all_but(self, document_id: str, stamp: str | None) -> int:
        """Drop a document's folders and the leftovers of killed writers, but the one under `stamp`; return how many."""
        parent = self._of(document_id)
        keep = None if stamp is None else _short(stamp)
        n_removed = 0
        with _disk_errors(parent), contextlib.suppress(FileNotFoundError):
            for entry in [entry for entry in parent.iterdir() if entry.name != keep]:
                shutil.rmtree(entry)
                n_removed += 1
            if keep is None:
                parent.rmdir()
        return n_removed

    def remove_temporaries(self, document_id: str) -> int:
        """Drop the leftovers of killed writers; return how many."""
        leftovers = list(self._of(document_id).glob(f"{_TEMPORARY}*"))
        with _disk_errors(self._of(document_id)):
            for leftover in leftovers:
                shutil.rmtree(leftover)
        return len(leftovers)

    def documents(self) -> Iterator[str]:
        """The ids of all documents that have a folder."""
        return (parent.name for parent in sorted(self.root.glob("??/*")))

    def _of(self, document_id: str) -> Path:
        return self.root / document_id[:2] / document_id


def _short(stamp: str) -> str:
    return hashlib.sha256(stamp.encode()).hexdigest()[:16]


def _sizes(folder: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_size for entry in os.scandir(folder) if entry.name != CONTENTS}


def _flush(folder: Path) -> None:
    """Have the bytes on the disk before the name: after a power cut the folder is then whole or missing."""
    for entry in os.scandir(folder):
        descriptor = os.open(entry.path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _disk_errors(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{where}: {error.strerror or error}; free some space or choose another cache directory"
        ) from error
