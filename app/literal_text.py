"""Text of documents, models and people as the page may hand it to Streamlit, which reads Markdown everywhere."""

from __future__ import annotations

import re

from docqa.answers import one_line

_SPECIAL = re.compile(
    r"[\\`*\[\]<>#|~$:&@^]"  # markup, links, pictures, formulas, Streamlit's directives and icons, entities
    r"|(?<!\w)_|_(?!\w)"  # emphasis; within a word an underscore is one
    r"|(?<=\bwww)\."  # what becomes a link by itself
    r"|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]"  # lists and rules
)


def literal(text: str) -> str:
    r"""Text on one line that Markdown shows as it is: no markup, no link, no picture, no formula.

    >>> print(literal("![x](http://host/a.png) <b> $1$ :red[a] a_b.pdf _c_"))
    !\[x\](http\://host/a.png) \<b\> \$1\$ \:red\[a\] a_b.pdf \_c\_
    """
    return _SPECIAL.sub(r"\\\g<0>", one_line(text))
