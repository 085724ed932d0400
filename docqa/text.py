"""Blocks, sentences and words of plain text, each with its offsets; knows no page, no file format and no language.

The text is taken as PDFs give it: a line break is white space unless it ends a block (a blank line, a list item, a
table row, a heading, the short last line of a paragraph). Every character that is not white space belongs to exactly
one sentence. The rules are one regular expression for candidates and a few tests for each of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters: of one page's clean text, unless something else is said."""

    start_char: int
    end_char: int


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Scripts that put no space between words: Han, kana, Thai, Lao, Burmese, Khmer; and Hangul, which glues particles on.
UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109d\u1100-\u11ff\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003134f"
)
# Marks that belong to a word though `\w` does not say so: accents, vowel signs, points, joiners.
_MARKS = (
    "\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07a6-\u07b0\u0900-\u0903\u093a-\u093c"
    "\u093e-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u09d7\u09e2\u09e3\u0a01-\u0a03\u0a3c-\u0a51"
    "\u0a70-\u0a75\u0a81-\u0a83\u0abc-\u0acd\u0ae2\u0ae3\u0b01-\u0b03\u0b3c-\u0b57\u0b62\u0b63\u0b82\u0bbe-\u0bcd\u0bd7"
    "\u0c00-\u0c04\u0c3c-\u0c56\u0c62\u0c63\u0c81-\u0c83\u0cbc-\u0cd6\u0ce2\u0ce3\u0d00-\u0d03\u0d3b-\u0d4d\u0d57\u0d62\u0d63"
    "\u0d81-\u0d83\u0dca-\u0ddf\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f84\u0f8d-\u0fbc\u135d-\u135f\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0\ufe20-\ufe2f"
)
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:(?:[-'.&]|(?<=\d),(?=\d))[A-Za-z0-9]+)*")


@cache
def _word() -> re.Pattern[str]:
    """Hyphens, apostrophes, dots and ampersands join ("state-of-the-art", "l'homme", "U.S", "AT&T"), commas between
    digits.

    Compiled when first used: the classes are large, and importing this module should cost nothing.
    """
    core = rf"[^\W_{UNSPACED}]+(?:[{_MARKS}]+[^\W_{UNSPACED}]*)*"
    return re.compile(rf"[{UNSPACED}]+|{core}(?:(?:[-\u2010\u2011'\u2019.&]|(?<=\d),(?=\d)){core})*")


@cache
def _unspaced_character() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}]")


_OPENERS = "\"'\u2018\u201c\u201e\u00ab\u2039([{\u00bf\u00a1\u300c\u300e\u3010\uff08"
_CLOSERS = "\"'\u2019\u201d\u00bb\u203a)\\]}"
# A stop with white space or the end after it; brackets, quotes and reference numbers "[12]" may stand between.
# East Asian stops need no space. U+037E is the Greek question mark.
_STOP = re.compile(
    r"[.!?\u2026\u037e\u061f\u06d4\u0589\u0964\u0965\u1362\u1367\u1368\u104b\u17d4\u17d5]+"
    rf"[{_CLOSERS}]*(?:[ \u00a0\u202f]\u00bb(?=\s|$))?(?:\[[\d,\u2013 -]{{1,12}}\])*(?=\s|$)"
    r"|(?<=[a-z][a-z][a-z])\.(?=[A-Z][a-z]*\s[a-z])"  # the space is missing: "irrelevant content.To mitigate"
    r"|[\u3002\uff01\uff1f\uff61]+[\u300d\u300f\u3011\uff09\u201d\u2019)\]]*|\uff0e(?!\d)"
)
_LAST_TOKEN = re.compile(r"\S{1,24}\Z")
_NEXT_WORD = re.compile(rf"\s*(?:[-\u2013\u2014]\s)?[{_OPENERS}]*(\w[\w'\u2019]*)?")

_NEVER_LAST = _words_of(
    "mr mrs ms mx messrs mmes dr drs prof profs st ste sen rep rev hon gov gen col capt cpt cmdr lt sgt pres supt e.g "
    "i.e eg ie "
    "cf vs viz ca approx resp incl excl esp "
    "hr fr frl dipl ing mag z.b d.h u.a o.ä s.o s.u i.d.r bzw vgl ggf evtl bspw sog zzgl inkl insb hrsg abb "
    "mme mlle mgr p.ex env sra srta dña ud uds sig sigg dott avv pag pág págs núm bijv dhr mevr d.w.z m.b.t o.a "
    "т.е т.к т.н им ул г-н г-жа рис напр"
)
_BEFORE_NUMBER = _words_of(
    "no nos nr núm num fig figs figure eq eqs eqn sec sect secs ch chap vol vols p pp pg art arts para paras tab tbl "
    "ref refs "
    "app ex ed par pt ver v st abb kap bd s n abs anm ziff rz §  cl item line col rn стр гл п"
)
_SELDOM_LAST = _words_of(
    "al etc inc ltd co corp llc plc cie bros dept univ assn est ave blvd rd jr sr ph.d m.d b.a m.a a.m p.m u.s u.k u.n "
    "e.u "
    "d.c jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat usw etc. enz ss "
    "gmbh ed eds trans pat op"
)
# Words that often open a sentence and hardly ever follow an abbreviation inside of one.
_STARTERS = _words_of(
    "a after all although an and another any as at because before both but by despite during each finally first for "
    "from "
    "furthermore he hence her his how however if in is it its later many more moreover most my nevertheless not now of "
    "on once one our several she since so some such that the their then there therefore these they this those though "
    "thus "
    "to today two under unlike until upon we what when where whether which while who why with you your "
    "der die das ein eine es er sie wir im in am bei nach seit mit für auf aber und le la les un une il elle ils nous "
    "ce cette "
    "dans en el los las una ella y pero lo gli di nel i o os as um uma ele de het een"
)
_MONTHS_AFTER_ORDINAL = _words_of(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert "
    "jahrhunderts "
    "januari februari marts maj juni juli augustus oktober december århundrede århundre"
)

