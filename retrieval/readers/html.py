"""HTML pages: the main content as sections under headings; nothing is fetched, run or styled.

Navigation, scripts, forms and cookie banners are left out. What the page hides by its own markup is kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from docqa.documents import Page
from docqa.errors import UnreadableDocument, UnsafeDocument
from docqa.retrieval.readers import flow
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Block
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.html_blocks import element_name, html_blocks
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.safe_xml import all_text
from docqa.retrieval.readers.text_encoding import decoded

# A tree takes about ten times the bytes of its file.
MAX_HTML_BYTES = 64 * 1024**2
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})""", re.I)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w:.-]{1,40})""", re.I)
# The main part must hold this share of the page's text: some pages mark a teaser as their only article.
_MAIN_SHARE = 0.25


class HtmlReader:
    """Reads .html, .htm and .xhtml."""

    version = "html-1"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnsafeDocument` for a page too large or too deep to parse, `NoTextFound`."""
        return PagedReading(path, options, first_page, lambda: _pages(path))


def _pages(path: Path) -> Iterator[Page]:
    size = path.stat().st_size
    if size > MAX_HTML_BYTES:
        raise UnsafeDocument(
            path, f"is {size // 1024**2} MiB of HTML; docqa parses up to {MAX_HTML_BYTES // 1024**2} MiB"
        )
    root = parse_html(path, path.read_bytes())
    if root is not None:
        yield from flow.pages(content_blocks(root), flow.Naming(title=page_title(root)))


def parse_html(path: Path, data: bytes) -> etree._Element | None:
    """Parse HTML or XHTML of any quality; None when there is no element in it. `path` is for messages."""
    match = _CHARSET.search(data[:4096]) or _XML_ENCODING.match(data[:4096])
    declared = match[1].decode("ascii", errors="replace") if match else ""
    # A page that says UTF-16 in ASCII letters is not UTF-16 (HTML standard, 13.2.3.2).
    text = decoded(data, "" if declared.lower().startswith("utf-16") else declared)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, recover=True
    )
    try:
        root = etree.fromstring(text.replace("\0", "").encode("utf-8", errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        if not text.strip():
            return None
        raise UnreadableDocument(path, f"holds HTML that cannot be parsed ({error.msg})") from error
    if any("xcessive depth" in (entry.message or "") for entry in parser.error_log):
        raise UnsafeDocument(path, "holds HTML that is nested more deeply than any real page")
    return root


def page_title(root: etree._Element) -> str:
    """The text of the title element, "" when there is none."""
    title = root.find(".//head/title")
    return clean_line(all_text(title)) if title is not None else ""


def content_blocks(root: etree._Element) -> Iterator[Block]:
    """The blocks of the main content, of the whole body when no part is marked as the main one."""
    body = next((each for each in root.iter() if element_name(each) == "body"), root)
    for part in _main_parts(body):
        yield from html_blocks(part)


def _main_parts(body: etree._Element) -> list[etree._Element]:
    whole = _n_chars(body)
    mains = [each for each in body.iter() if element_name(each) == "main" or each.get("role") == "main"]
    articles = [each for each in body.iter() if element_name(each) == "article"]
    for parts in (mains, articles):
        marked = set(parts)
        outer = [each for each in parts if not any(above in marked for above in each.iterancestors())]
        if outer and sum(map(_n_chars, outer)) >= _MAIN_SHARE * whole:
            return outer
    return [body]


def _n_chars(element: etree._Element) -> int:
    """Characters of readable text, code and style left out."""
    return sum(
        len(text.strip())
        for each in element.iter()
        if element_name(each) not in ("script", "style", "template", "noscript", "svg", "nav")
        for text in (each.text or "", (each.tail or "") if each is not element else "")
    )
