"""Styles and list numbers of a Word document: what makes a paragraph a heading, hidden, or "3.2"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docqa.retrieval.readers.safe_xml import Element, attribute, child, children, integer

_HEADING_NAME = re.compile(r"heading ([1-9])", re.I)
_OFF = ("0", "false", "off", "none")
_MAX_STYLE_DEPTH = 20
_MAX_LEVELS = 9
# Text of at most one point is there to be found by machines, not to be read.
_TINY_HALF_POINTS = 2


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph or character style says about reading, inheritance included. `level` 0: no heading."""

    name: str = ""
    level: int = 0
    hidden: bool = False
    number_id: str = ""
    number_level: int = -1


class Styles:
    """The styles of a document by their ids; an unknown id is the plain style."""

    def __init__(self, root: Element | None) -> None:
        self._elements = {attribute(each, "styleId") or "": each for each in children(root, "style")}
        self._known: dict[str, Style] = {}
        defaults = (key for key, each in self._elements.items() if attribute(each, "default") in ("1", "true", "on"))
        self._default = next((key for key in defaults if attribute(self._elements[key], "type") == "paragraph"), "")

    def get(self, style_id: str | None) -> Style:
        """The style of that id, the document's default paragraph style for None."""
        key = self._default if style_id is None else style_id
        if key not in self._known:
            self._known[key] = self._inherited(key)
        return self._known[key]

    def _inherited(self, key: str) -> Style:
        chain = list(self._chain(key))
        if not chain:
            return Style(key.casefold())
        name = (_name(chain[0]) or key).casefold()
        levels = (outline_level(child(each, "pPr")) for each in chain)
        level = next((level for level in levels if level is not None), 0)
        named = next((match for each in chain if (match := _HEADING_NAME.fullmatch(_name(each)))), None)
        hidden = next((value for each in chain if (value := is_hidden(child(each, "rPr"))) is not None), False)
        number = next((found for each in chain if (found := numbering(child(each, "pPr")))), ("", -1))
        return Style(name, int(named[1]) if named else level, hidden, *number)

    def _chain(self, key: str) -> Iterator[Element]:
        for _ in range(_MAX_STYLE_DEPTH):
            element = self._elements.get(key)
            if element is None:
                return
            yield element
            key = attribute(child(element, "basedOn"), "val") or ""


def _name(style: Element) -> str:
    return attribute(child(style, "name"), "val") or ""


def outline_level(properties: Element | None) -> int | None:
    """The heading level (1-9) of paragraph properties, 0 for body text, None when they say nothing."""
    outline = child(properties, "outlineLvl")
    if outline is None:
        return None
    level = integer(outline, "val", 9)
    return level + 1 if 0 <= level < 9 else 0


def is_hidden(properties: Element | None) -> bool | None:
    """Whether run properties hide the text, None when they say nothing."""
    vanish = child(properties, "vanish")
    if vanish is not None:
        return (attribute(vanish, "val") or "1") not in _OFF
    size = child(properties, "sz")
    return True if size is not None and 0 < integer(size, "val", 99) <= _TINY_HALF_POINTS else None


def numbering(properties: Element | None) -> tuple[str, int] | None:
    """The list (its id) and level that paragraph properties name; level -1 when they leave it out."""
    number = child(properties, "numPr")
    if number is None:
        return None
    return attribute(child(number, "numId"), "val") or "", integer(child(number, "ilvl"), "val", -1)


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str
    start: int
    style_id: str


class Numbers:
    """The running numbers of lists and numbered headings."""

    def __init__(self, root: Element | None) -> None:
        abstract = {attribute(each, "abstractNumId"): each for each in children(root, "abstractNum")}
        self._levels: dict[str, list[_Level]] = {}
        self._lists: dict[str, str] = {}
        self._counters: dict[str, list[int]] = {}
        for each in children(root, "num"):
            key = attribute(child(each, "abstractNumId"), "val")
            number_id = attribute(each, "numId") or ""
            overrides = {integer(o, "ilvl"): o for o in children(each, "lvlOverride")}
            self._levels[number_id] = list(_levels(abstract.get(key), overrides))
            # Lists of one abstract definition count on together, unless a list says that it starts anew.
            restarts = any(child(o, "startOverride") is not None for o in overrides.values())
            self._lists[number_id] = f"num {number_id}" if restarts else f"abstract {key}"

    def next(self, number_id: str, level: int, style_id: str = "") -> str:
        """Count one paragraph of a list and return its marker: "•", "3.2", "(b)"; "" when the list is unknown."""
        levels = self._levels.get(number_id)
        if not levels:
            return ""
        if level < 0:
            level = next((i for i, each in enumerate(levels) if style_id and each.style_id == style_id), 0)
        level = min(level, len(levels) - 1)
        counters = self._counters.setdefault(self._lists[number_id], [each.start - 1 for each in levels])
        for index in range(min(level, len(counters) - 1) + 1):
            if index == level or counters[index] < levels[index].start:
                counters[index] += 1
        counters[level + 1 :] = [each.start - 1 for each in levels[level + 1 :]]
        return _marker(levels, counters, level)


def _levels(abstract: Element | None, overrides: dict[int, Element]) -> Iterator[_Level]:
    for index, element in enumerate(children(abstract, "lvl")):
        if index == _MAX_LEVELS:
            return
        override = overrides.get(index)
        replaced = child(override, "lvl")
        source = element if replaced is None else replaced
        start = integer(child(override, "startOverride"), "val", integer(child(source, "start"), "val", 1))
        kind, text, style_id = (attribute(child(source, name), "val") for name in ("numFmt", "lvlText", "pStyle"))
        yield _Level(kind or "decimal", text or "", start, style_id or "")


def _marker(levels: list[_Level], counters: list[int], level: int) -> str:
    kind = levels[level].format
    if kind == "bullet":
        return "•"
    if kind == "none":
        return ""

    def number(match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        if index >= len(levels) or index >= len(counters):
            return ""
        return _FORMATS.get(levels[index].format, str)(counters[index])

    return re.sub("%([1-9])", number, levels[level].text).strip()


def _letters(number: int) -> str:
    # Word goes on with aa, bb, cc after z.
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9) if number > 0 else str(number)


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    text = ""
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    for value, letters in zip(
        values, ["m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"], strict=True
    ):
        count, number = divmod(number, value)
        text += letters * count
    return text


_FORMATS: dict[str, Callable[[int], str]] = {
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "decimalZero": lambda number: f"{number:02d}",
}
