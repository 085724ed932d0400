"""A judge of entailment that needs nothing but words: for tests, smoke runs, and answers that quote."""

from __future__ import annotations

import re

from docqa.text import word_strings

_MIN_SHARE = 0.8
_STOPWORDS = frozenset(
    "a also an and are as at be been but by can did do does for from had has have he her his in into is it its may not "
    "of on or she should than that the their them then there these they this those to was were what when where which "
    "who will with would".split()
)


def lexical_entails(premise: str, claim: str) -> bool:
    """Whether the premise holds 80 % of the claim's content words and all of its numbers. No judge of meaning."""
    content = {word.casefold() for word in word_strings(claim)} - _STOPWORDS
    found = {word.casefold() for word in word_strings(premise)}
    numbers = {word for word in content if re.search(r"\d", word)}
    return bool(content) and numbers <= found and len(content & found) >= _MIN_SHARE * len(content)
