"""Hostile containers and hostile XML are refused in less than a second and in little memory."""

from __future__ import annotations

import io
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docqa.errors import DocqaError, PasswordRequired, UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers import media_types
from docqa.retrieval.readers.archive import Archive, resolved
from docqa.retrieval.readers.base import Limits, ReadOptions
from tests.retrieval.readers.samples import (
    EPUB_PARTS,
    WORD,
    WRITERS,
    read,
    replace_part,
    whole,
    write_docx,
    write_epub,
    write_parts,
    write_xlsx,
)

BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;">]><lolz>&h;</lolz>"""
QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 50_000 + b'">]><x>' + b"&a;" * 50_000 + b"</x>"


def external(target: str) -> bytes:
    entity = f'<!DOCTYPE w:document [<!ENTITY secret SYSTEM "{target}">]>'
    body = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>&secret;</w:t></w:r></w:p></w:body></w:document>'
    return (entity + body).encode()


@contextmanager
def within_a_second(max_mebibytes: int = 100) -> Iterator[None]:
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        assert time.process_time() - started < 1.0
        assert tracemalloc.get_traced_memory()[1] < max_mebibytes * 1024**2
    finally:
        tracemalloc.stop()


def bomb(path: Path, n_parts: int, part_mebibytes: int) -> Path:
    """Word parts of nothing but empty paragraphs, built from one compressed mebibyte that is written again and again.

    The checksums are wrong, which nobody sees who refuses the file in time.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = f'<w:document xmlns:w="{WORD}"><w:body>'.ljust(1024**2).encode()
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"<w:p/>  " * (1024**2 // 8)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first + block * (part_mebibytes - 1) + packer.flush(zlib.Z_FINISH)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", f"{media_types.DOCX}.main+xml")
        archive.writestr("_rels/.rels", '<R><Relationship Id="a" Type="x/officeDocument" Target="word/0.xml"/></R>')
        for number in range(n_parts):
            archive.writestr(f"word/{number}.xml", packed)
    with zipfile.ZipFile(path) as archive:
        offsets = [info.header_offset for info in archive.infolist()[2:]]
    data = bytearray(path.read_bytes())
    directory = data.find(b"PK\x01\x02", offsets[-1] + len(packed))
    entries = [match.start() for match in re.finditer(b"PK\x01\x02", data[directory:])][2:]
    for local, entry in zip(offsets, entries, strict=True):
        for at in (local + 8, directory + entry + 10):
            struct.pack_into("<H", data, at, zipfile.ZIP_DEFLATED)
            struct.pack_into("<L", data, at + 14, part_mebibytes * 1024**2)
    path.write_bytes(data)
    return path


def with_shared_strings(path: Path, strings: bytes) -> Path:
    """A workbook whose strings stand in a part of their own, as Excel writes them."""
    link = b'<Relationship Id="s" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    replace_part(path, "xl/_rels/workbook.xml.rels", lambda old: old.replace(b"</Relationships>", link))
    return replace_part(path, "xl/sharedStrings.xml", lambda _: strings)


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "word/_rels/document.xml.rels"])
@pytest.mark.parametrize(
    "attack", [BILLION_LAUGHS, QUADRATIC, external("file:///etc/passwd"), external("http://127.0.0.1:9/x")]
)
def test_a_document_type_in_any_part_of_an_office_file_is_refused(tmp_path: Path, part: str, attack: bytes) -> None:
    path = replace_part(write_docx(tmp_path / "a.docx"), part, lambda _: attack)
    with within_a_second(), pytest.raises(UnsafeDocument, match="declares a document type"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_attack_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    attack = BILLION_LAUGHS.decode().replace('<?xml version="1.0"?>', "").encode(encoding)
    path = replace_part(write_docx(tmp_path / "a.docx"), "word/document.xml", lambda _: attack)
    with within_a_second(), pytest.raises(UnsafeDocument, match="declares a document type"):
        read(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_entities_in_a_workbook_are_refused(tmp_path: Path, part: str) -> None:
    path = replace_part(write_xlsx(tmp_path / "a.xlsx"), part, lambda _: BILLION_LAUGHS)
    with within_a_second(), pytest.raises(UnsafeDocument, match="declares a document type"):
        read(path)


@pytest.mark.parametrize("encoding", ["UTU-8", "cp037", "utf-7", "unicode_escape", "rot13"])
def test_an_encoding_that_parsers_may_read_differently_is_refused(tmp_path: Path, encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    path = write_docx(tmp_path / "a.docx")
    replace_part(path, "word/document.xml", lambda xml: declaration + xml.partition(b"?>")[2])
    with pytest.raises(UnreadableDocument, match=r"word/document.xml is not well-formed XML \(unusual encoding"):
        read(path)


def test_entities_in_shared_strings_are_refused(tmp_path: Path) -> None:
    path = with_shared_strings(write_xlsx(tmp_path / "a.xlsx"), BILLION_LAUGHS)
    with within_a_second(), pytest.raises(UnsafeDocument, match="declares a document type"):
        read(path)


def test_entities_in_the_package_file_of_a_book_are_refused(tmp_path: Path) -> None:
    path = replace_part(write_epub(tmp_path / "a.epub"), "OEBPS/book.opf", lambda _: BILLION_LAUGHS)
    with within_a_second(), pytest.raises(UnsafeDocument, match="declares a document type"):
        read(path)


def test_entities_in_a_chapter_are_never_expanded_or_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    attack = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]><html><body><p>open &x; text</p></body></html>'
    parts = {**EPUB_PARTS, "OEBPS/text/one.xhtml": attack, "OEBPS/text/two b.xhtml": BILLION_LAUGHS.decode()}
    with within_a_second():
        text = whole(read(write_parts(tmp_path / "a.epub", parts)))
    assert "open" in text
    assert "secret words" not in text
    assert len(text) < 2000


def test_a_bomb_of_ten_gigabytes_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.docx", n_parts=3, part_mebibytes=3350)
    assert path.stat().st_size < 16 * 1024**2
    with within_a_second(), pytest.raises(UnsafeDocument, match="zip bomb"):
        read(path)


def zeros(path: Path, n_parts: int) -> Path:
    """Parts of one mebibyte each."""
    return write_parts(path, {str(number): "0" * 1024**2 for number in range(n_parts)})


def test_parts_that_each_pass_are_refused_together(tmp_path: Path) -> None:
    limits = Limits(max_total_bytes=5 * 1024**2)
    with Archive(zeros(tmp_path / "a.zip", 9), limits) as archive:
        assert len(archive.read("0")) == 1024**2
        with pytest.raises(UnsafeDocument, match="unpacks to more than the 5 MiB"):
            b"".join(archive.read(str(number)) for number in range(1, 9))


def test_reading_one_part_again_and_again_is_counted(tmp_path: Path) -> None:
    limits = Limits(max_total_bytes=5 * 1024**2)
    with Archive(zeros(tmp_path / "a.zip", 1), limits) as archive:
        assert [len(archive.read("0")) for _ in range(5)] == [1024**2] * 5
        with pytest.raises(UnsafeDocument):
            archive.read("0")


def test_one_part_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    limits = Limits(max_entry_bytes=1024**2 - 1)
    with Archive(zeros(tmp_path / "a.zip", 1), limits) as archive, pytest.raises(UnsafeDocument, match="unpacks to"):
        archive.read("0")


def test_overlapping_entries_are_counted_as_they_come_out(tmp_path: Path) -> None:
    """A quine-like bomb: many directory entries point at the same compressed bytes."""
    path = bomb(tmp_path / "a.docx", n_parts=1, part_mebibytes=20)
    data = path.read_bytes()
    start = data.rfind(b"PK\x05\x06")
    n_entries, size, offset = struct.unpack_from("<HII", data, start + 10)
    directory = data[offset : offset + size]
    entry = directory[directory.rfind(b"PK\x01\x02") :]
    many = directory + entry * 200
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, n_entries + 200, n_entries + 200, len(many), offset, 0)
    path.write_bytes(data[:offset] + many + end)
    with within_a_second(), pytest.raises(DocqaError):
        read(path)


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    """The directory says 1000 bytes where 640 MiB would come out: no more than that is read, and that is damage."""
    path = bomb(tmp_path / "a.docx", n_parts=1, part_mebibytes=640)
    data = bytearray(path.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    struct.pack_into("<L", data, entry + 24, 1000)
    path.write_bytes(data)
    with within_a_second(), pytest.raises(UnreadableDocument, match="damaged"):
        read(path)


def test_too_many_entries_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(30_000):
            archive.writestr(str(number), b"")
    (tmp_path / "a.docx").write_bytes(buffer.getvalue())
    with within_a_second(), pytest.raises(UnsafeDocument, match=r"holds 30,000 files; docqa opens at most 20,000"):
        read(tmp_path / "a.docx")


def test_a_directory_that_lies_about_its_length_is_refused(tmp_path: Path) -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * 200_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, len(directory), 4, 0)
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04" + directory + end)
    with within_a_second(), pytest.raises(UnsafeDocument, match="docqa opens at most 20,000"):
        read(tmp_path / "a.docx")


def test_encrypted_parts_are_refused(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    data = bytearray(path.read_bytes())
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(PasswordRequired, match="encrypted"):
        read(path)


def test_a_bomb_of_shared_strings_is_stopped_by_the_text_it_makes(tmp_path: Path) -> None:
    """A string of 30,000 characters named 2,000 times is 60 MB of text from a file of a few kilobytes."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 2001))
    strings = b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>"
    path = with_shared_strings(write_xlsx(tmp_path / "a.xlsx"), strings)
    sheet = f"<worksheet><sheetData>{cells}</sheetData></worksheet>".encode()
    replace_part(path, "xl/worksheets/sheet1.xml", lambda _: sheet)
    with pytest.raises(UnsafeDocument, match="holds more than 10,000,000 characters"):
        read(path, ReadOptions(limits=Limits(max_total_bytes=10_000_000)))


