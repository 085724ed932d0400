"""Text of documents stays text in Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docqa.answers import one_line
from docqa.app.literal_text import literal

HOSTILE = (
    "![x](http://elsewhere.example/a.png)",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "www.elsewhere.example and http://elsewhere.example",
    ":red[no] :material/home: $x^2$ `code` **bold** ~~gone~~ &lt;",
    "| a | b |",
    "# heading",
    "- item",
    "1. item",
    "> quote",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markup_survives(text: str) -> None:
    escaped = literal(text)
    for opening in ("![", "](", "<", "`", "**", "~~", "$", ":red", ":material", "http:", "&lt;", "| a", "www.e"):
        at = escaped.find(opening)
        assert at < 0 or escaped[at - 1] == "\\" or (opening[-1] in "([" and escaped[at + len(opening) - 2] == "\\")
    assert not escaped.startswith(("#", "- ", "1. ", ">"))


@given(st.text())
def test_without_the_backslashes_it_is_the_text_again(text: str) -> None:
    plain, shown, escaped = one_line(text), "", iter(literal(text))
    for sign in escaped:
        shown += next(escaped) if sign == "\\" else sign
    assert shown == plain
