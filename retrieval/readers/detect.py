"""What a file is: by its content first, then by its name; reads the first bytes and a container's directory only."""

from __future__ import annotations

import codecs
import mmap
import os
import re
import stat
from pathlib import Path

from docqa.errors import PasswordRequired, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers import media_types, signatures
from docqa.retrieval.readers.archive import Archive
from docqa.retrieval.readers.base import Limits
from docqa.retrieval.readers.text_encoding import marked_encoding

_HEAD_BYTES = 8192
_PDF_WITHIN_BYTES = 1024
_DEFAULT_LIMITS = Limits()
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S
)
# Bytes that text never holds, UTF-16 apart: control characters but tab, line breaks, backspace, form feed and escape.
_CONTROL = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 27})
_MAX_CONTROL_SHARE = 0.02
_MAX_STRANGE_SHARE = 0.1
_OFFICE_PARTS = (
    (
        re.compile(rb"wordprocessingml\.(?:document|template)\.main|ms-word\.(?:document|template)\.macro"),
        media_types.DOCX,
    ),
    (
        re.compile(rb"presentationml\.(?:presentation|slideshow|template)\.main|ms-powerpoint\.\w+\.macro"),
        media_types.PPTX,
    ),
    (re.compile(rb"spreadsheetml\.(?:sheet|template)\.main|ms-excel\.(?:sheet|template)\.macro"), media_types.XLSX),
)
_NON_FILES = (
    (stat.S_ISDIR, "is a directory; name the files in it"),
    (stat.S_ISFIFO, "is a named pipe; docqa reads regular files, or standard input with -"),
    (stat.S_ISSOCK, "is a socket; docqa reads regular files"),
    (stat.S_ISCHR, "is a device; docqa reads regular files"),
    (stat.S_ISBLK, "is a device; docqa reads regular files"),
)


def detect(path: Path, limits: Limits = _DEFAULT_LIMITS) -> str:
    """The media type of a file that docqa can read.

    Raises `UnreadableDocument` naming the cause for everything else, `PasswordRequired` for an encrypted Office file
    and `UnsafeDocument` for a file beyond the limits.
    """
    head = _head(path, limits)
    media_type = _kind(path, head, limits)
    promised = media_types.EXTENSIONS.get(path.suffix.lower())
    tells_itself = media_type in media_types.SELF_EVIDENT or promised in media_types.SELF_EVIDENT
    foreign = path.suffix.lower() in media_types.FOREIGN_EXTENSIONS
    if foreign or (promised is not None and promised != media_type and tells_itself):
        raise UnreadableDocument(
            path,
            f"is named {path.suffix} but holds {media_types.LABELS[media_type]}; rename it if that is what you want",
        )
    return media_type


def _head(path: Path, limits: Limits) -> bytes:
    try:
        status = os.stat(path)
        for is_kind, cause in _NON_FILES:
            if is_kind(status.st_mode):
                raise UnreadableDocument(path, cause)
        if not status.st_size:
            raise UnreadableDocument(path, "is empty (0 bytes)")
        if status.st_size > limits.max_file_bytes:
            sizes = f"{status.st_size / 1024**2:,.0f} MiB; docqa reads up to {limits.max_file_bytes / 1024**2:,.0f} MiB"
            raise UnsafeDocument(path, f"is too large: {sizes}")
        with open(path, "rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise UnreadableDocument(path, "does not exist") from error
    except PermissionError as error:
        raise UnreadableDocument(path, "may not be read: permission denied") from error
    except (OSError, ValueError) as error:
        raise UnreadableDocument(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _kind(path: Path, head: bytes, limits: Limits) -> str:
    if _is_pdf(path, head):
        return media_types.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, limits)
    if head.startswith(signatures.OLE):
        raise _ole_error(path)
    kind = signatures.binary_kind(head) if 0 in head or not _is_text(head) else None
    if kind is None and _is_text(head):
        return _text_kind(path, head)
    if kind is None:
        raise UnreadableDocument(path, f"{_named(path)}holds binary data of an unknown kind; {media_types.READABLE}")
    raise UnreadableDocument(path, _unsupported(path, kind))


def _is_pdf(path: Path, head: bytes) -> bool:
    at = head[: _PDF_WITHIN_BYTES + 5].find(b"%PDF-")
    if at <= 0 or path.suffix.lower() == ".pdf":
        return at >= 0
    # Text that only speaks of "%PDF-" has no end of a PDF.
    with open(path, "rb") as file:
        file.seek(-min(2048, file.seek(0, os.SEEK_END)), os.SEEK_END)
        return b"%%EOF" in file.read()


def _zip_kind(path: Path, limits: Limits) -> str:
    with Archive(path, limits) as archive:
        if "[Content_Types].xml" in archive:
            types = archive.read("[Content_Types].xml")
            if found := next((kind for mark, kind in _OFFICE_PARTS if mark.search(types)), None):
                return found
            foreign = next((kind for mark, kind in signatures.FOREIGN_PACKAGES if mark in types), None)
            raise UnreadableDocument(path, _unsupported(path, foreign or "an Office file of an unknown kind"))
        mimetype = archive.read("mimetype") if "mimetype" in archive else b""
        if mimetype.strip() == media_types.EPUB.encode() or "META-INF/container.xml" in archive:
            return media_types.EPUB
        found = next((kind for mark, kind in signatures.OPEN_DOCUMENTS if mimetype.startswith(mark)), None)
    raise UnreadableDocument(path, _unsupported(path, found or "a ZIP archive"))


def _ole_error(path: Path) -> UnreadableDocument:
    """Office files before 2007, and encrypted ones since: a container whose streams are named in UTF-16."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            cause = "is an encrypted Office file, which docqa cannot open; save it without a password and try again"
            return PasswordRequired(path, cause)
        for stream, kind in signatures.OLE_STREAMS:
            if data.find(f"{stream}\0".encode("utf-16-le")) >= 0:
                return UnreadableDocument(path, f"is {kind}")
    return UnreadableDocument(path, _unsupported(path, "an old Microsoft container file (OLE)"))


def _is_text(head: bytes) -> bool:
    if encoding := marked_encoding(head):
        text = head.decode(encoding, errors="replace")
        n_strange = sum(sign == "\ufffd" or not (sign.isprintable() or sign.isspace()) for sign in text)
        return n_strange <= max(2, _MAX_STRANGE_SHARE * len(text))
    n_control = len(head) - len(head.translate(None, _CONTROL))
    return 0 not in head and n_control <= max(2, _MAX_CONTROL_SHARE * len(head))


def _text_kind(path: Path, head: bytes) -> str:
    if kind := signatures.text_kind(head):
        raise UnreadableDocument(path, _unsupported(path, kind))
    start = head.decode(marked_encoding(head) or "latin-1", errors="replace").removeprefix(
        codecs.BOM_UTF8.decode("latin-1")
    )
    if _HTML_START.match(start):
        return media_types.HTML
    promised = media_types.EXTENSIONS.get(path.suffix.lower(), media_types.PLAIN)
    return media_types.PLAIN if promised in media_types.SELF_EVIDENT else promised


def _named(path: Path) -> str:
    return f"is named {path.suffix} but " if path.suffix.lower() in media_types.EXTENSIONS else ""


def _unsupported(path: Path, kind: str) -> str:
    if path.suffix.lower() in media_types.EXTENSIONS:
        return f"is named {path.suffix} but holds {kind}"
    return f"is {kind}" if ";" in kind else f"is {kind}; {media_types.READABLE}"
