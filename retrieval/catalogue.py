"""What the library holds, as a list for a person, and which document a person means by a name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from docqa.errors import UsageError
from docqa.retrieval.health import HealthSummary, PageHealth
from docqa.retrieval.ingest import display_name
from docqa.retrieval.records import DocumentRecord
from docqa.retrieval.store import Store

MIN_PREFIX_DIGITS = 4
N_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A document of the library. `complete` is False while its ingest is unfinished; times are seconds since 1970.

    `paths` are where its file was seen, the last place first.
    """

    id: str
    name: str
    media_type: str
    language: str
    n_pages: int
    n_bytes: int
    health: HealthSummary
    encrypted: bool
    complete: bool
    added_at: float
    used_at: float
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How well a document could be read, as a whole and page by page."""

    document_id: str
    name: str
    summary: HealthSummary
    pages: tuple[PageHealth, ...]


def entry(store: Store, record: DocumentRecord) -> LibraryEntry:
    """The list's line about a document, called as a file that is still there: the last may be gone."""
    paths = tuple(seen.path for seen in store.paths(record.id))
    return LibraryEntry(
        id=record.id,
        name=next((display_name(path) for path in paths if os.path.exists(path)), record.name),
        media_type=record.media_type,
        language=record.language,
        n_pages=record.n_pages,
        n_bytes=record.n_bytes,
        health=record.health,
        encrypted=record.encrypted,
        complete=record.read_complete,
        added_at=record.added_at,
        used_at=record.used_at,
        paths=paths,
    )


def find_record(store: Store, name: str) -> DocumentRecord:
    """The document that is meant by a path where it was seen, by a file name, or by the first digits of its id.

    Raises UsageError, naming the candidates when there are several.
    """
    entries = [entry(store, record) for record in store.records()]
    path = Path(os.path.abspath(name))
    for found in (
        [known for known in entries if path in known.paths],
        [known for known in entries if name.casefold() in _names(known)],
        [known for known in entries if known.id.startswith(name.lower())] if _is_prefix(name) else [],
    ):
        if len(found) == 1:
            record = store.record(found[0].id)
            if record is not None:
                return record
        if found:
            shown = ", ".join(f"{known.id[:12]} ({known.name})" for known in found[:N_SHOWN])
            raise UsageError(f"{name!r} may mean {len(found)} documents: {shown}; give the first digits of one")
    known = ", ".join(known.name for known in entries[:N_SHOWN]) or "none yet"
    raise UsageError(f"no document {name!r} in the library (it has: {known}); add the file, or see `docqa list`")


def _names(known: LibraryEntry) -> set[str]:
    names = {known.name, *(path.name for path in known.paths)}
    return {text.casefold() for name in names for text in (name, Path(name).stem)}


def _is_prefix(name: str) -> bool:
    return re.fullmatch(rf"[0-9a-fA-F]{{{MIN_PREFIX_DIGITS},64}}", name) is not None
