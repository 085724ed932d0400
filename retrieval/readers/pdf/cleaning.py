"""From PDFium's raw text to clean text: line ends, hyphens at line ends, ligatures, odd spaces and signs.

Knows nothing of positions on the page. Every change is recorded, so that clean text still leads to the glyphs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from docqa.retrieval.readers.pdf.mapped_text import MappedText, RawSpan, joined

HYPHEN = "\ufffe"
"""What PDFium puts in the place of a hyphen at a line end (having dropped the line end) and of unmapped glyphs."""

_BULLETS = "\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc"
_SPACE = " \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DROPPED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\uffff"
_COMBINING = {
    "\xa8": "\u0308",
    "\xb4": "\u0301",
    "\xb8": "\u0327",
    "\u02c6": "\u0302",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02da": "\u030a",
    "\u02dc": "\u0303",
    "\u02dd": "\u030b",
}
_ACCENTS = "".join(_COMBINING)
_DOTTED = {"\u0131": "i", "\u0237": "j"}
_PRINTED_LINE = re.compile(r"[^\r\n]+")
# One character class, so that a line with nothing to change is passed over quickly.
_SPECIAL = re.compile(rf"[{_SPACE[1:]}{HYPHEN}\ufb00-\ufb06{_DROPPED}{_BULLETS}\u0300-\u036f\ud800-\udfff{_ACCENTS}]")
_CHANGED = re.compile(
    # Of a letter that TeX built from two, an accent before its letter; "y^ is" with a hat is left alone.
    r"(?P<built>(?:(?<=[^\W\d_]) )?[\xa8\xb4\xb8\u02c7\u02d8\u02dd] ?[^\W\d_]|[\u02c6\u02da\u02dc][^\W\d_])"
    rf"|(?P<space>[{_SPACE}]{{2,}}|[{_SPACE[1:]}])"
    rf"|(?P<hyphen>{HYPHEN})"
    r"|(?P<ligature>[\ufb00-\ufb06])"
    rf"|(?P<dropped>[{_DROPPED}]+)"
    rf"|(?P<bullet>[{_BULLETS}])"
    r"|(?P<accented>\w[\u0300-\u036f]+)"
    r"|(?P<surrogates>[\ud800-\udfff]+)"
)
_BULLET = "•"
# "un-based" and "cor-related" do not exist, "touch-based" and "long-term" are written with their hyphen.
_COMPOUND_ENDS = frozenset(
    "augmented average aware based defined driven ended focused friendly guided inspired intensive labeled leaning "
    "level listed making oriented owned performing quality related service sharing source specific speed term".split()
)
# After these neither an end above nor a hyphen elsewhere says anything: "outsource", "interrelated", "disservice".
_NO_COMPOUND = frozenset(
    "anti auto bio counter dis hyper inter meta micro mini mis multi neuro non out over post pre pro re semi socio sub "
    "super trans un under up".split()
)
_SELF = frozenset({"self", "cross"})
_SELF_SUFFIX = re.compile(r"(?:ish|less|same|ing|ed|es|er|ly|ness|wise|word|over|road|walk|bar)")
_WORD_BEFORE = re.compile(r"[\w-]{1,30}$")
_WORD_AFTER = re.compile(r"[\r\n]*([\w-]{1,30})")

_NONE: Mapping[int, str] = MappingProxyType({})
IsHyphen = Callable[[int], bool]


def clean(raw: str, is_hyphen: IsHyphen = lambda _: True, joints: Mapping[int, str] = _NONE) -> MappedText:
    """Return the clean text of a page with its map to the raw text.

    `is_hyphen` tells for the index of a U+FFFE whether PDFium means a hyphen by it; others stand for unmapped
    glyphs and become U+FFFD. `joints` maps the index of the first visible character of a line to what stands
    before it instead of a line end, where the line only goes on with the one before ("" or a space).

    >>> clean("con\\ufffesists of\\xa0 \\r\\n\\ufb01gs ").text
    'consists of\\nfigs'
    """
    return joined(_pieces(raw, is_hyphen, joints))


def _pieces(raw: str, is_hyphen: IsHyphen, joints: Mapping[int, str]) -> Iterator[tuple[str, RawSpan]]:
    """Yield the clean pieces of all lines that have any, with a line end between two lines."""
    is_first, end = True, 0
    is_plain = "  " not in raw and _SPECIAL.search(raw) is None
    cut = False  # the line before ends in a hyphen that PDFium has left in front of a line end
    for found in _PRINTED_LINE.finditer(raw):
        line = found.group()
        stripped = line.strip()
        if not stripped:
            continue
        start = found.start() + line.index(stripped[0])
        if start in joints:
            yield joints[start], RawSpan(end, start)
        elif not is_first and not cut:
            yield "\n", RawSpan(start, start)
        end = start + len(stripped)
        if is_plain:
            yield stripped, RawSpan(start, end)
        else:
            yield from _line(raw, start, end, is_hyphen)
        is_first, cut = False, stripped[-1] == HYPHEN


def _line(raw: str, start: int, end: int, is_hyphen: IsHyphen) -> Iterator[tuple[str, RawSpan]]:
    text = raw[start:end]
    if _SPECIAL.search(text) is None and "  " not in text:
        yield text, RawSpan(start, end)
        return
    position = start
    for found in _CHANGED.finditer(raw, start, end):
        first, last = found.span()
        if position < first:
            yield raw[position:first], RawSpan(position, first)
        yield from _replacement(raw, found, is_hyphen)
        position = last
    if position < end:
        yield raw[position:end], RawSpan(position, end)


def _replacement(raw: str, found: re.Match[str], is_hyphen: IsHyphen) -> Iterator[tuple[str, RawSpan]]:
    first, last = found.span()
    kind, text = found.lastgroup, found.group()
    if kind == "space":
        yield " ", RawSpan(first, first + 1)
    elif kind == "built":
        yield _built(text), RawSpan(first, last)
    elif kind == "hyphen":
        yield _hyphen(raw, first, is_hyphen), RawSpan(first, last)
    elif kind in ("ligature", "accented"):
        spelt_out = unicodedata.normalize("NFKC", text) if kind == "ligature" else unicodedata.normalize("NFC", text)
        yield spelt_out, RawSpan(first, last)
    elif kind == "bullet":
        yield _BULLET, RawSpan(first, last)
    elif kind == "surrogates":
        yield _repaired(text), RawSpan(first, last)


def _built(text: str) -> str:
    """Compose a letter from an accent and the letter after it; what makes no letter stays.

    >>> _built("\xb4\u0131"), _built(" \xa8 u"), _built("\xb4x")
    ('\xed', '\xfc', '\xb4x')
    """
    accent, letter = text.strip()[0], text[-1]
    composed = unicodedata.normalize("NFC", _DOTTED.get(letter, letter) + _COMBINING[accent])
    return composed if len(composed) == 1 else text


def _hyphen(raw: str, first: int, is_hyphen: IsHyphen) -> str:
    if not is_hyphen(first):
        return "\ufffd"
    before = _WORD_BEFORE.search(raw, max(0, first - 30), first)
    after = _WORD_AFTER.match(raw, first + 1)
    keep = before is None or after is None or _belongs(raw, before.group(), after.group(1))
    return "-" if keep else ""


def _belongs(raw: str, before: str, after: str) -> bool:
    """Say whether a hyphen at a line end belongs to the word: "Anglo-American", "six-in-ten", "mid-1800s"."""
    if not (before[-1].isalpha() and after[0].islower()):
        return True
    if "-" in before or "-" in after:
        return True
    first = before.lower()
    if first in _NO_COMPOUND or len(before) <= 2 or len(after) <= 2:
        return f"{before}-{after}" in raw and before + after not in raw
    if after in _COMPOUND_ENDS or (first in _SELF and not _SELF_SUFFIX.match(after)):
        return True
    return before + after not in raw and _is_part_of_compounds(raw, before, after)


def _is_part_of_compounds(raw: str, before: str, after: str) -> bool:
    """Say whether one of the halves has a hyphen elsewhere on the page: "fine-tuned" speaks for "fine-tuning"."""
    text = raw.casefold()
    first, second = f"{before.casefold()}-", f"-{after.casefold()}"
    if len(before) > 3 and any(
        not text[max(0, i - 1) : i].isalnum() and text[i + len(first) : i + len(first) + 3].isalpha()
        for i in _places(text, first)
    ):
        return True
    return len(after) > 4 and any(
        text[max(0, i - 3) : i].isalpha() and not text[i + len(second) : i + len(second) + 1].isalnum()
        for i in _places(text, second)
    )


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _repaired(text: str) -> str:
    """Put surrogates right that a right-to-left line has swapped; what has no partner becomes U+FFFD.

    >>> _repaired("\\udc00\\ud835") == "\\U0001d400"
    True
    """
    swapped = re.sub(r"([\udc00-\udfff])([\ud800-\udbff])", r"\2\1", text)
    return swapped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
