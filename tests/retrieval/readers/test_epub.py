"""EPUB books, put together by hand as producers put them together."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.errors import UnreadableDocument
from tests.retrieval.readers.samples import EPUB_PARTS, chapter, marked, read, whole, write_epub, write_parts

ENCRYPTED = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData>'
    '<EncryptionMethod Algorithm="{}"/>'
    '<CipherData><CipherReference URI="{}"/></CipherData></EncryptedData></encryption>'
)


def test_chapters_come_in_the_order_of_the_spine_under_their_titles(tmp_path: Path) -> None:
    pages = read(write_epub(tmp_path / "a.epub"))
    assert [page.place for page in pages] == ["The Storm", "The Storm > Night", "The Calm"]
    assert pages[0].text == "The Storm\nThe wind rose fast."
    assert pages[2].text == "The sea was flat."
    assert all(page.number is None for page in pages)


def test_the_ncx_of_an_older_book_names_its_chapters(tmp_path: Path) -> None:
    package = EPUB_PARTS["OEBPS/book.opf"].replace(' properties="nav"', "").replace("<spine>", '<spine toc="ncx">')
    item = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
    ncx = (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint>'
        "<navLabel><text>Older title</text></navLabel>"
        '<content src="text/one.xhtml#x"/></navPoint></navMap></ncx>'
    )
    parts = {"OEBPS/book.opf": package.replace("</manifest>", item), "OEBPS/toc.ncx": ncx}
    pages = read(write_parts(tmp_path / "a.epub", {**EPUB_PARTS, **parts}))
    assert [page.place for page in pages] == ["The Storm", "The Storm > Night", "Older title"]


def test_a_chapter_in_two_files_keeps_its_title(tmp_path: Path) -> None:
    navigation = EPUB_PARTS["OEBPS/nav.xhtml"].replace('<li><a href="text/one.xhtml#a">The Calm</a></li>', "")
    pages = read(write_parts(tmp_path / "a.epub", {**EPUB_PARTS, "OEBPS/nav.xhtml": navigation}))
    assert pages[-1].place == "The Storm"
    assert pages[-1].text == "The sea was flat."


def test_a_book_under_drm_is_refused(tmp_path: Path) -> None:
    encryption = ENCRYPTED.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/text/two%20b.xhtml")
    path = write_parts(tmp_path / "a.epub", {**EPUB_PARTS, "META-INF/encryption.xml": encryption})
    with pytest.raises(UnreadableDocument, match="is protected by DRM"):
        read(path)


def test_scrambled_fonts_are_no_drm(tmp_path: Path) -> None:
    encryption = ENCRYPTED.format("http://www.idpf.org/2008/embedding", "OEBPS/font.otf")
    path = write_parts(tmp_path / "a.epub", {**EPUB_PARTS, "META-INF/encryption.xml": encryption})
    assert "The sea was flat." in whole(read(path))


def test_a_missing_chapter_costs_that_chapter(tmp_path: Path) -> None:
    parts = {name: text for name, text in EPUB_PARTS.items() if name != "OEBPS/text/one.xhtml"}
    assert [page.place for page in read(write_parts(tmp_path / "a.epub", parts))] == ["The Storm", "The Storm > Night"]


@pytest.mark.parametrize("name", ["META-INF/container.xml", "OEBPS/book.opf"])
def test_a_book_without_its_package_file_is_damaged(tmp_path: Path, name: str) -> None:
    parts = {each: text for each, text in EPUB_PARTS.items() if each != name}
    with pytest.raises(UnreadableDocument, match="is damaged"):
        read(write_parts(tmp_path / "a.epub", parts))


def test_hidden_text_of_a_chapter_is_kept_apart(tmp_path: Path) -> None:
    parts = {**EPUB_PARTS, "OEBPS/text/one.xhtml": chapter("<p>Seen.</p><p hidden='hidden'>Trap.</p>")}
    page = read(write_parts(tmp_path / "a.epub", parts))[-1]
    assert (marked(page, "paragraph"), marked(page, "hidden")) == (["Seen."], ["Trap."])