_STRONG_BULLET = re.compile(
    r"[\u2022\u2023\u25e6\u25aa\u25ab\u25cf\u25cb\u25a0\u25a1\u2043\u2219\u27a2\u2713\u2714\u25b6\u25ba\uf0b7\uf0a7]\s*\S"
)
_WEAK_BULLET = re.compile(
    r"(?:[-*+\u2013\u2014]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|\[\d{1,3}\]|\d{1,2}(?:\.\d{1,2}){1,4}\.?)\s+\S"
)
_MARKER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxlIVXL]{1,5})[.)]+\Z")
_LABEL = re.compile(
    r"(?:Fig|Figs|Figure|Table|Tab|Abb|Abbildung|Tabelle|Listing|Scheme|Box|Exhibit)\.?\s[A-Z]?\d{1,3}[a-z]?\Z"
)
_NUMBERED_HEADING = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?|[A-Z]\.(?:\d{1,2}\.?)*|[IVX]{1,5}\.)\s+\w")
_MIN_WIDTH = 40  # characters: narrower columns than this are lists, verse or labels
_PARAGRAPH_LINE = 250  # characters: no printed line is that long, so its break is the author's


def words(text: str) -> list[Span]:
    """The words of a text in any script. A run of a script that writes no spaces (Han, kana, Thai) is one span."""
    return [Span(*match.span()) for match in _word().finditer(text)]


def word_strings(text: str) -> list[str]:
    """The words as `words` finds them, without their offsets."""
    return _ASCII_WORD.findall(text) if text.isascii() else _word().findall(text)


_NAME = re.compile(r"(?<=[\w,;:)] )[A-Z][\w'’-]*\w")
_NOT_NAMES = frozenset("I The A An In On At Of And Or But It He She They This That These Those".split())


def names(text: str) -> list[str]:
    """The words that begin with a capital where no sentence does, in order: names, mostly.

    >>> names("Does the Bank of Tidewater lend to Ada's firm?")
    ['Bank', 'Tidewater', "Ada's"]
    """
    return [name for name in _NAME.findall(text) if name not in _NOT_NAMES]


def count_words(text: str) -> int:
    """Roughly how many words a reader would count; two characters of an unspaced script make one word."""
    n_spaced = len(text.split())
    return n_spaced if text.isascii() else n_spaced + len(_unspaced_character().findall(text)) // 2


def has_unspaced(text: str) -> bool:
    """Whether a character belongs to a script that puts no space between words."""
    return not text.isascii() and _unspaced_character().search(text) is not None


def sentences(text: str, start: int = 0) -> list[Span]:
    """Cut a text into sentences; `start` is added to every offset.

    The spans are in order, do not overlap, neither begin nor end with white space, and cover everything else. A
    heading, a list item and a table row (a line with tabs) are sentences of their own.

    >>> [s for s in sentences("See Fig. 3 by J. Smith et al. (2019). It rose 3.5 %.")]
    [Span(start_char=0, end_char=37), Span(start_char=38, end_char=52)]
    """
    borders = _block_borders(text)
    cuts = sorted({*borders, *_stops(text, borders)})
    return list(_spans(text, cuts, start))


def blocks(text: str, start: int = 0) -> list[Span]:
    """Cut a text into blocks: paragraphs, headings, list items and table rows; offsets as in `sentences`."""
    return list(_spans(text, _block_borders(text), start))


def lines(text: str, start: int = 0) -> list[Span]:
    """The lines that are not blank, without the white space around them; offsets as in `sentences`."""
    return list(_spans(text, [match.start() for match in re.finditer("\n", text)], start))


def _spans(text: str, cuts: Sequence[int], start: int) -> Iterator[Span]:
    previous = 0
    for cut in (*cuts, len(text)):
        piece = text[previous:cut]
        stripped = piece.strip()
        if stripped:
            first = start + previous + len(piece) - len(piece.lstrip())
            yield Span(first, first + len(stripped))
        previous = cut


