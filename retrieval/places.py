"""Pages and sections that a question names ("on page 14", "the last page", "in section 4.2"): only there to look.

Who wrote a document, what it is called and when it appeared stands on its first pages.

A number means the page with that printed label and the physical page of that number, as a person may count either way.
A document whose parts have no numbers is searched as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docqa.documents import Document, Page, Passage

_COUNTS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_FRONT = "cover|front|title|opening"
_BACK = "last|final|closing|back"
_COUNT = rf"(?:{'|'.join(_COUNTS)})\b"
_ROMAN = r"(?-i:[ivxl]{2,}|[vx]|i(?=\s*(?:[?.,;:]|$)))\b"
_NUMBER = rf"(?:\d{{1,5}}\b(?![.,]\d)|{_COUNT}|{_ROMAN})"
_LEADING = r"(?:\b(?i:on|in|at|from|of|under) )?(?:\b(?i:the) )?"
_PREPOSITION = re.compile(r"^(?:on|in|at|from|of|under) ", re.IGNORECASE)
_OUTSIDE = "before after until than like past as follows following".split()
_ELSEWHERE = "".join(f"(?<!{word} )" for word in _OUTSIDE)
_EXAMPLE = rf"(?<![\[(\"'“‘]){_ELSEWHERE}"
_NUMBERED = re.compile(
    rf"{_LEADING}{_EXAMPLE}\b(?:pages?|pp?\.|slides?)(?: (?:number|no\.?))? ?"
    rf"(?P<list>{_NUMBER}(?:(?: ?[-–,&] ?| to | and | or |, and )(?:page |slide )?{_NUMBER})*)",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    rf"{_LEADING}{_EXAMPLE}\b(?:very )?"
    rf"(?P<which>second[- ]last|penultimate|{'|'.join(_ORDINALS)}|\d{{1,4}}(?:st|nd|rd|th)|{_FRONT}|{_BACK})"
    rf"(?: (?P<count>\d{{1,3}}|{'|'.join(_COUNTS)}))? (?:cover )?(?:pages?|slides?)\b"
    r"(?!-| (?:limits?|formats?|numbers?|elements?|layouts?|sizes?|breaks?|counts?|designs?|headers?|footers?)\b)",
    re.IGNORECASE,
)
_WORK = (
    r"(?:document|report|paper|article|book|manual|presentation|slides?|slide deck|deck|contract|agreement|thesis|file|"
    r"text|pdf|study|brochure|leaflet|letter)"
)
_OF_ITSELF = re.compile(
    rf"(?:please |can you )?(?:(?:what|who|when|tell me|give me|name)(?:['’]s| is| are| was| were)? )?(?:the )?"
    rf"(?:(?:full|publication|issue|release) )?"
    rf"(?:(?P<title>title)|(?P<author>authors?|presenters?|editors?)|publishers?|date|version|edition)"
    rf" of (?:this|the) {_WORK}|"
    rf"(?P<wrote>who) (?:wrote|authored|published|prepared|produced|presented|edited|issued) (?:this|the) {_WORK}|"
    rf"when was (?:it|(?:this|the) {_WORK}) (?:published|written|issued|released|printed)",
    re.IGNORECASE,
)
_N_FRONT_PAGES = 2
_PART = r"(?:\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})*|[IVXLC]{1,6})\b"
_SINGULAR = {"appendices": "appendix", "annexes": "annex", "annex": "annex"}
_BESIDE = "|".join(rf"(?<=\b{word} )" for word in "does do is are summarise summarize compare with than to and".split())
_SECTION = re.compile(
    rf"(?:^|\b(?i:on|in|at|from|of|under) (?i:the )?|{_BESIDE})"
    r"(?i:(?P<kind>sections?|chapters?|clauses?|articles?|appendix|appendices|annex(?:es)?|parts?|items?|units?)) "
    rf"(?P<list>{_PART}(?:(?:, | and | or ){_PART})*+)"
    r"(?!\(|\.\d| of the [A-Z]| of [A-Z]| (?:have|need|should|must|can|want|will|am|had|do|did|was)\b)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Pages and sections that a question names; `wording` is how it puts that, such as "on the last two pages".

    `sections` are patterns of headings, `labels` numbers of pages as they are printed or counted, `positions` indices
    from the first page, or, where they are negative, from the last.
    """

    wording: str
    labels: frozenset[str] = frozenset()
    positions: frozenset[int] = frozenset()
    sections: tuple[re.Pattern[str], ...] = ()

    def is_heading(self, heading: str) -> bool:
        """Whether a heading is that of a section that is meant."""
        return any(section.match(heading.strip()) for section in self.sections)

    def indices(self, pages: Sequence[Page]) -> frozenset[int] | None:
        """Those of these pages that are meant; None where parts have no numbers."""
        slides = [page.place.removeprefix("slide ") if page.place.startswith("slide ") else "" for page in pages]
        if not any(page.number is not None or slide for page, slide in zip(pages, slides, strict=True)):
            return None
        by_label = {
            page.index
            for page, slide in zip(pages, slides, strict=True)
            if {str(page.number), (page.label or "").casefold(), slide} & self.labels
        }
        counted = {pages[i].index for i in self.positions if -len(pages) <= i < len(pages)}
        return frozenset(by_label | counted)


