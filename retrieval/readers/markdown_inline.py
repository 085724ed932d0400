"""Markdown within a line: what links, emphasis, code and escapes look like when they are shown."""

from __future__ import annotations

import html
import re

# Each alternative is bounded, so that a line of nothing but marks costs no more than its length.
_INLINE = re.compile(
    r"(?P<ticks>`{1,8})(?P<code>[^`].{0,998}?|[^`])(?P=ticks)(?!`)"
    r"|!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,500})\]\((?:<[^>]{0,1000}>|[^()\s]{0,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?)"
    r"(?:\s+(?:\"[^\"]{0,300}\"|'[^']{0,300}'))?\s?\)"
    r"|!?\[(?P<label>[^\[\]]{1,300})\]\[[^\[\]]{0,200}\]"
    r"|<(?P<address>(?:https?|mailto|ftp):[^<>\s]{1,1000})>"
    r"|(?P<tag></?[A-Za-z][A-Za-z0-9-]{0,30}(?:\s[^<>]{0,500})?/?>)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])",
    re.S,
)
_STRONG = re.compile(
    r"(?<![\w*_\\])(\*\*\*|___|\*\*|__)(?=\S)(.{1,1000}?)(?<=\S)\1(?![\w_])|(\*\*)(?=\S)([^*]{1,1000}?)(?<=\S)\3", re.S
)
_EMPHASIS = re.compile(
    r"(?<![\w*\\])\*(?=[^\s*])([^*]{1,1000}?)(?<=\S)\*(?!\*)|(?<![\w_\\])_(?=[^\s_])([^_]{1,1000}?)(?<=\S)_(?!\w)"
)
_STRUCK = re.compile(r"~~(?=\S)([^~]{1,1000}?)(?<=\S)~~")
_PIPE = re.compile(r"(?<!\\)\|")
_HOLD, _FIRST_HELD = "\ue000", 0xF0000


def shown(text: str) -> str:
    """The text as a reader of the rendered page sees it; what is in doubt stays as it was written.

    >>> shown("**Bold**, [a link](http://a.b), `code_*x*`, 2 * 3 * 4 and snake_case_name")
    'Bold, a link, code_*x*, 2 * 3 * 4 and snake_case_name'
    """
    if not any(mark in text for mark in "`[<\\*_~&"):
        return text
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        if match["text"] is not None or match["label"] is not None:
            return _INLINE.sub(hold, match["text"] if match["text"] is not None else match["label"])
        if match["tag"] is not None:
            return "\n" if match["tag"][1:3].lower() == "br" else ""
        held.append(match["code"] or match["address"] or match["escaped"] or "")
        return f"{_HOLD}{chr(_FIRST_HELD + len(held) - 1)}" if len(held) < 0xFFF0 else held[-1]

    text = _INLINE.sub(hold, text.replace(_HOLD, ""))
    text = _STRONG.sub(lambda match: match[2] or match[4], text)
    text = _STRUCK.sub(r"\1", _EMPHASIS.sub(lambda match: match[1] or match[2], text))
    text = html.unescape(text)
    return re.sub(f"{_HOLD}(.)", lambda match: held[ord(match[1]) - _FIRST_HELD].strip(), text, flags=re.S)


def cells_of(line: str) -> list[str]:
    """The cells of a row of a pipe table."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [" ".join(shown(cell.replace("\\|", "|")).split()) for cell in _PIPE.split(inner)]
