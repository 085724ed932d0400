"""From PDFium's raw text to clean text: line ends, hyphens at line ends, ligatures, odd spaces and signs.

Knows nothing of positions on the page. Every change is recorded, so that clean text still leads to the glyphs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from docqa.retrieval.readers.pdf.mapped_text import MappedText, RawSpan, joined

HYPHEN = "\ufffe"
"""What PDFium puts in the place of a hyphen at a line end (having dropped the line end) and of unmapped glyphs."""

_BULLETS = "\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc"
_SPACE = " \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DROPPED = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\uffff"
_PRINTED_LINE = re.compile(r"[^\r\n]+")
# One character class, so that a line with nothing to change is passed over quickly.
_SPECIAL = re.compile(rf"[{_SPACE[1:]}{HYPHEN}\ufb00-\ufb06{_DROPPED}{_BULLETS}\u0300-\u036f\ud800-\udfff]")
_CHANGED = re.compile(
    rf"(?P<space>[{_SPACE}]{{2,}}|[{_SPACE[1:]}])"
    rf"|(?P<hyphen>{HYPHEN})"
    r"|(?P<ligature>[\ufb00-\ufb06])"
    rf"|(?P<dropped>[{_DROPPED}]+)"
    rf"|(?P<bullet>[{_BULLETS}])"
    r"|(?P<accented>\w[\u0300-\u036f]+)"
    r"|(?P<surrogates>[\ud800-\udfff]+)"
)
_BULLET = "•"
# "un-based" and "cor-related" do not exist, "touch-based" and "long-term" are written with their hyphen.
_COMPOUND_ENDS = frozenset({"based", "owned", "term", "driven", "oriented", "specific"})
_WORD_BEFORE = re.compile(r"[\w-]{1,30}$")
_WORD_AFTER = re.compile(r"[\r\n]*([\w-]{1,30})")

IsHyphen = Callable[[int], bool]


def clean(raw: str, is_hyphen: IsHyphen = lambda _: True) -> MappedText:
    """Return the clean text of a page with its map to the raw text.

    `is_hyphen` tells for the index of a U+FFFE whether PDFium means a hyphen by it; others stand for unmapped
    glyphs and become U+FFFD.

    >>> clean("con\\ufffesists of\\xa0 \\r\\n\\ufb01gs ").text
    'consists of\\nfigs'
    """
    return joined(_pieces(raw, is_hyphen))


def _pieces(raw: str, is_hyphen: IsHyphen) -> Iterator[tuple[str, RawSpan]]:
    """Yield the clean pieces of all lines that have any, with a line end between two lines."""
    is_first = True
    cut = False  # the line before ends in a hyphen that PDFium has left in front of a line end
    for found in _PRINTED_LINE.finditer(raw):
        line = found.group()
        stripped = line.strip()
        if not stripped:
            continue
        start = found.start() + line.index(stripped[0])
        if not is_first and not cut:
            yield "\n", RawSpan(start, start)
        yield from _line(raw, start, start + len(stripped), is_hyphen)
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
    elif kind == "hyphen":
        yield _hyphen(raw, first, is_hyphen), RawSpan(first, last)
    elif kind in ("ligature", "accented"):
        spelt_out = unicodedata.normalize("NFKC", text) if kind == "ligature" else unicodedata.normalize("NFC", text)
        yield spelt_out, RawSpan(first, last)
    elif kind == "bullet":
        yield _BULLET, RawSpan(first, last)
    elif kind == "surrogates":
        yield _repaired(text), RawSpan(first, last)


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
    if after in _COMPOUND_ENDS and len(before) > 2:
        return True
    return f"{before}-{after}" in raw and before + after not in raw


def _repaired(text: str) -> str:
    """Put surrogates right that a right-to-left line has swapped; what has no partner becomes U+FFFD.

    >>> _repaired("\\udc00\\ud835") == "\\U0001d400"
    True
    """
    swapped = re.sub(r"([\udc00-\udfff])([\ud800-\udbff])", r"\2\1", text)
    return swapped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