def _stops(text: str, borders: Sequence[int]) -> Iterator[int]:
    """The offsets after stops that end a sentence."""
    for match in _STOP.finditer(text):
        if _ends_sentence(text, match.start(), match.end(), borders):
            yield match.end()


def _ends_sentence(text: str, stop: int, end: int, borders: Sequence[int]) -> bool:
    if text[stop] > "\u2fff" and text[stop] in "\u3002\uff01\uff1f\uff61\uff0e":
        return True
    following = _NEXT_WORD.match(text, end)
    assert following is not None  # the pattern matches the empty string
    word = following.group(1) or ""
    if word[:1].islower() or text[end : end + 1] == "\t" or text[end : end + 2] == " .":  # ". . .": spaced dots
        return False
    if end - stop > 3 and text[stop : stop + 4] == "....":  # dot leaders before a page number
        return not word[:1].isdigit()
    if text[stop] != "." or text.startswith("..", stop):
        return True
    token = _LAST_TOKEN.search(text, max(0, stop - 24), stop)
    if token is None:
        return False
    opening = _block_before(text, stop, borders)
    if _MARKER.match(opening + ".") or _LABEL.match(opening):
        return False
    before = token.group().lstrip(_OPENERS)
    gap = text[following.start() : following.start(1)] if word else ""
    return not _is_abbreviation(before, word, gap, text[following.end() : following.end() + 1])


def _block_before(text: str, stop: int, borders: Sequence[int]) -> str:
    """The text from the start of the block to `stop`, or "" when that is more than a label could be."""
    i = bisect_right(borders, stop)
    start = borders[i - 1] if i else 0
    return text[start:stop].strip() if stop - start < 32 else ""


def _is_abbreviation(token: str, word: str, gap: str, follows: str) -> bool:
    """Whether the dot after `token` belongs to it; `gap` stands between that and the next `word`, `follows` after
    it."""
    key = token.casefold()
    if "." not in key and "-" in key:
        key = key.rsplit("-", 1)[1] if not key.startswith("г-") else key
    if key in _NEVER_LAST:
        return True
    starts_number = word[:1].isdigit() or (len(word) <= 4 and word.isupper() and set(word) <= set("IVXLC"))
    if key in _BEFORE_NUMBER and starts_number:
        return True
    if key == "al" and "(" in gap:
        return True
    if key.isdigit():
        return len(key) <= 2 and word.casefold() in _MONTHS_AFTER_ORDINAL
    if token == "v" or (token in ("c", "d") and starts_number):  # "Sparf v. United States", "(c. 1455)"
        return True
    if not word:
        return False
    if len(word) == 1 and word.isupper() and len(token) == 1 and token.isupper() and follows.startswith("."):
        return True  # "E. O. Wilson"
    is_initial = len(token) == 1 and token.isalpha() and token.isupper()
    is_dotted = len(token) > 2 and all(len(part) <= 2 and part.isalpha() for part in token.split("."))
    if is_initial or (is_dotted and "." in token) or key in _SELDOM_LAST:
        return word.casefold() not in _STARTERS and "\u201c" not in gap and '"' not in gap
    return False


def _block_borders(text: str) -> list[int]:
    """Offsets of the line breaks that end a block."""
    if "\n" not in text:
        return []
    rows = text.split("\n")
    width = _line_width(rows)
    borders = []
    position = -1
    for line, following in pairwise(rows):
        position += len(line) + 1
        if _ends_block(line.strip(), following.strip(), "\t" in line or "\t" in following, width):
            borders.append(position)
    return borders


def _line_width(rows: Sequence[str]) -> int:
    """How long a full line of this text is, in characters: the 80th percentile of its lines, at least `_MIN_WIDTH`."""
    lengths = sorted(len(row) for row in rows if row)
    return max(_MIN_WIDTH, lengths[len(lengths) * 4 // 5]) if lengths else _MIN_WIDTH


def _ends_block(line: str, following: str, tabbed: bool, width: int) -> bool:
    if not line or not following or tabbed:
        return True
    if len(line) >= _PARAGRAPH_LINE:  # a digit on its own line is a subscript: "O\\n2"
        return not (following[0].isdigit() and line[-1].isalnum())
    if _STRONG_BULLET.match(following):
        return True
    first = following[0]
    is_short = len(line) < 0.6 * min(width, _PARAGRAPH_LINE)
    if _WEAK_BULLET.match(following) and (line[-1] in ".:;!?" or is_short or _is_numbered_heading(line)):
        return True
    if first.islower() or first in ",;:.!?)]}%\u2019\u201d" or line[-1] in ",-\u2010\u2013\u2014(":
        return False
    return is_short or _is_numbered_heading(line)


def _is_numbered_heading(line: str) -> bool:
    return len(line) < 80 and line[-1] not in ".,;:!?" and _NUMBERED_HEADING.match(line) is not None
