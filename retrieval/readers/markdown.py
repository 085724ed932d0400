"""Markdown: headings, paragraphs, lists, code and pipe tables, read as a stream of lines.

Marks of emphasis and the addresses of links are left out, so that the text reads as it is shown. Comments show nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docqa.documents import Page
from docqa.retrieval.readers import blocks, flow
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Block, Heading, Paragraph
from docqa.retrieval.readers.cleaning import clean_code, clean_line, clean_lines
from docqa.retrieval.readers.markdown_inline import cells_of, shown
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.text_encoding import file_encoding, lines

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"[ \t]*([-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_QUOTE = re.compile(r" {0,3}> ?")
_DEFINITION = re.compile(r" {0,3}\[(?!\^)[^\]]{1,200}\]:[ \t]*\S+")  # of a link; "[^1]: " is a footnote's, so text
_TITLE = re.compile(r"""title[ \t]*[:=][ \t]*["']?(.*?)["']?[ \t]*$""", re.I)
_MAX_FRONT_MATTER_LINES = 200
_MAX_TABLE_ROWS = 20_000


class MarkdownReader:
    """Reads .md and .markdown: CommonMark with pipe tables and front matter."""

    version = "markdown-2"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnsafeDocument` beyond the limits and `NoTextFound` for a file that shows nothing."""
        encoding = file_encoding(path)
        return PagedReading(path, options, first_page, lambda: _pages(path, encoding))


def _pages(path: Path, encoding: str) -> Iterator[Page]:
    title, n_lines = _front_matter(path, encoding)
    source = (line.rstrip("\n") for number, line in enumerate(lines(path, encoding)) if number >= n_lines)
    return flow.pages(_Parser().blocks(_without_comments(source)), flow.Naming(title=title))


def _front_matter(path: Path, encoding: str) -> tuple[str, int]:
    """The title that the front matter gives, and the number of lines the front matter takes."""
    title, fence = "", ""
    for number, line in enumerate(lines(path, encoding)):
        stripped = line.strip()
        if not number:
            fence = stripped
            if fence not in ("---", "+++"):
                return "", 0
        elif stripped in (fence, "..."):
            return title, number + 1
        elif number > _MAX_FRONT_MATTER_LINES:
            return "", 0
        elif not title and (match := _TITLE.match(line)):
            title = clean_line(match[1])
    return "", 0


def _without_comments(source: Iterator[str]) -> Iterator[str]:
    """Drop HTML comments, which may span lines; those inside fenced code stay."""
    fence, in_comment = "", False
    for line in source:
        if not in_comment:
            fence = _fence_after(line, fence)
        if fence:
            yield line
            continue
        kept, rest = "", line
        while rest:
            head, mark, rest = rest.partition("-->" if in_comment else "<!--")
            kept += "" if in_comment else head
            in_comment ^= bool(mark)
        # A line that was all comment is no blank line: it does not end a paragraph.
        if kept.strip() or not line.strip():
            yield kept


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line, "" when none is."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match[1]
    closes = match[1][0] == fence[0] and len(match[1]) >= len(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


class _Parser:
    def __init__(self) -> None:
        self._open: list[str] = []
        self._length = 0

    def blocks(self, source: Iterator[str]) -> Iterator[Block]:
        fence, code = "", list[str]()
        for line in source:
            before, fence = fence, _fence_after(line, fence)
            if fence and not before:
                yield from self._close()
            elif before and not fence:
                yield from _code(code)
                code.clear()
            elif fence:
                code.append(line)
            else:
                yield from self._line(line.expandtabs(4))
        yield from self._close()
        yield from _code(code)

    def _line(self, line: str) -> Iterator[Block]:
        quoted = _QUOTE.match(line)
        line = _unquoted(line) if quoted else line
        if not line.strip() or _DEFINITION.match(line):
            yield from self._close()
        elif atx := _ATX.match(line):
            yield from self._close()
            yield Heading(shown(atx[2] or ""), len(atx[1]))
        elif (setext := _SETEXT.match(line)) and self._open and not self._in_table() and not _ITEM.match(self._open[0]):
            text = shown(clean_line(" ".join(self._open)))
            self._reset()
            yield Heading(text, 1 if setext[1][0] == "=" else 2)
        elif _RULE.match(line):
            yield from self._close()
        else:
            if _ITEM.match(line) or self._ends_table(line) or self._length > flow.MAX_PAGE_CHARS:
                yield from self._close()
            self._open.append(line)
            self._length += len(line)

    def _in_table(self) -> bool:
        return len(self._open) > 1 and _TABLE_RULE.match(self._open[1]) is not None and "|" in self._open[0]

    def _ends_table(self, line: str) -> bool:
        return self._in_table() and ("|" not in line or len(self._open) > _MAX_TABLE_ROWS)

    def _reset(self) -> None:
        self._open, self._length = [], 0

    def _close(self) -> Iterator[Block]:
        """End the open block: a table, a list item or a paragraph."""
        if not self._open:
            return
        if self._in_table():
            rows = [cells_of(line) for line in (self._open[0], *self._open[2:])]
            built = blocks.table(rows, n_header_rows=1)
            if built is not None:
                yield built
        else:
            first = self._open[0]
            item = _ITEM.match(first)
            marker = ("•" if not item[1][0].isdigit() else item[1]) if item else ""
            text = clean_lines(shown("\n".join((first[item.end() :] if item else first, *self._open[1:]))))
            yield Paragraph(f"{marker} {text}" if marker and text else text)
        self._reset()


def _unquoted(line: str) -> str:
    while match := _QUOTE.match(line):
        line = line[match.end() :]
    return line


def _code(code: list[str]) -> Iterator[Block]:
    if code:
        yield Paragraph(clean_code("\n".join(code)))
