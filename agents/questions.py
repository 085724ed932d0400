"""What kind of question it is, told by its words: rules for English, and `fact` whenever none fits."""

from __future__ import annotations

import re

from docqa.agents.reasoner import QuestionKind

_DOCUMENT = r"(document|report|paper|contract|manual|file|text|log|book)s?\b"
_PATTERNS: tuple[tuple[QuestionKind, str], ...] = (
    ("summary", r"\b(summar(y|i[sz]e)|overview|gist|(main|key) (points?|idea|message|takeaways?|findings))\b"),
    ("summary", r"\bwhat (is|are) (this|the|these) " + _DOCUMENT + r" about\b"),
    ("comparison", r"\b(compar(e|ed|ing|ison)|versus|vs\.?|contrast)\b"),
    ("comparison", r"\bdiffer(s|ence|ences|ent)?\b.*\b(between|from|and)\b"),
    ("aggregation", r"^\s*(list|enumerate|count)\b|\b(list|name|give)( me)? (all|every|each)\b"),
    ("aggregation", r"\bhow many different\b|\bhow many\b.*\b(are|were) (mentioned|listed|described|named)\b"),
    ("aggregation", r"\bhow many\b.*\b(does|do|in|throughout|across) (the|this|these) (whole |entire )?" + _DOCUMENT),
    ("aggregation", r"\bhow many times\b|\b(which|what) are all\b|\ball of the\b.*\?"),
    ("reason", r"^\s*(why|how (do|does|did|can|could|should|would|is|are|was|were|to))\b"),
    ("reason", r"\bexplain\b|\bfor what reason\b"),
    ("location", r"^\s*(on (which|what) page|in (which|what) (section|chapter|table|figure))\b"),
    ("location", r"\bwhere (in|on) the (document|report|text)\b"),
)
_RULES = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)


def kind_of(question: str) -> QuestionKind:
    """The kind of a question.

    >>> kind_of("What was the revenue in 2021?"), kind_of("Why did sales fall?"), kind_of("Summarise the report.")
    ('fact', 'reason', 'summary')
    """
    return next((kind for kind, pattern in _RULES if pattern.search(question)), "fact")
