"""EPUB books: the chapters in the order of the spine, named by the table of contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag

from docqa.documents import Page
from docqa.errors import UnreadableDocument
from docqa.retrieval.readers import flow
from docqa.retrieval.readers.archive import Archive, resolved
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.html import content_blocks, parse_html
from docqa.retrieval.readers.html_blocks import element_name
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.safe_xml import Element, all_text, attribute, child, children, descendants, parse

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are scrambled by these two so that nobody copies them; the text is open.
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/xml", "text/xml", "text/x-oeb1-document")


class EpubReader:
    """Reads .epub, versions 2 and 3."""

    version = "epub-1"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnreadableDocument` for damage and for books under DRM, `UnsafeDocument`, `NoTextFound`."""
        return PagedReading(path, options, first_page, lambda: _pages(path, options))


@dataclass(frozen=True, slots=True)
class _Item:
    """An entry of the book's manifest; `target` is its name in the archive."""

    target: str
    media_type: str
    is_navigation: bool


def _pages(path: Path, options: ReadOptions) -> Iterator[Page]:
    with Archive(path, options.limits) as archive:
        package_part = _package_part(archive)
        package = parse(archive, package_part, allow_doctype=True)
        items = _manifest(package, package_part)
        spine = [items[key] for each in descendants(package, "itemref") if (key := attribute(each, "idref")) in items]
        chapters = [item for item in dict.fromkeys(spine) if item.media_type in _CHAPTER_TYPES]
        _refuse_encrypted(archive, {item.target for item in chapters})
        titles = _titles(archive, package, items)
        name = ""
        for item in chapters:
            # A chapter that goes on in a second file has its title in the first.
            name = titles.get(item.target, name)
            root = parse_html(path, archive.read(item.target)) if item.target in archive else None
            if root is not None:
                yield from flow.pages(content_blocks(root), flow.Naming(root=name))


def _package_part(archive: Archive) -> str:
    container = parse(archive, _CONTAINER, allow_doctype=True)
    for each in descendants(container, "rootfile"):
        part = resolved("", attribute(each, "full-path") or "")
        if part in archive:
            return part
    raise UnreadableDocument(archive.path, "is damaged: the book's package file is missing")


def _manifest(package: Element, package_part: str) -> dict[str | None, _Item]:
    found: dict[str | None, _Item] = {}
    for each in children(child(package, "manifest"), "item"):
        target = resolved(package_part, unquote(urldefrag(attribute(each, "href") or "").url))
        is_navigation = "nav" in (attribute(each, "properties") or "").split()
        found[attribute(each, "id")] = _Item(target, (attribute(each, "media-type") or "").lower(), is_navigation)
    return found


def _refuse_encrypted(archive: Archive, chapters: set[str]) -> None:
    if _ENCRYPTION not in archive:
        return
    for data in descendants(parse(archive, _ENCRYPTION), "EncryptedData"):
        method = child(data, "EncryptionMethod")
        algorithm = attribute(method, "Algorithm")
        references = {
            resolved("", unquote(attribute(each, "URI") or "")) for each in descendants(data, "CipherReference")
        }
        if algorithm not in _FONT_SCRAMBLING and references & chapters:
            raise UnreadableDocument(archive.path, "is protected by DRM; docqa can only read books without it")


def _titles(archive: Archive, package: Element, items: dict[str | None, _Item]) -> dict[str, str]:
    """Chapter titles by the name of their file, from the navigation of EPUB 3, else the NCX of EPUB 2."""
    navigation = next((item for item in items.values() if item.is_navigation and item.target in archive), None)
    if navigation is not None and (found := _navigation_titles(archive, navigation.target)):
        return found
    ncx = items.get(attribute(child(package, "spine"), "toc"))
    if ncx is None or ncx.target not in archive:
        ncx = next((item for item in items.values() if item.media_type == "application/x-dtbncx+xml"), None)
    return _ncx_titles(archive, ncx.target) if ncx is not None and ncx.target in archive else {}


def _navigation_titles(archive: Archive, part: str) -> dict[str, str]:
    root = parse_html(archive.path, archive.read(part))
    found: dict[str, str] = {}
    navs = [each for each in root.iter() if element_name(each) == "nav"] if root is not None else []
    contents = next((nav for nav in navs if (attribute(nav, "epub:type") or attribute(nav, "type")) == "toc"), None)
    contents = navs[0] if contents is None and navs else contents
    for link in contents.iter("a") if contents is not None else ():
        target = resolved(part, unquote(urldefrag(link.get("href") or "").url))
        found.setdefault(target, clean_line(all_text(link)))
    return found


def _ncx_titles(archive: Archive, part: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for point in descendants(parse(archive, part, allow_doctype=True), "navPoint"):
        content, label = child(point, "content"), child(point, "navLabel", "text")
        if content is not None and label is not None:
            target = resolved(part, unquote(urldefrag(attribute(content, "src") or "").url))
            found.setdefault(target, clean_line(label.text or ""))
    return found
