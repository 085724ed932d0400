"""Numbers and codes of a question that stand nowhere in the documents: proof that they do not speak of them.

Only what can hardly be written another way counts: years, other numbers of three digits or more that are not round,
decimals but halves, and codes such as "AR03"; neither small counts, ordinals and units nor "CO2". On 449 answerable
questions about held-out articles, papers and reports it never fires, on those that a report nearly answers for one in
ten (`benchmarks/refusal_fit.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from docqa.documents import Document
from docqa.retrieval.languages import Analyser, is_yes_or_no, without_examples
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.places import without_place

_CODE = re.compile(r"(?<![\w.,-])(?:[0-9][0-9,]*(?:\.[0-9]+)?|(?=[A-Za-z]*[0-9])[A-Za-z0-9]+)(?![\w-])(?![.,][0-9])")
_LIMIT = re.compile(
    r"\b(?:before|after|since|until|till|by|over|under|above|below|than|least|most|to|about|around|nearly|almost|roughly|"
    r"maximum|minimum|length|limit)\W+$",
    re.IGNORECASE,
)
_PERIOD = re.compile(r"(?:fy|cy|q|h)\d+", re.IGNORECASE)
_LENGTH = re.compile(
    r"\s*(?:words?|char(?:acter)?s?|letters?|sentences?|paragraphs?|tokens?|lines?|pages?|bullets?|items?|seconds?|"
    r"minutes?)\b",
    re.IGNORECASE,
)
_MIN_DIGITS = 3
_MIN_DIGITS_OF_CODE = 2
_MAX_PAGES = 5_000  # that are read through for it


def codes_in(question: str) -> tuple[str, ...]:
    """The numbers and codes of a question that count, as they are written.

    >>> codes_in("Which market has code AR03 in the top 10 of 2024, on page 300?")
    ('AR03', '2024')
    """
    if is_yes_or_no(question):  # "can a child of 125 cm ride?" is answered by "at least 140 cm"
        return ()
    plain = without_examples(without_place(question))
    return tuple(found.group().rstrip(",") for found in _CODE.finditer(plain) if _counts(found, plain))


def _counts(found: re.Match[str], question: str) -> bool:
    code = found.group().replace(",", "")
    n_digits = sum(c.isdigit() for c in code)
    if _PERIOD.fullmatch(code) or _LENGTH.match(question, found.end()) or _LIMIT.search(question[: found.start()]):
        return False
    if not code.replace(".", "").isdigit():
        return code[0].isalpha() and n_digits >= _MIN_DIGITS_OF_CODE
    if "." in code:
        return not code.endswith(".5")
    return n_digits >= _MIN_DIGITS and int(code) % 100 != 0 and code != "365"


def absent(question: str, indexes: Iterable[LexicalIndex], documents: Sequence[Document]) -> tuple[str, ...]:
    """Those that no document holds, be it in a running head; none is said to be absent from more than 5,000 pages.

    The pages are read only for what no index has.
    """
    codes = dict.fromkeys(codes_in(question))
    n_asked = len(codes)
    for index in indexes:
        analyser = Analyser(index.language)
        for code in list(codes):
            if any(term in index.vocabulary for term in analyser.terms_of(code)):
                del codes[code]
    if len(codes) < n_asked and re.search(r"\bor\b", question):
        return ()  # "in 1988 or 1987": one of them is there
    if codes and sum(len(document.pages) for document in documents) <= _MAX_PAGES:
        texts = [_squeezed(page.text) for document in documents for page in document.pages]
        return tuple(code for code in codes if not any(form in text for form in _forms(code) for text in texts))
    return ()


def _forms(code: str) -> set[str]:
    """How else it may be written: without a plural, a zero before or behind, or its letters; "FY24" for 2024."""
    plain = _squeezed(code)
    forms = {plain, plain.removesuffix("s")}
    if "." in code:
        forms |= {_squeezed(code.rstrip("0").rstrip(".")), plain.lstrip("0")}
    elif plain.isdigit():
        forms |= {f"fy{plain[2:]}"} if len(plain) == 4 else set()
    else:
        forms |= set(re.findall(r"\d{2,}", plain))
    return forms - {""}


def _squeezed(text: str) -> str:
    """Without what parts groups of digits, or a word at the end of a line, and without case."""
    return re.sub(r"[\s,.'\u2019_/-]", "", unicodedata.normalize("NFKC", text)).casefold()
