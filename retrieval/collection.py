"""Garbage collection of the library: which documents to forget, and what killed processes left in the directory."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from docqa.retrieval.index_folders import IndexFolders
from docqa.retrieval.intake import Intake
from docqa.retrieval.locks import held_if_free
from docqa.retrieval.records import DocumentRecord

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Rules:
    """Which documents to forget: those without their file, unused for longer, beyond so many bytes on the disk."""

    missing: bool = True
    older_than_days: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """The names of the documents forgotten, how many leftovers were cleared, and the bytes that the disk got back."""

    documents: tuple[str, ...]
    n_leftovers: int
    n_bytes_freed: int

    @property
    def n_documents(self) -> int:
        return len(self.documents)


def forget(intake: Intake, document_id: str) -> bool:
    """Drop rows and arrays of a document; False when another process is at work on it."""
    with held_if_free(intake.lock_path(document_id), delete=True) as free:
        if free:
            # Rows first: an index folder without a row is a leftover, a row without its folder would be rebuilt.
            intake.ingest.store.remove(document_id)
            intake.ingest.folders.remove_all_but(document_id, None)
            intake.ingest.dense_folders.remove_all_but(document_id, None)
        return free


def collect(intake: Intake, rules: Rules) -> Collected:
    """Apply the rules, then clear leftovers. A document that a process is at work on stays."""
    store = intake.ingest.store
    directory = intake.locks.parent
    before = disk_bytes(directory)
    gone = [record for record in store.records() if _is_due(intake, record, rules)]
    names = [record.name for record in gone if forget(intake, record.id)]
    n_leftovers = _clear_leftovers(intake)
    store.database.shrink()
    if rules.max_bytes is not None:
        names += _forgotten_for_space(intake, rules.max_bytes)
    return Collected(tuple(names), n_leftovers, max(0, before - disk_bytes(directory)))


def disk_bytes(directory: Path) -> int:
    """What all files under a directory take."""
    total = 0
    for file in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += file.lstat().st_size if file.is_file() else 0
    return total


def _is_due(intake: Intake, record: DocumentRecord, rules: Rules) -> bool:
    age_days = (time.time() - record.used_at) / SECONDS_PER_DAY
    if rules.older_than_days is not None and age_days > rules.older_than_days:
        return True
    return rules.missing and intake.file_of(record.id) is None


def _forgotten_for_space(intake: Intake, max_bytes: int) -> list[str]:
    names = []
    store = intake.ingest.store
    for record in reversed(store.records()):
        if disk_bytes(intake.locks.parent) <= max_bytes:
            break
        if forget(intake, record.id):
            names.append(record.name)
            store.database.shrink()
    return names


def _clear_leftovers(intake: Intake) -> int:
    """Index folders without a document, half-written ones of killed writers, free lock files, damaged databases."""
    n_cleared = _clear_folders(intake, intake.ingest.folders) + _clear_folders(intake, intake.ingest.dense_folders)
    for lock in intake.locks.glob("*.lock"):
        if intake.ingest.store.record(lock.stem) is None:
            with held_if_free(lock, delete=True) as free:
                n_cleared += free
    for damaged in intake.locks.parent.glob("*.damaged-*"):
        damaged.unlink(missing_ok=True)
        n_cleared += 1
    return n_cleared


def _clear_folders(intake: Intake, folders: IndexFolders) -> int:
    n_cleared = 0
    for document_id in list(folders.documents()):
        with held_if_free(intake.lock_path(document_id)) as free:
            if free and intake.ingest.store.record(document_id) is None:
                n_cleared += folders.remove_all_but(document_id, None)
            elif free:
                n_cleared += folders.remove_temporaries(document_id)
    return n_cleared
