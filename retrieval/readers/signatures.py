"""The first bytes by which files of all kinds give themselves away; knows only bytes and what people call them."""

from __future__ import annotations

# (offset, bytes, what a person calls it). Checked on files that are not text, but for the two that are.
_BINARY: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"II*\x00", "a TIFF image"),
    (0, b"MM\x00*", "a TIFF image"),
    (0, b"BM", "a BMP image"),
    (8, b"WEBP", "a WebP image"),
    (4, b"ftypheic", "a HEIC image"),
    (4, b"ftypmif1", "a HEIC image"),
    (4, b"ftypavif", "an AVIF image"),
    (0, b"8BPS", "a Photoshop image"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"AT&TFORM", "a DjVu document"),
    (60, b"BOOKMOBI", "a Kindle book (MOBI)"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"MSCF", "a cabinet archive"),
    (4, b"ftyp", "a video or sound file (MP4)"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (8, b"WAVE", "a WAV sound file"),
    (8, b"AVI ", "an AVI video"),
    (0, b"ID3", "an MP3 sound file"),
    (0, b"\xff\xfb", "an MP3 sound file"),
    (0, b"OggS", "an Ogg sound file"),
    (0, b"fLaC", "a FLAC sound file"),
    (0, b"\x7fELF", "a program (ELF)"),
    (0, b"MZ", "a Windows program"),
    (0, b"\xcf\xfa\xed\xfe", "a macOS program"),
    (0, b"\xca\xfe\xba\xbe", "a Java class or macOS program"),
    (0, b"\x00asm", "a WebAssembly module"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"bplist", "a binary property list"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"OTTO", "a font"),
    (0, b"\x00\x01\x00\x00\x00", "a font"),
)
_TEXT: tuple[tuple[bytes, str], ...] = (
    (rb"{\rtf", "an RTF document; save it as .docx"),
    (b"%!PS", "a PostScript file; convert it to PDF"),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names of streams in the OLE container of older Office files, most telling first.
OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "a Word 97-2003 file; save it as .docx"),
    ("PowerPoint Document", "a PowerPoint 97-2003 file; save it as .pptx"),
    ("Workbook", "an Excel 97-2003 file; save it as .xlsx"),
    ("Book", "an Excel 5.0 file; save it as .xlsx"),
    ("__properties_version1.0", "an Outlook message; save it as text or PDF"),
)
# Main parts of Office files that docqa does not read, and other containers, by what is found in them.
FOREIGN_PACKAGES: tuple[tuple[bytes, str], ...] = (
    (b"application/vnd.ms-excel.sheet.binary", "a binary Excel workbook (.xlsb); save it as .xlsx"),
    (b"application/vnd.ms-visio", "a Visio drawing; export it as PDF"),
    (b"application/vnd.ms-package.xps", "an XPS document; print it to PDF"),
    (b"application/oxps", "an XPS document; print it to PDF"),
)
OPEN_DOCUMENTS: tuple[tuple[bytes, str], ...] = (
    (b"application/vnd.oasis.opendocument.text", "an OpenDocument text; save it as .docx"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet; save it as .xlsx"),
    (b"application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation; save it as .pptx"),
)


def binary_kind(head: bytes) -> str | None:
    """What a file that is not text is, None when its first bytes say nothing."""
    return next((kind for at, magic, kind in _BINARY if head[at : at + len(magic)] == magic), None)


def text_kind(head: bytes) -> str | None:
    """What a file of text is that docqa cannot read as text, None for any other."""
    return next((kind for magic, kind in _TEXT if head.startswith(magic)), None)
