"""Markdown as running text: paragraphs, blockquotes and footnotes, without marks of emphasis, links, code and HTML.

CommonMark as far as quotes need it; footnotes as GitHub, Pandoc and Obsidian write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Literal

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_BLOCKQUOTE = re.compile(r"\s{0,3}>\s?")
_FOOTNOTE = re.compile(r"\s{0,3}\[(?:\^(?P<name>[^\]\s]{1,40})\]:|(?P<number>\d{1,3})\]:?(?=\s))\s*(?P<text>.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|(?P<number>\d{1,9})[.)])\s+(?:\[[ xX]\]\s+)?")
_ALONE = re.compile(r"\s{0,3}(?:#{1,6}\s+(?P<heading>.*?)\s*#*|(?:[-_*]\s*){3,}|=+|\|?[\s:|-]*-[\s:|-]*)\s*$")
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(((?:[^()\s]|\([^()]*\))*)(?:\s+\"[^\"]*\")?\)")
_PAGE_OF_LINK = re.compile(r"#page=(\d{1,5})$")
_QUOTE_TAG = re.compile(r"<(/?)(?:q|blockquote)(?:\s[^<>]*)?>", re.IGNORECASE)
_MARKS = re.compile(r"(?<!\\)(\*{1,3}|(?<![^\W_])_{1,3}|_{1,3}(?![^\W_])|~~|==|`+)")
_HARD_BREAK = re.compile(r"\\\n")
_TAG = re.compile(r"(?<!\\)</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")

Kind = Literal["text", "quote", "footnote"]


@dataclass(frozen=True, slots=True)
class Block:
    """Text that belongs together, on one line; `line` is its first line, counted from 1. `name` is a footnote's."""

    kind: Kind
    text: str
    line: int
    name: str = ""


def blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks in order; headings, rules and what stands between fences are left out."""
    return tuple(_joined(list(_lines(markdown))))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a block; `begins` is true where it cannot belong to the block before it. `kind` "" ends a block.

    `item` is the number of an item of a numbered list, 0 for anything else.
    """

    kind: Kind | Literal[""]
    text: str
    number: int
    begins: bool = False
    name: str = ""
    item: int = 0


def _lines(markdown: str) -> Iterator[_Line]:
    fence, item, last = "", 0, _Line("", "", 0)
    for number, raw in enumerate(markdown.splitlines(), start=1):
        marks = _FENCE.match(raw)
        if fence or marks:
            if marks and (not fence or marks.group(1).startswith(fence)):
                fence = "" if fence else marks.group(1)
            last = _Line("", "", number)
        else:
            last = _line(raw, number, last.kind == "text", item)
        item = last.item or item
        yield last


def _line(raw: str, number: int, in_text: bool, last_item: int) -> _Line:
    """A line by itself, but that within a paragraph "2024. The" begins no item and "[3] shows" no note."""
    quote = _BLOCKQUOTE.match(raw)
    if quote:
        inner = raw[quote.end() :]
        while nested := _BLOCKQUOTE.match(inner):
            inner = inner[nested.end() :]
        return _Line("quote", inner, number)
    footnote = _FOOTNOTE.match(raw)
    if footnote and not (in_text and footnote["number"]):
        name = footnote["name"] or footnote["number"]
        return _Line("footnote", footnote["text"], number, begins=True, name=name)
    if not raw.strip() or _ALONE.match(raw):
        return _Line("", "", number)
    item = _ITEM.match(raw)
    counted = int(item["number"] or 0) if item else 0
    if item and (not in_text or counted in (0, 1, last_item + 1)):
        return _Line("text", raw[item.end() :], number, begins=True, item=counted)
    return _Line("text", raw, number, begins=raw.lstrip().startswith("|"))


def _joined(lines: Sequence[_Line]) -> Iterator[Block]:
    """Lines as blocks. An indented line goes on with a footnote also after a blank one."""
    open_lines: list[_Line] = []
    for line in [*lines, _Line("", "", 0)]:
        last = open_lines[-1] if open_lines else None
        goes_on = (
            last is not None
            and not line.begins
            and (line.kind == last.kind or (line.kind == "text" and last.kind == "footnote"))
        )
        if open_lines and not goes_on:
            first = open_lines[0]
            text = plain("\n".join(each.text for each in open_lines))
            if text and first.kind:
                yield Block(first.kind, text, first.number, first.name)
            open_lines = []
        if line.kind:
            kind = last.kind if goes_on and last else line.kind
            open_lines.append(_Line(kind, line.text, line.number, line.begins, line.name))


def plain(markdown: str) -> str:
    """One block's text without marks: what a person reads, on one line."""
    text = _QUOTE_TAG.sub(lambda tag: "”" if tag[1] else "“", _HARD_BREAK.sub("\n", markdown))
    text = _TAG.sub(" ", text)
    while (linked := _LINK.sub(_label, text)) != text:
        text = linked
    text = _MARKS.sub("", text)
    return " ".join(unescape(_ESCAPE.sub(r"\1", text)).split())


def _label(link: re.Match[str]) -> str:
    """What a link shows, and the page of a PDF that it leads to."""
    label, page = link.group(1), _PAGE_OF_LINK.search(link.group(2))
    return label if page is None or page.group(1) in label else f"{label} (p. {page.group(1)})"
