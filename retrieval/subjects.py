"""Names that a whole document is about: its passages say "we" and "the company", or nothing, and mean them.

A name of the question is one when it stands in the document's file name, on the upper part of its first page, or on two
in five of its pages, running heads included. A passage is then read as if the name stood above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docqa.documents import Document
from docqa.text import names

_N_FIRST_CHARS = 600
_FIRST_SHARE = 0.1  # of a short document's first page: its title, and not its text
_N_PAGES_LOOKED_AT = 20
_MIN_SHARE = 0.4
_MIN_PAGES = 5


def subject_of(question: str, document: Document) -> str:
    """The names of the question that the document as a whole is about, in their order; "" for none."""
    asked = list(dict.fromkeys(re.sub(r"['’]s?$", "", name) for name in names(question)))
    if not asked or not document.pages:
        return ""
    first = document.pages[0].text
    n_chars = _N_FIRST_CHARS if len(document.pages) >= _MIN_PAGES else int(_FIRST_SHARE * len(first))
    head = f"{document.name} {first[:n_chars]}".casefold()
    looked_at = _spread(document) if len(document.pages) >= _MIN_PAGES else []
    return " ".join(name for name in asked if _holds(head, name) or _is_everywhere(name, looked_at))


def _spread(document: Document) -> list[str]:
    step = max(1, len(document.pages) // _N_PAGES_LOOKED_AT)
    return [document.pages[i].text.casefold() for i in range(0, len(document.pages), step)]


def _is_everywhere(name: str, pages: Sequence[str]) -> bool:
    return bool(pages) and sum(_holds(page, name) for page in pages) >= _MIN_SHARE * len(pages)


def _holds(text: str, name: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(name.casefold())}(?![^\W_])", text) is not None
