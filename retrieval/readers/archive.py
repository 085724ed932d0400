"""Safe reading of the ZIP containers of office files and books; knows no file format inside them.

Nothing is ever extracted to disk, so names with `..` or a leading slash are only names. What an entry claims about
its size is not believed: every byte is counted while it is decompressed, for the entry and for the whole container.
"""

from __future__ import annotations

import os
import posixpath
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from docqa.errors import PasswordRequired, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers.base import Limits

# Below this size a high ratio is harmless: a sheet of empty cells shrinks to almost nothing.
_RATIO_FLOOR_BYTES = 16 * 1024**2
# A directory entry of an honest office file takes about 100 bytes.
_MAX_DIRECTORY_BYTES_PER_ENTRY = 256
# What zipfile raises for damaged containers, found by mutating real files: OSError for offsets before the file's start.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, struct.error, OverflowError, OSError,
)  # fmt: skip
_SLICE_BYTES = 1024**2
_END_RECORD = struct.Struct("<4s4H2LH")
_END_RECORD_64 = struct.Struct("<4sQ2H2L4Q")


class Archive:
    """A ZIP container opened for reading within `limits`; a context manager.

    Raises `UnreadableDocument` for damage, `PasswordRequired` for encrypted entries, `UnsafeDocument` beyond limits.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._limits = limits
        self._n_bytes = 0
        self._n_file_bytes = _check_directory(path, limits)
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise UnreadableDocument(path, f"is damaged or truncated: not a whole ZIP container ({error})") from error
        infos = self._zip.infolist()
        if len(infos) > limits.max_entries:
            self._zip.close()
            raise _too_many_entries(path, len(infos), limits)
        self._infos = {_key(info.filename): info for info in infos}

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._infos

    def names(self) -> list[str]:
        """The names of all entries as the container spells them."""
        return [info.filename for info in self._infos.values()]

    def open(self, name: str) -> Entry:
        """Open one entry as a stream of bytes; a name that is not there is damage."""
        info = self._infos.get(_key(name))
        if info is None:
            raise UnreadableDocument(self.path, f"is damaged: its part {name} is missing")
        if info.flag_bits & 0x1:
            raise PasswordRequired(self.path, "its parts are encrypted; save it without a password and try again")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableDocument(self.path, f"packs its part {name} by a method that is not used in such files")
        # An entry never yields more than it claims, so a bomb that says so is refused before its first byte; one that
        # claims less is cut off there and fails its checksum.
        self._check_ratio(info, info.file_size)
        try:
            stream = self._zip.open(info)
        except _DAMAGE as error:
            raise UnreadableDocument(self.path, f"is damaged: its part {name} cannot be unpacked ({error})") from error
        return Entry(self, info, stream)

    def read(self, name: str) -> bytes:
        """All bytes of one entry."""
        with self.open(name) as entry:
            return entry.read()

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def count(self, info: zipfile.ZipInfo, n_entry_bytes: int, n_new_bytes: int) -> None:
        """Account for bytes that came out of an entry, and refuse the file when it has become too much."""
        limits = self._limits
        self._n_bytes += n_new_bytes
        if n_entry_bytes > limits.max_entry_bytes or self._n_bytes > limits.max_total_bytes:
            raise UnsafeDocument(
                self.path, f"unpacks to more than the {_mebibytes(limits, n_entry_bytes)} MiB that docqa allows"
            )
        self._check_ratio(info, n_entry_bytes)

    def _check_ratio(self, info: zipfile.ZipInfo, n_bytes: int) -> None:
        packed = max(1, min(info.compress_size, self._n_file_bytes))
        if n_bytes > _RATIO_FLOOR_BYTES and n_bytes > self._limits.max_ratio * packed:
            cause = f"looks like a zip bomb: {info.filename} unpacks to over {self._limits.max_ratio:g} times its size"
            raise UnsafeDocument(self.path, cause)


class Entry:
    """One entry of an archive, read as a stream; every byte is counted. A context manager."""

    def __init__(self, archive: Archive, info: zipfile.ZipInfo, stream: IO[bytes]) -> None:
        self._archive = archive
        self._info = info
        self._stream = stream
        self._n_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, all of the rest when it is negative; b"" at the end."""
        parts: list[bytes] = []
        left = size if size >= 0 else sys.maxsize
        # In slices, so that a bomb is noticed after a mebibyte and not after one huge read.
        while left and (data := self._slice(min(left, _SLICE_BYTES))):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _slice(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except _DAMAGE as error:
            cause = f"is damaged: its part {self._info.filename} cannot be unpacked ({error})"
            raise UnreadableDocument(self._archive.path, cause) from error
        self._n_bytes += len(data)
        self._archive.count(self._info, self._n_bytes, len(data))
        return data


def resolved(base: str, target: str) -> str:
    """The name of the entry that `target`, a relative reference in the entry `base`, means.

    >>> resolved("ppt/slides/slide1.xml", "../media/a.png"), resolved("word/document.xml", "/word/styles.xml")
    ('ppt/media/a.png', 'word/styles.xml')
    """
    joined = posixpath.join("/", posixpath.dirname(base), target)
    return posixpath.normpath(joined).lstrip("/")


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _mebibytes(limits: Limits, n_entry_bytes: int) -> int:
    limit = limits.max_entry_bytes if n_entry_bytes > limits.max_entry_bytes else limits.max_total_bytes
    return limit // 1024**2


def _too_many_entries(path: Path, n_entries: int, limits: Limits) -> UnsafeDocument:
    return UnsafeDocument(path, f"holds {n_entries:,} files; docqa opens at most {limits.max_entries:,}")


def _check_directory(path: Path, limits: Limits) -> int:
    """Refuse a huge directory before zipfile makes an object of each of its entries; return the size of the file."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - 65_557)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END_RECORD.size:
            raise UnreadableDocument(path, "is damaged or truncated: the end of its ZIP container is missing")
        *_, n_entries, n_bytes, _, _ = _END_RECORD.unpack_from(tail, at)
        at_64 = tail.rfind(b"PK\x06\x06", 0, at)
        if 0 <= at_64 <= at - _END_RECORD_64.size:
            *_, n_entries, n_bytes, _ = _END_RECORD_64.unpack_from(tail, at_64)
    if n_entries > limits.max_entries or n_bytes > limits.max_entries * _MAX_DIRECTORY_BYTES_PER_ENTRY:
        raise _too_many_entries(path, max(n_entries, n_bytes // _MAX_DIRECTORY_BYTES_PER_ENTRY), limits)
    return size
