"""What a file is, and one clear line for everything that cannot be read."""

from __future__ import annotations

import io
import os
import socket
import struct
import zipfile
from pathlib import Path

import pytest

from docqa.errors import PasswordRequired, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers import media_types
from docqa.retrieval.readers.base import Limits
from docqa.retrieval.readers.detect import detect
from tests.retrieval.readers.samples import WRITERS

OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def cause_of(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        detect(path, limits or Limits())
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return caught.value.cause


def zip_bytes(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("sample", "media_type"),
    [
        ("a.docx", media_types.DOCX),
        ("a.pptx", media_types.PPTX),
        ("a.xlsx", media_types.XLSX),
        ("a.epub", media_types.EPUB),
        ("a.html", media_types.HTML),
    ],
)
def test_a_file_without_an_extension_is_known_by_its_content(tmp_path: Path, sample: str, media_type: str) -> None:
    path = WRITERS[sample](tmp_path / sample)
    assert detect(path) == media_type
    assert detect(path.rename(tmp_path / "nameless")) == media_type


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", b"%PDF-1.7\n", media_types.PDF),
        ("junk.pdf", b"\x00junk\n" * 100 + b"%PDF-1.4 rest", media_types.PDF),
        ("junk", b"mail header\n%PDF-1.4 rest\n%%EOF", media_types.PDF),
        ("speaks_of_pdf.md", b"A file begins with %PDF-1.7 then.", media_types.MARKDOWN),
        ("a.csv", b"a,b\n1,2\n", media_types.CSV),
        ("a.TSV", b"a\tb\n", media_types.TSV),
        ("a.md", b"# Title\n", media_types.MARKDOWN),
        ("a.log", b"12:00 started\n", media_types.PLAIN),
        ("README", b"Read me.\n", media_types.PLAIN),
        ("a.rst", b"Title\n=====\n", media_types.PLAIN),
        ("utf16.txt", "Grüße".encode("utf-16"), media_types.PLAIN),
        ("utf16_unmarked.txt", "Plain words here".encode("utf-16-le"), media_types.PLAIN),
        ("cp1252.txt", "Größe in Metern".encode("cp1252"), media_types.PLAIN),
        ("a.txt", b"\xef\xbb\xbf<!-- made by hand -->\n<!DOCTYPE html><html></html>", media_types.HTML),
        ("tagged.txt", b"<html is what this text is about", media_types.HTML),
        ("escape.log", b"\x1b[31mred\x1b[0m alarm\n", media_types.PLAIN),
    ],
)
def test_content_decides_and_then_the_name(tmp_path: Path, name: str, content: bytes, media_type: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert detect(tmp_path / name) == media_type


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("a.pdf", b"", "is empty (0 bytes)"),
        ("a.pdf", b"<!doctype html><html>", "is named .pdf but holds HTML"),
        ("a.pdf", b"just words", "is named .pdf but holds plain text"),
        ("a.pdf", b"\xff\xd8\xff\xe0\x00\x10JFIF", "is named .pdf but holds a JPEG image"),
        ("a.pdf", zip_bytes(x="y"), "is named .pdf but holds a ZIP archive"),
        ("a.txt", b"%PDF-1.7\n%%EOF", "is named .txt but holds a PDF document"),
        ("a.txt", b"\x00\x01\x02\x03" * 99, "is named .txt but holds binary data of an unknown kind"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "is a JPEG image; docqa reads PDF, DOCX"),
        ("a.png", b"not a picture", "is named .png but holds plain text"),
        ("a.zip", zip_bytes(x="y"), "is a ZIP archive; docqa reads PDF"),
        ("a.doc", OLE_HEADER + "WordDocument\0".encode("utf-16-le"), "is a Word 97-2003 file; save it as .docx"),
        ("a.xls", OLE_HEADER + "Workbook\0".encode("utf-16-le"), "is an Excel 97-2003 file; save it as .xlsx"),
        ("a.ppt", OLE_HEADER + "PowerPoint Document\0".encode("utf-16-le"), "is a PowerPoint 97-2003 file"),
        ("a.rtf", rb"{\rtf1 words}", "is an RTF document; save it as .docx"),
        ("a.odt", zip_bytes(mimetype="application/vnd.oasis.opendocument.text"), "is an OpenDocument text; save it"),
        ("a.docx", b"PK\x03\x04" + bytes(400), "the end of its ZIP container is missing"),
        ("a.exe", b"MZ\x90\x00" + bytes(99), "is a Windows program"),
        ("a", b"\x7fELF\x02\x01\x01\x00", "is a program (ELF)"),
        ("a.xlsb", zip_bytes(**{"[Content_Types].xml": "application/vnd.ms-excel.sheet.binary.main"}), "(.xlsb); save"),
    ],
)
def test_an_unreadable_file_gets_one_line_with_the_cause(tmp_path: Path, name: str, content: bytes, cause: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert cause in cause_of(tmp_path / name)


def test_an_office_file_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    path = WRITERS["a.xlsx"](tmp_path / "a.xlsx").rename(tmp_path / "a.docx")
    assert "is named .docx but holds an Excel workbook (XLSX)" in cause_of(path)


def test_an_encrypted_office_file_asks_for_its_password_to_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(OLE_HEADER + "EncryptedPackage\0WordDocument\0".encode("utf-16-le"))
    with pytest.raises(PasswordRequired, match="encrypted Office file"):
        detect(path)


def test_every_truncation_of_an_office_file_is_reported(tmp_path: Path) -> None:
    whole = WRITERS["a.docx"](tmp_path / "a.docx").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.docx").write_bytes(whole[: int(len(whole) * share)])
        assert "damaged or truncated" in cause_of(tmp_path / "cut.docx")


def test_what_is_not_there_or_no_file_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "is a socket" in cause_of(tmp_path / "socket")
    assert "does not exist" in cause_of(tmp_path / "nothing.pdf")
    assert "is a directory" in cause_of(tmp_path)
    assert "is a named pipe" in cause_of(tmp_path / "pipe")
    assert "is a device" in cause_of(Path("/dev/zero"))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be read" in cause_of(tmp_path / "loop")
    assert "cannot be read" in cause_of(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("secret")
    (tmp_path / "a.txt").chmod(0)
    assert "permission denied" in cause_of(tmp_path / "a.txt")


def test_denied_permission_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root is never denied, so the system's answer is played here."""

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text("secret")
    monkeypatch.setattr(os, "stat", deny)
    assert cause_of(tmp_path / "a.txt") == "may not be read: permission denied"


def test_a_file_beyond_the_limit_is_refused_by_its_size(tmp_path: Path) -> None:
    with open(tmp_path / "a.txt", "wb") as file:
        file.truncate(3 * 1024**3)
    with pytest.raises(UnsafeDocument, match="is too large: 3,072 MiB; docqa reads up to 2,048 MiB"):
        detect(tmp_path / "a.txt")


def test_many_comments_before_a_page_cost_no_time(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"<!---->" * 1170)
    assert detect(tmp_path / "a.txt") == media_types.PLAIN


def test_sound_samples_are_not_taken_for_text(tmp_path: Path) -> None:
    """Quiet 16-bit sound has a NUL in every second byte, like UTF-16."""
    samples = b"".join(struct.pack("<h", value % 100) for value in range(4000))
    (tmp_path / "a").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt " + samples)
    assert "is a WAV sound file" in cause_of(tmp_path / "a")
