"""Files that came in by the page: each under the hash of its bytes, so that a name can lead nowhere and a copy costs
nothing. Knows no format; what is in a file is found out when it is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from docqa.errors import StoreError, UnreadableDocument, UnsafeDocument

FOLDER = "uploads"
MAX_UPLOAD_BYTES = 200_000_000
_BLOCK = 1 << 20
_MAX_NAME_CHARS = 120
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]")


def keep_upload(directory: Path, name: str, file: BinaryIO, max_bytes: int = MAX_UPLOAD_BYTES) -> Path:
    """Store a file and say where: `uploads/<sha256>/<name>`. The same bytes under a new name take that name.

    Raises UnreadableDocument when it is empty, UnsafeDocument beyond `max_bytes`, StoreError when it cannot be written.
    """
    folder = directory / FOLDER
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = folder / _copied(file, draft, name, max_bytes) / safe_name(name)
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        for other in kept.parent.iterdir():
            os.replace(other, kept)
        if kept.exists():
            draft.unlink()
        else:
            os.replace(draft, kept)
    except OSError as error:
        raise StoreError(f"{folder}: the file cannot be kept there: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return kept


def drop_upload(directory: Path, document_id: str) -> None:
    """Delete the stored copy of a document, if it came in by the page."""
    if re.fullmatch(r"[0-9a-f]{64}", document_id):
        shutil.rmtree(directory / FOLDER / document_id, ignore_errors=True)


def drop_uploads_but(directory: Path, document_ids: Collection[str], min_age_s: float = 3600.0) -> int:
    """Delete the stored copies of all other documents; how many there were. A young one may be waiting to be read."""
    folder, now = directory / FOLDER, time.time()
    others = [path for path in folder.iterdir() if path.name not in document_ids] if folder.is_dir() else []
    old = [path.name for path in others if now - path.stat().st_mtime >= min_age_s]
    for name in old:
        drop_upload(directory, name)
    return len(old)


def safe_name(name: str) -> str:
    """A file name that is one on every system and keeps its suffix.

    >>> safe_name("../../etc/passwd"), safe_name("Report <b>2021</b>.pdf"), safe_name("..")
    ('etc_passwd', 'Report _b_2021_b_.pdf', 'document')
    """
    fit = re.sub(r"_{2,}", "_", _UNFIT.sub("_", name).replace("..", "")).strip(" ._")
    stem, dot, suffix = fit.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = fit, "", ""
    return f"{stem[: _MAX_NAME_CHARS - len(suffix) - 1]}{dot}{suffix}" or "document"


def _copied(file: BinaryIO, draft: Path, name: str, max_bytes: int) -> str:
    """Copy the bytes and return their hash."""
    digest, n_bytes = hashlib.sha256(), 0
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        while block := file.read(_BLOCK):
            n_bytes += len(block)
            if n_bytes > max_bytes:
                raise UnsafeDocument(name, f"is larger than the limit of {max_bytes / 1e6:,.0f} MB for an upload")
            digest.update(block)
            kept.write(block)
        kept.flush()
        os.fsync(kept.fileno())
    if not n_bytes:
        raise UnreadableDocument(name, "is empty (0 bytes)")
    return digest.hexdigest()
