"""What kind of question it is, told by its words: rules for English, and `fact` whenever none fits."""

from __future__ import annotations

import re

from docqa.agents.reasoner import QuestionKind
from docqa.retrieval.languages import is_stopword, is_yes_or_no, question_language
from docqa.retrieval.places import place_in, without_place
from docqa.text import word_strings

_DOCUMENT = r"(document|report|paper|contract|manual|file|text|log|book)s?\b"
_TELLS = r"(?=\s*[?.!,;]|\s*$| (name|mention|list|describe|contain|ha(ve|s)|include|cover|discuss|show|in total)\b)"
_TOLD = r"(mention|appear|occur|use|cite|refer|name|list|repeat|write|written|print)\w*\b"
_PATTERNS: tuple[tuple[QuestionKind, str], ...] = (
    ("summary", r"\b(summar(y|i[sz]e)|overview|gist|(main|key) (points?|idea|message|takeaways?|findings))\b"),
    ("summary", r"\bwhat (is|are) (this|the|these) " + _DOCUMENT + r" about\b"),
    ("comparison", r"\b(compar(e|ed|ing|ison)|versus|vs\.?|contrast)\b"),
    ("comparison", r"\bdiffer(s|ence|ences|ent)?\b.*\b(between|from|and)\b"),
    ("aggregation", r"^\s*(list|enumerate|count)\b|\b(list|name|give)( me)? (all|every|each)\b"),
    ("aggregation", r"\bhow many different\b|\bhow many\b.*\b(are|were) (mentioned|listed|described|named)\b"),
    (
        "aggregation",
        r"\bhow many\b.*\b(does|do|in|throughout|across) (the|this|these) (whole |entire )?" + _DOCUMENT + _TELLS,
    ),
    ("aggregation", r"\bhow many times\b.*\b" + _TOLD + r"|\b(which|what|who) are all\b"),
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
    >>> kind_of("What does section 4.4 say?"), kind_of("What does section 4.4 say of prices?")
    ('summary', 'fact')
    """
    if _asks_what_stands_there(question):
        return "summary"
    return next((kind for kind, pattern in _RULES if pattern.search(question)), "fact")


_SAYING = frozenset(
    "say says said state states discuss discusses discussed cover covers contain contains describe describes about "
    "tell tells present presents show shows happen happens deal deals concern concerns read reads content "
    "contents".split()
)


def _asks_what_stands_there(question: str) -> bool:
    """Whether nothing is asked but what a page or section says."""
    rest = without_place(question)
    if place_in(question) is None or rest == question:
        return False
    language = question_language(question, ["en"])
    return all(word.casefold() in _SAYING or is_stopword(word, language) for word in word_strings(rest))


_HEADING = re.compile(r"\b(titled?|headings?|headlines?|captions?|sections?|chapters?|called|named?)\b", re.IGNORECASE)


def asks_for_heading(question: str) -> bool:
    """Whether a heading may be what is asked for, and not only where to look.

    >>> asks_for_heading("What is the title of the report?"), asks_for_heading("What is the main conclusion?")
    (True, False)
    """
    return _HEADING.search(question) is not None


_SOURCE = re.compile(
    r"\b(papers?|articles?|authors?|wrote|written|cit(?:e[sd]?|ing|ations?)|references?|publi(?:sh(?:ed|er)?|cations?)|"
    r"stud(?:y|ies)|books?|journals?|proceedings|conference|arxiv|doi|proposed|introduced|et al)\b",
    re.IGNORECASE,
)


def asks_for_source(question: str) -> bool:
    """Whether an entry of a list of references may be what is asked for.

    >>> asks_for_source("Which paper introduced it?"), asks_for_source("What is beam search?")
    (True, False)
    """
    return _SOURCE.search(question) is not None


def says_nothing_new(question: str, sentence: str) -> bool:
    """Whether a sentence has no word but the question's and function words, where more than yes or no is asked for.

    >>> says_nothing_new("What is the seat of Hamilton County?", "HAMILTON COUNTY")
    True
    >>> says_nothing_new("Was the service safe?", "The service was not safe.")
    False
    """
    if is_yes_or_no(question):
        return False
    language = question_language(question, ["en"])
    asked = {word.casefold() for word in word_strings(question)}
    return all(word.casefold() in asked or is_stopword(word, language) for word in word_strings(sentence))


REQUEST_WORDS = frozenset(
    "list enumerate count name give show find tell many number all every each any different times occur occurs appear "
    "appears mention mentions mentioned describe describes described report reports reported record records recorded "
    "answer answers format formatted form example examples integer return write "
    "contain contains contained include includes included document documents paper papers contract contracts manual "
    "manuals file files text texts log logs book books section sections page pages total altogether whole "
    "entire".split()
)
"""Words of a request itself, which say nothing of its subject."""

_SUMMARY_WORDS = frozenset(
    "summarize summarise summarized summarised summary summaries overview gist brief outline main key point points "
    "idea ideas message takeaway takeaways finding findings meeting discussion discuss discussed discussions write "
    "sentence sentences chapter".split()
)


def subject_words(question: str) -> tuple[str, ...]:
    """The words of a request for a summary that name what it should be about.

    >>> subject_words("Give me a summary of the discussion about solar panels.")
    ('solar', 'panels')
    """
    language = question_language(question, ["en"])
    words = dict.fromkeys(word_strings(question))
    return tuple(
        w
        for w in words
        if w.casefold() not in REQUEST_WORDS | _SUMMARY_WORDS | _SAYING and not is_stopword(w, language)
    )
