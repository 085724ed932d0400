"""Clean text: what invisible characters and runs of white space become; knows no file format."""

from __future__ import annotations

import re

# Control characters but tab, newline and the breaks that `_BREAKS` handles; soft hyphen, zero-width space, word joiner,
# byte order mark, direction marks and overrides, tag characters (used to smuggle unseen text), noncharacters.
# U+200C and U+200D stay: they carry meaning in Persian and in the scripts of India.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNCOMMON = re.compile("[^\n -~\xa1-\xac\xae-\u1fff]")
_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_AROUND_BREAK = re.compile(r" ?\n ?")
_ANY_SPACE = re.compile(r"\s{2,}|[^\S ]")


def visible(text: str) -> str:
    """Drop characters that show nothing; a lone surrogate becomes U+FFFD; every line break becomes a newline."""
    if not _UNCOMMON.search(text):
        return text
    return _BREAKS.sub("\n", _SURROGATES.sub("\ufffd", _DROPPED.sub("", text)))


def clean_line(text: str) -> str:
    """One line: every run of white space, line breaks included, becomes one space."""
    # Most cells of most tables: nothing to do, five times as fast.
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _ANY_SPACE.sub(" ", visible(text)).strip()


def clean_lines(text: str) -> str:
    """Lines stay lines; every other run of white space becomes one space, and no line begins or ends with one."""
    text = _SPACES.sub(" ", visible(text)).strip()
    return _AROUND_BREAK.sub("\n", text) if " \n" in text or "\n " in text else text


def clean_code(text: str) -> str:
    """Lines stay lines and keep their indentation: for program text and typewriter layouts."""
    lines = (_SPACES.sub(" ", rest) for rest in visible(text).expandtabs(4).split("\n"))
    indents = (len(line) - len(line.lstrip(" ")) for line in visible(text).expandtabs(4).split("\n"))
    joined = "\n".join(" " * indent + line.strip() for indent, line in zip(indents, lines, strict=True))
    return joined.strip("\n").rstrip()