def test_names_that_climb_out_are_only_names(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    for name in ("../../evil.xml", "/etc/passwd", "C:\\evil.xml"):
        replace_part(path, name, lambda _: b"<evil/>")
    assert "We counted turbines." in whole(read(path))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.docx"]


def test_a_reference_out_of_the_container_leads_nowhere(tmp_path: Path) -> None:
    assert resolved("word/document.xml", "../../../../etc/passwd") == "etc/passwd"
    rels = '<R><Relationship Id="a" Type="x/officeDocument" Target="file:///etc/passwd"/></R>'
    path = replace_part(write_docx(tmp_path / "a.docx"), "_rels/.rels", lambda _: rels.encode())
    with pytest.raises(UnreadableDocument, match="the main part of the Office file is missing"):
        read(path)


def test_xml_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = f'<w:document xmlns:w="{WORD}"><w:body>' + "<w:sdt>" * 100_000
    path = replace_part(write_docx(tmp_path / "a.docx"), "word/document.xml", lambda _: deep.encode())
    with within_a_second(), pytest.raises(DocqaError):
        read(path)


@pytest.mark.parametrize("tag", ["w:sdt", "w:ins", "w:smartTag", "w:txbxContent"])
def test_xml_nested_as_deep_as_the_parser_allows_is_read(tmp_path: Path, tag: str) -> None:
    inner = f"<{tag}>" * 240 + "<w:r><w:t>deep</w:t></w:r>" + f"</{tag}>" * 240
    body = f"<w:body><w:p>{inner}</w:p><w:p><w:r><w:t>after</w:t></w:r></w:p></w:body>"
    body = f'<w:document xmlns:w="{WORD}">{body}</w:document>'
    path = replace_part(write_docx(tmp_path / "a.docx"), "word/document.xml", lambda _: body.encode())
    assert "after" in whole(read(path))


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_a_container_is_read_alike_through_an_upper_case_name(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    expected = read(path)
    assert read(path.rename(tmp_path / name.upper())) == expected