def place_in(question: str) -> Place | None:
    """The pages and sections that a question names, None when it names none.

    >>> place_in("What is the fax number on page fourteen?").labels
    frozenset({'14'})
    >>> sorted(place_in("Summarise pages 3-5.").labels), place_in("Who signs on the last page?").positions
    (['3', '4', '5'], frozenset({-1}))
    >>> place_in("How many pages does it have?")
    """
    if is_of_itself(question):
        if is_title(question) or is_author(question):
            return Place("on the first page", positions=frozenset({0}))
        return Place("on the first pages", positions=frozenset(range(_N_FRONT_PAGES)))
    numbered, ordered = list(_NUMBERED.finditer(question)), list(_ORDERED.finditer(question))
    parts = list(_SECTION.finditer(question))
    pages = [_PREPOSITION.sub("", found.group().strip()) for found in (*numbered, *ordered)]
    sections = [_PREPOSITION.sub("", found.group().strip()) for found in parts]
    wording = " and ".join([*(f"on {page}" for page in pages), *(f"in {section}" for section in sections)])
    if not wording:
        return None
    labels = (label for found in numbered for label in _labels(found["list"]))
    return Place(
        wording,
        frozenset(labels),
        frozenset(n for found in ordered for n in _positions(found)),
        tuple(_heading_of(found["kind"], label) for found in parts for label in re.findall(_PART, found["list"])),
    )


def is_of_itself(question: str) -> bool:
    """Whether the title, an author or the date of the document itself is asked for.

    >>> is_of_itself("Who wrote this report?"), is_of_itself("What is the title of the report on dams?")
    (True, False)
    """
    return _of_itself(question) is not None


def is_title(question: str) -> bool:
    """Whether the title of the document itself is asked for.

    >>> is_title("What is the title of this paper?"), is_title("Who wrote this paper?")
    (True, False)
    """
    found = _of_itself(question)
    return found is not None and found["title"] is not None


def is_author(question: str) -> bool:
    """Whether it is asked who wrote or presents the document itself.

    >>> is_author("Who wrote this paper?"), is_author("When was it published?")
    (True, False)
    """
    found = _of_itself(question)
    return found is not None and (found["author"] or found["wrote"]) is not None


def _of_itself(question: str) -> re.Match[str] | None:
    return _OF_ITSELF.fullmatch(question.strip().rstrip("?!. "))


def without_place(question: str) -> str:
    """The question without the words that name a page or section, which say nothing of the matter.

    >>> without_place("What is the fax number on page 14?")
    'What is the fax number?'
    """
    rest = _SECTION.sub(" ", _ORDERED.sub(" ", _NUMBERED.sub(" ", question)))
    if rest == question:
        return question
    rest = re.sub(r"\b(?:says?|states?)\b", " ", rest)
    plain = re.sub(r" (?=[?.,;:!])", "", " ".join(rest.split())).lstrip(" ,:")
    return plain if re.search(r"\w", plain) else question


@dataclass(frozen=True, slots=True)
class Selection:
    """Positions in a list of passages, of those that stand where the question says, and how it puts that."""

    positions: tuple[int, ...]
    wording: str


def selected(
    question: str, documents: Sequence[Document], passages: Callable[[], Sequence[Passage]]
) -> Selection | None:
    """Those of the documents' passages that stand where the question says; None where it says nothing of the kind.

    A document without page numbers is taken whole, and so is all when no heading is that of a section that is named.
    """
    place = place_in(question)
    if place is None:
        return None
    pages = {document.id: place.indices(document.pages) for document in documents if place.labels or place.positions}
    known = {name: indices for name, indices in pages.items() if indices is not None}
    given = passages()
    positions = [i for i, p in enumerate(given) if p.page in known.get(p.document_id, (p.page,))]
    inside = [i for i in positions if any(place.is_heading(heading) for heading in given[i].headings)]
    if not known and not inside:
        return None
    return Selection(tuple(inside or positions), place.wording)


def _heading_of(kind: str, label: str) -> re.Pattern[str]:
    """What a heading of that section looks like: "4.2 Output" or "Section 4.2", but "Appendix B" in full."""
    singular = _SINGULAR.get(kind.casefold(), kind.casefold().rstrip("s"))
    named = rf"{singular}\s+{re.escape(label)}(?![\w]|\.\d)"
    if singular not in ("section", "chapter", "clause", "§"):
        return re.compile(named, re.IGNORECASE)
    alone = rf"{re.escape(label)}(?:\.(?!\d)|(?=[ \t:)]))" if label[0].isdigit() else rf"{re.escape(label)}\."
    return re.compile(rf"{named}|§ ?{re.escape(label)}(?![\w]|\.\d)|(?-i:{alone})", re.IGNORECASE)


def _labels(text: str) -> list[str]:
    """The numbers of an enumeration with ranges."""
    labels: list[str] = []
    parts = re.findall(rf"{_NUMBER}| to |[-–]", text, re.IGNORECASE)
    for i, part in enumerate(parts):
        if part.strip() in ("to", "-", "–"):
            low, high = (_value(parts[j]) for j in (i - 1, i + 1))
            if low.isdigit() and high.isdigit():
                labels += [str(n) for n in range(int(low) + 1, min(int(high), int(low) + 1000))]
        else:
            labels.append(_value(part))
    return labels


def _value(word: str) -> str:
    plain = word.casefold()
    return str(_COUNTS.index(plain) + 1) if plain in _COUNTS else plain


def _positions(found: re.Match[str]) -> list[int]:
    which = found["which"].casefold().replace("-", " ")
    if which in ("second last", "penultimate"):
        return [-2]
    n = int(_value(found["count"])) if found["count"] else 1
    if re.fullmatch(_BACK, which):
        return list(range(-n, 0))
    start = _ORDINALS.index(which) if which in _ORDINALS else int(re.sub(r"\D", "", which) or 1) - 1
    return list(range(start, start + n)) if start >= 0 else []
