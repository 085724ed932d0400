"""The store's account of a document: its row, where its file was seen, and the stamps of what made each stage."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from docqa.retrieval.database import Row
from docqa.retrieval.health import HealthSummary, PageHealth
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.rows import decoded, encoded, health_from


@dataclass(frozen=True, slots=True)
class ReadStamp:
    """What decides the text of a document's pages, besides its bytes.

    `ocr_engines` names the engines that could be used when the pages were read; it is "" where no page wanted one.
    """

    media_type: str
    reader_version: str
    ocr: str
    ocr_languages: tuple[str, ...]
    ocr_engines: str = ""

    @classmethod
    def of(cls, media_type: str, reader_version: str, options: ReadOptions) -> ReadStamp:
        return cls(media_type, reader_version, options.ocr, options.ocr_languages)

    def gives_the_same(self, wanted: ReadStamp, health: HealthSummary) -> bool:
        """Whether reading under `wanted` would give the pages that were read under this stamp, `health` being theirs.

        OCR settings only matter to pages that OCR read or that nothing could read, unless OCR is forced upon all.
        """
        if (self.media_type, self.reader_version) != (wanted.media_type, wanted.reader_version):
            return False
        if "force" not in (self.ocr, wanted.ocr) and health.n_ocr + health.n_unreadable == 0:
            return True
        return (self.ocr, self.ocr_languages) == (wanted.ocr, wanted.ocr_languages)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A row of `documents`. `read_complete` says that all pages are there; times are seconds since 1970.

    `read_stamp` says what read the pages, `passages_stamp` and `index_stamp` what made the later stages, "" while they
    are still to be made.
    """

    id: str
    name: str
    media_type: str
    language: str
    n_bytes: int
    n_pages: int
    encrypted: bool
    read_stamp: ReadStamp
    read_complete: bool
    health: HealthSummary
    passages_stamp: str
    n_passages: int
    index_stamp: str
    added_at: float
    used_at: float


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as it was seen at a path: the document it held, its size, its time of modification."""

    path: Path
    document_id: str
    n_bytes: int
    mtime_ns: int

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still has the size and time under which it was hashed."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.n_bytes, self.mtime_ns)


RECORD_COLUMNS = tuple(field.name for field in fields(DocumentRecord))


def record_row(record: DocumentRecord) -> Row:
    """Values for RECORD_COLUMNS."""
    values = {name: getattr(record, name) for name in RECORD_COLUMNS}
    values["name"] = encoded(record.name)
    values["read_stamp"] = json.dumps(asdict(record.read_stamp))
    values["health"] = json.dumps(asdict(record.health))
    return tuple(values.values())


def record_from(row: Row) -> DocumentRecord:
    """The inverse of `record_row`."""
    values = dict(zip(RECORD_COLUMNS, row, strict=True))
    stamp = json.loads(values["read_stamp"])
    health = json.loads(values["health"])
    values["read_stamp"] = ReadStamp(**{**stamp, "ocr_languages": tuple(stamp["ocr_languages"])})
    values["health"] = HealthSummary(**{**health, "notes": tuple((note, n) for note, n in health["notes"])})
    values["encrypted"], values["read_complete"] = bool(values["encrypted"]), bool(values["read_complete"])
    values["name"] = decoded(values["name"])
    return DocumentRecord(**values)


def file_version_from(row: Row) -> FileVersion:
    path, document_id, n_bytes, mtime_ns = row
    return FileVersion(Path(os.fsdecode(path)), document_id, n_bytes, mtime_ns)


def page_health_from(row: Row) -> PageHealth:
    index, number, label, place, n_chars, health = row
    label = None if label is None else decoded(label)
    return PageHealth(index, number, label, decoded(place), n_chars, health_from(health))
