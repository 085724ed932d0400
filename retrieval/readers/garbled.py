"""Tell text whose glyphs have no trustworthy Unicode values from text that is merely unusual; knows no file format.

Three kinds of damage are found. Characters that no text has: replacement marks, private use, unassigned, control
codes, "(cid:12)". Glyph codes that were taken for characters, which gives a soup of signs or of accented letters.
And text in which letters were exchanged for others, known by pairs of letters that no language in Latin script has.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_CID = re.compile(r"\(cid:\d{1,5}\)")
_ODD = re.compile("[\x00\x01\x03-\x08\x0e-\x1a\x7f-\x84\x86-\x9f\ufffd]")
# Outside the blocks that most text is written in, where hardly a code point is unassigned.
_UNCOMMON = re.compile("[^\x00-\u036f\u0400-\u052f\u2000-\u22ff\u3041-\u9fff\uac00-\ud7a3]")
_SIGN = re.compile(r"[!-/:-@\[-`{-~]")
_LEADER = re.compile(r"([.\-_=*#~])\1{2,}")
_ACCENTED = re.compile(r"[\u00c0-\u00ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_WORD = re.compile(r"(?<![\w+/=@#\\.-])[A-Za-z]?[a-z]{2,14}(?![\w+/=@\\-])")

# Letters, each with those that follow it in fewer than 0.1 % of the letter pairs of every one of 42 languages: counted
# over Django's translation catalogues (about 25,000 characters a language) and 400,000 of English Wikipedia. The share
# of such pairs was at most 2.2 % in any 2,000 characters of these, 4.3 % in a language left out of the count, 4.6 % in
# Python source; of 500 texts of 2,000 characters in random substitution ciphers, 95 % had 13 % or more.
_RARE_AFTER = (
    "bdfgkmpqtvwz cdfgmnpqvx dbcfpqvx fbcdgkmpqvwxz gbcmpqvxz hcghqxz jbfghjlpqrvwxy kbdfgpqx lbpqrxz mcdfgqrxz nqx "
    "pbdfjkmqvwxz qbcdfghjkmnpqrsvwxyz rpqx sqx tbcdjq uq vbcdfghkmpqtvwxz wbdfklmqtvxz xbcdfghjkmnpqrsuvwxyz yjqx "
    "zfjpqrx"
)
_RARE_PAIR = re.compile("|".join(f"{group[0]}(?=[{group[1:]}])" for group in _RARE_AFTER.split()))

_HALF = 0.5
_ODD_SHARE = 0.08
_SIGN_SHARE = 0.5
_ACCENTED_SHARE = 0.5
_RARE_SHARE = 0.13
_MIN_ODD = 3
_MIN_CHARS = 80
_MIN_LETTERS = 40
_MIN_PAIRS = 150
_SAMPLE_CHARS = 450


def is_garbled(text: str, n_unmapped: int = 0) -> bool:
    """Say whether the text of a page is so damaged that OCR of the page would be better.

    `n_unmapped` counts glyphs that are on the page and have no Unicode value at all, when the reader knows it.
    """
    return garbled_score(text, n_unmapped) >= _HALF


def garbled_score(text: str, n_unmapped: int = 0) -> float:
    """Return how damaged the text is, from 0.0 (clean) to 1.0; 0.5 and more counts as garbled.

    Odd characters are counted in the whole text, letter pairs in two samples of it. Takes about 0.1 ms a page.
    """
    sample = text if len(text) <= 2 * _SAMPLE_CHARS else _middle(text, 0.15) + " " + _middle(text, 0.6)
    shares = (
        _odd_share(text, n_unmapped) / _ODD_SHARE,
        _sign_share(sample) / _SIGN_SHARE,
        _accented_share(sample) / _ACCENTED_SHARE,
        _rare_pair_share(sample) / _RARE_SHARE,
    )
    return min(1.0, _HALF * max(shares))


def _middle(text: str, place: float) -> str:
    start = int(place * len(text))
    return text[start : start + _SAMPLE_CHARS]


def _odd_share(text: str, n_unmapped: int) -> float:
    """Return the share of characters that no text has. U+0002 and U+FFFE are PDFium's marks for a soft hyphen."""
    cids = _CID.findall(text) if "(cid:" in text else []
    n_odd = n_unmapped + len(cids) + len(_ODD.findall(text))
    if not text.isascii():
        for char, n in Counter(_UNCOMMON.findall(text)).items():
            n_odd += n * (unicodedata.category(char) in {"Co", "Cn"} and char != "\ufffe")
    n_chars = len(text) - text.count(" ") - text.count("\n") - sum(map(len, cids)) + len(cids) + n_unmapped
    return n_odd / n_chars if n_odd >= _MIN_ODD else 0.0


def _sign_share(text: str) -> float:
    """Return the share of punctuation among visible characters when it is of many kinds and no leader or ruling."""
    if len(_SIGN.findall(text)) < 0.5 * _SIGN_SHARE * len(text):
        return 0.0
    bare = "".join(_LEADER.sub("", text).split())
    signs = _SIGN.findall(bare)
    return len(signs) / len(bare) if len(bare) >= _MIN_CHARS and len(set(signs)) >= 12 else 0.0


def _accented_share(text: str) -> float:
    """Return the share of Latin letters with an accent: Cyrillic or Greek that was taken for Latin-1 has only such."""
    accented = len(_ACCENTED.findall(text))
    if accented < _MIN_LETTERS:
        return 0.0
    return accented / len(_LATIN.findall(text))


def _rare_pair_share(text: str) -> float:
    """Return the share of letter pairs that are rare in every language, in words that are written small.

    Capitals only, digits and signs inside a word mark acronyms, formulas, identifiers and sequences: left out.
    """
    words = _WORD.findall(text)
    joined = " ".join(words).lower()
    n_pairs = len(joined) + 1 - 2 * len(words)
    return len(_RARE_PAIR.findall(joined)) / n_pairs if n_pairs >= _MIN_PAIRS else 0.0
