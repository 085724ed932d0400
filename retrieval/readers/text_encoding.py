"""The encoding of text files, and their lines as a stream; knows no file format."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 1024**2
_SAMPLE_BYTES = 64 * 1024
MAX_LINE_CHARS = 16_384
# Python knows codecs that are no encodings of text ("idna", "unicode_escape"): a file must not choose those.
_DECLARABLE = re.compile(
    r"(?i)(utf-?8|us-ascii|ascii|latin-?\d|l\d|iso-?8859-?\d+|windows-\d+|cp-?\d+|koi8-[ru]|mac-?\w+|gb\w+|big5[\w-]*|hz"
    r"|euc[-_]\w+|shift[-_]?jis\w*|sjis|iso-2022-\w+|tis-620|johab|x-sjis|x-mac-cyrillic)"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What charset-normalizer may answer: encodings that documents are really written in. Without this list a
# short German or French text comes out as a Mac or EBCDIC code page.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2",
    "shift_jis", "euc_jp", "iso2022_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip


def marked_encoding(head: bytes) -> str | None:
    """The Unicode encoding that a byte order mark, or the pattern of NUL bytes, gives away; None otherwise."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 4 and max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.05 * len(head) / 2:
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def file_encoding(path: Path) -> str:
    """The name of the codec that reads the file: by its mark, else UTF-8 if it is that, else the likeliest one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with open(path, "rb") as file:
        head = file.read(_CHUNK_BYTES)
        if marked := marked_encoding(head[:4096]):
            return marked
        chunk = head
        while chunk:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                file.seek(max(0, position + error.start - _SAMPLE_BYTES // 2))
                return encoding_of(file.read(_SAMPLE_BYTES))
            position += len(chunk)
            chunk = file.read(_CHUNK_BYTES)
    return "utf-8"


def encoding_of(sample: bytes) -> str:
    """The likeliest encoding of a stretch of text without a mark."""
    text = sample.decode("utf-8", errors="replace")
    n_broken = text.count("\ufffd")
    # The sample may begin or end within a character, and one bad byte in a UTF-8 file does not change what it is.
    n_multibyte = sum(character > "\x7f" for character in text) - n_broken
    if not n_broken or n_multibyte > 10 * n_broken:
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_CANDIDATES, steps=10).best()
    return best.encoding if best is not None else "cp1252"


def decoded(data: bytes, declared: str = "") -> str:
    """Bytes as text: by mark, else as `declared` if that is an encoding of text and fits, else as they look."""
    marked = marked_encoding(data[:4096])
    declared = declared if _DECLARABLE.fullmatch(declared) else ""
    for name in filter(None, (marked, declared, "utf-8")):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode(marked or encoding_of(data[:_SAMPLE_BYTES]), errors="replace")


def lines(path: Path, encoding: str, max_chars: int = MAX_LINE_CHARS) -> Iterator[str]:
    """The file's lines with their newlines, `\\r\\n` and `\\r` as `\\n`; a monstrous line comes in slices."""
    with open(path, encoding=encoding, errors="replace") as file:
        while line := file.readline(max_chars):
            yield line
