"""HTML elements as blocks of text: a walk over the tree that keeps a line open and closes it at block borders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from docqa.retrieval.readers.blocks import Block, Heading, Paragraph
from docqa.retrieval.readers.cleaning import clean_code, clean_line, clean_lines
from docqa.retrieval.readers.html_tables import html_table, is_layout_table
from docqa.retrieval.readers.safe_xml import all_text

_DROPPED = frozenset({
    "script", "style", "template", "noscript", "nav", "head", "title", "iframe", "object", "embed", "svg", "canvas",
    "audio", "video", "button", "select", "datalist", "option", "input", "textarea", "rp", "rt", "annotation",
    "annotation-xml", "map", "progress", "meter",
})  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset({
    "html", "body", "main", "article", "section", "header", "footer", "aside", "div", "p", "pre", "ul", "ol", "li",
    "dl", "dt", "dd", "blockquote", "figure", "figcaption", "details", "summary", "address", "fieldset", "legend",
    "form", "center", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "hr", "menu", "dir", "listing",
    "hgroup", "dialog", "search", "noframes", "frameset",
})  # fmt: skip
_BANNER = re.compile(r"cookie|consent|gdpr", re.I)
_MAX_BANNER_CHARS = 1500
_HIDING_STYLE = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|font-size:0(?![.\d])|opacity:0(?:\.0+)?(?![.\d])"
    r"|(?:left|top|text-indent):-\d{3,}",
    re.I,
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)", re.I)
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)", re.I)
_COLOUR_NAMES = {"white": "#ffffff", "black": "#000000", "#fff": "#ffffff", "#000": "#000000"}
_COLOUR_NAMES |= {"rgb(255,255,255)": "#ffffff", "rgb(0,0,0)": "#000000"}


def element_name(element: etree._Element) -> str:
    """The element's name in lower case without a namespace; "" for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def is_hidden(element: etree._Element) -> bool:
    """Whether the element's own markup keeps it from being seen."""
    if element.get("hidden") is not None or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    if element_name(element) == "dialog" and element.get("open") is None:
        return True
    style = re.sub(r"\s+", "", element.get("style", ""))
    if not style:
        return False
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    if colour and background and _colour(colour[1]) == _colour(background[1]):
        return True
    return _HIDING_STYLE.search(style) is not None


def _colour(value: str) -> str:
    value = value.lower()
    return _COLOUR_NAMES.get(value, value)


class _Walk:
    def __init__(self) -> None:
        self._shown: list[str] = []
        self._unseen: list[str] = []
        self._marker = ""
        self._n_hidden = 0
        self._n_pre = 0
        self._counters: list[int | None] = []
        self._found: list[Block] = []

    def blocks(self, root: etree._Element) -> Iterator[Block]:
        walk = etree.iterwalk(root, events=("start", "end"))
        skipped = None
        for event, element in walk:
            name = element_name(element)
            if event == "start":
                if self._is_left_out(element, name) or self._take_table(element, name):
                    skipped = element
                    walk.skip_subtree()
                else:
                    self._start(element, name)
            else:
                if element is not skipped:
                    self._end(element, name)
                if element is not root:
                    self._say(element.tail)
            yield from self._found
            self._found.clear()
        self._flush()
        yield from self._found

    def _is_left_out(self, element: etree._Element, name: str) -> bool:
        if name in _DROPPED or not name:
            return True
        return bool(_BANNER.search(f"{element.get('id', '')} {element.get('class', '')}")) and _is_small(element)

    def _take_table(self, element: etree._Element, name: str) -> bool:
        if name != "table" or self._n_hidden or is_hidden(element) or is_layout_table(element):
            return False
        self._flush()
        table = html_table(element, is_hidden)
        if table is not None:
            self._found.append(table)
        for hidden in _outermost_hidden(element):
            self._unseen.append(all_text(hidden) + " ")
        self._flush()
        return True

    def _start(self, element: etree._Element, name: str) -> None:
        if name in _BLOCKS or name in _HEADINGS:
            self._flush()
        if self._n_hidden or is_hidden(element):
            self._n_hidden += 1
        if name in ("ul", "menu", "dir"):
            self._counters.append(None)
        elif name == "ol":
            self._counters.append(_integer(element.get("start"), 1))
        elif name == "li":
            self._marker = self._next_marker(element)
        elif name == "br":
            self._say("\ue000")
        elif name in ("pre", "listing"):
            self._n_pre += 1
        elif name == "q":
            self._say('"')
        self._say(element.text)

    def _end(self, element: etree._Element, name: str) -> None:
        if name in _HEADINGS:
            self._flush(level=_HEADINGS[name])
        elif name in _BLOCKS:
            self._flush()
        if name in ("ul", "ol", "menu", "dir") and self._counters:
            self._counters.pop()
        elif name in ("pre", "listing"):
            self._n_pre -= 1
        elif name == "li":
            self._marker = ""
        elif name == "q":
            self._say('"')
        self._n_hidden -= self._n_hidden > 0

    def _next_marker(self, item: etree._Element) -> str:
        if not self._counters or self._counters[-1] is None:
            return "•"
        number = _integer(item.get("value"), self._counters[-1])
        self._counters[-1] = number + 1
        return f"{number}."

    def _say(self, text: str | None) -> None:
        if text:
            (self._unseen if self._n_hidden else self._shown).append(text)

    def _flush(self, level: int = 0) -> None:
        """Close the open line: a heading, a paragraph, and what was hidden in it."""
        if self._shown:
            text = "".join(self._shown)
            self._shown.clear()
            if self._n_pre:
                text = clean_code(text.replace("\ue000", "\n"))
            else:
                # White space is one space, line breaks are those of br elements only.
                text = clean_lines(re.sub(r"\s+", " ", text).replace("\ue000", "\n"))
            self._close(text, level)
        if self._unseen:
            hidden = clean_line("".join(self._unseen).replace("\ue000", " "))
            self._unseen.clear()
            self._found += [Paragraph(hidden, "hidden")] if hidden else []

    def _close(self, text: str, level: int) -> None:
        if not text:
            return
        if level:
            self._found.append(Heading(clean_line(text), level))
        # Old pages part their paragraphs by two line breaks.
        for part in () if level else (text,) if self._n_pre else text.split("\n\n"):
            self._found.append(Paragraph(f"{self._marker} {part.strip()}" if self._marker else part.strip()))
            self._marker = ""


def _outermost_hidden(table: etree._Element) -> Iterator[etree._Element]:
    walk = etree.iterwalk(table, events=("start",))
    for _, element in walk:
        if element_name(element) in _DROPPED:
            walk.skip_subtree()
        elif is_hidden(element):
            walk.skip_subtree()
            yield element


def _is_small(element: etree._Element) -> bool:
    """A banner is short and has no place for the article; a page may well bear "cookies" in its body's class."""
    if any(element_name(each) in ("main", "article", "h1", "body") for each in element.iter()):
        return False
    return len(all_text(element)) <= _MAX_BANNER_CHARS


def _integer(value: str | None, default: int) -> int:
    return int(value) if value and value.lstrip("-").isdecimal() and len(value) < 10 else default


def html_blocks(root: etree._Element) -> Iterator[Block]:
    """The headings, paragraphs, list items and tables below an element, in reading order."""
    return _Walk().blocks(root)
