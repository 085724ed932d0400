"""Which language a document is in, and how its words become the terms of the index.

The language is found by script and by function words, once, when a document is read. A term is a word without what
varies: case, accents, endings, the way a number is grouped. Documents and questions go through the same `Analyser`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from docqa.retrieval.stopwords import asking, languages, stopwords
from docqa.text import UNSPACED, word_strings

VERSION = "3"  # changes whenever the same text would give other terms

_SAMPLE_CHARS = 60_000
_MAX_TERM_CHARS = 64
_MIN_FUNCTION_WORDS = 2  # different ones: a single one may be a name, as "Ada" is Indonesian for "there is"
_STEMMERS = {
    "": "english",  # unknown: labels and tables mostly, where English endings do the least harm
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_COMMA_DECIMAL = frozenset({
    "bg", "ca", "cs", "da", "de", "el", "es", "fi", "fr", "hu", "id", "it", "nl", "no", "pl", "pt", "ro", "ru", "sv",
    "tr", "uk",
})  # fmt: skip
_UNACCENTED = frozenset({"", "en"})  # their stemmers know no accents: folded before
_ELIDING = frozenset({"fr", "it", "ca"})

# Scripts that one language of those we name writes nearly alone; the others are told apart by their function words.
_SCRIPTS = {
    "Latn": r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]",
    "Cyrl": r"[\u0400-\u04ff]",
    "Arab": r"[\u0620-\u064a\u066e-\u06d3]",
    "Deva": r"[\u0904-\u0939]",
    "kana": r"[\u3041-\u30ff]",
    "zh": r"[\u4e00-\u9fff]",
    "el": r"[\u0370-\u03ff]", "he": r"[\u05d0-\u05ea]", "ko": r"[\uac00-\ud7a3]", "th": r"[\u0e01-\u0e3a]",
    "hy": r"[\u0531-\u0587]", "ka": r"[\u10a0-\u10ff]", "bn": r"[\u0985-\u09b9]", "pa": r"[\u0a05-\u0a39]",
    "gu": r"[\u0a85-\u0ab9]", "ta": r"[\u0b85-\u0bb9]", "te": r"[\u0c05-\u0c39]", "kn": r"[\u0c85-\u0cb9]",
    "ml": r"[\u0d05-\u0d39]", "si": r"[\u0d85-\u0dc6]", "lo": r"[\u0e81-\u0eb3]", "my": r"[\u1000-\u102a]",
    "km": r"[\u1780-\u17b3]", "am": r"[\u1200-\u135a]", "bo": r"[\u0f40-\u0f6c]",
}  # fmt: skip
_SCRIPT_PATTERNS = {name: re.compile(pattern) for name, pattern in _SCRIPTS.items()}
_LANGUAGES_OF = {
    "Latn": tuple(c for c in languages() if c not in {"ru", "uk", "bg", "el", "ar", "fa", "ur", "he", "hi"}),
    "Cyrl": ("ru", "uk", "bg"),
    "Arab": ("ar", "fa", "ur"),
    "Deva": ("hi",),
}

_HAN_OR_KANA = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_PARTS = re.compile(r"[-\u2010\u2011'\u2019.&,]")
_GROUPED_BY_COMMA = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_GROUPED_BY_DOT = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_ARABIC_FOLD = str.maketrans("ىةٱکی", "يهاكي", "\u0640")


def detect_language(texts: Iterable[str]) -> str:
    """The language (ISO 639-1) of the texts of one document, in order; "" when they do not show it.

    Reads about 60,000 characters at most.
    """
    sample = _sample(texts)
    counts = {name: len(pattern.findall(sample)) for name, pattern in _SCRIPT_PATTERNS.items()}
    if counts["kana"] > 0.1 * (counts["kana"] + counts["zh"]):
        return "ja"
    script = max(counts, key=lambda name: counts[name] * (2 if name in ("zh", "ko") else 1))
    if not counts[script]:
        return ""
    return _by_stopwords(sample, _LANGUAGES_OF[script]) if script in _LANGUAGES_OF else script


def _sample(texts: Iterable[str]) -> str:
    pieces: list[str] = []
    n_chars = 0
    for text in texts:
        pieces.append(text[:4000])  # many pages rather than the first ones, which may be a title and a contents page
        n_chars += len(pieces[-1])
        if n_chars >= _SAMPLE_CHARS:
            break
    return "\n".join(pieces)


def _by_stopwords(sample: str, candidates: tuple[str, ...]) -> str:
    """The candidate whose function words cover most of the sample; a word shared by n languages counts 1/n."""
    counts = Counter(map(_as_stopword, word_strings(sample)))
    sharing = Counter(word for language in candidates for word in stopwords(language))
    scores = {
        language: sum(counts[word] / sharing[word] for word in stopwords(language) if word in counts)
        for language in candidates
    }
    best = max(candidates, key=lambda language: scores[language])
    n_different = sum(word in counts for word in stopwords(best))
    is_shown = scores[best] > 0.02 * counts.total() and n_different >= _MIN_FUNCTION_WORDS
    return best if is_shown else ""


_YES_OR_NO = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|shall|should|will|would|am)\b", re.IGNORECASE
)


def is_yes_or_no(question: str) -> bool:
    """Whether an English question asks for yes or no.

    >>> is_yes_or_no("Was the service safe?"), is_yes_or_no("What was safe?")
    (True, False)
    """
    return _YES_OR_NO.match(question) is not None


def without_examples(question: str) -> str:
    """The question without what brackets give as an example of the reply, such as ["1", "2"]."""
    return re.sub(r"\[[^\]]*\]", " ", question)


def question_language(question: str, documents: Iterable[str]) -> str:
    """The language whose function words say nothing in this question: as a rule the documents' that has most of them.

    The documents' languages come in order; "" is unknown. A German contract may be asked about in English, so another
    language is taken when it has twice as many of the words, not merely more: a name lends a question words of its
    own language ("Who designed La Scala de Milan?").
    """
    asked = {_as_stopword(word) for word in word_strings(question)}
    found = {language: len(asked & stopwords(language)) for language in languages()}
    home = max((language or "en" for language in documents), key=lambda language: found.get(language, 0), default="en")
    best = max(found, key=lambda language: found[language])
    return best if found[best] >= max(_MIN_FUNCTION_WORDS, 2 * found.get(home, 0)) else home


def is_stopword(word: str, language: str) -> bool:
    """Whether a word of a question in this language says nothing about its subject."""
    return _as_stopword(word) in stopwords(language)


def asking_characters(word: str) -> frozenset[int]:
    """Which characters of a question's run of Han and kana say nothing about its subject ("是谁", "はいつですか")."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    if not _HAN_OR_KANA.search(folded):
        return frozenset()
    language = "ja" if _SCRIPT_PATTERNS["kana"].search(folded) else "zh"
    return frozenset(i for match in asking(language).finditer(folded) for i in range(*match.span()))


def _as_stopword(word: str) -> str:
    return word.casefold().replace("\u2019", "'")


class Analyser:
    """Turns words of one language into index terms. Holds caches and a stemmer: one for each thread."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._cache: dict[str, tuple[str, ...]] = {}
        self._stem = _stemmer(language)

    def terms(self, text: str) -> list[str]:
        """The terms of a text in order, function words included."""
        return [term for word in word_strings(text) for term in self.terms_of(word)]

    def terms_of(self, word: str) -> tuple[str, ...]:
        """The terms of one word as `docqa.text` finds it; a compound gives its parts and itself without hyphens."""
        terms = self._cache.get(word)
        if terms is None:
            terms = self._cache[word] = self._analyse(word[:_MAX_TERM_CHARS])
        return terms

    def _analyse(self, word: str) -> tuple[str, ...]:
        folded = unicodedata.normalize("NFKC", word).casefold() if not word.isascii() else word.lower()
        if not folded.isascii():
            if _UNSPACED_RUN.fullmatch(folded):
                return _bigrams(folded)
            folded = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded.replace("\u00ad", ""))
        if folded.isalpha():
            return (self._term(folded),)
        if folded[0].isdigit():
            number = self._number(folded)
            if number:
                return (number,)
        return self._compound(folded)

    def _number(self, word: str) -> str:
        """One spelling of a number ("1,821.5" and "1821.5"), "" when the word is none."""
        if _GROUPED_BY_COMMA.fullmatch(word) and not (self.language in _COMMA_DECIMAL and word.count(",") == 1):
            return word.replace(",", "")
        if self.language in _COMMA_DECIMAL:
            if _GROUPED_BY_DOT.fullmatch(word):
                return word.replace(".", "").replace(",", ".")
            word = word.replace(",", ".")
        return word if _NUMBER.fullmatch(word) and "," not in word else ""

    def _compound(self, word: str) -> tuple[str, ...]:
        parts = [part for part in _PARTS.split(word) if part]
        if len(parts) == 1:
            return (self._term(parts[0]),)
        if "'" in word or "\u2019" in word:
            return self._with_apostrophe(word)
        whole = "".join(parts)
        if all(len(part) == 1 for part in parts):  # "U.S.", "e.g."
            return (whole,)
        return (*(self._term(part) for part in parts), self._term(whole))

    def _with_apostrophe(self, word: str) -> tuple[str, ...]:
        head, _, tail = word.replace("\u2019", "'").partition("'")
        if self.language in _ELIDING and tail:  # "l'homme", "dell'arte"
            parts = (head, tail) if len(head) > 2 else (tail,)
            return tuple(term for part in parts for term in self._analyse(part))
        if tail in ("s", "re", "ve", "ll", "d", "m"):  # "John's"
            return self._analyse(head)
        return (self._term(head + tail.replace("'", "")),)

    def _term(self, word: str) -> str:
        """Stem first, since stemmers know accents, then fold them, since people leave them out."""
        if word.isascii():
            return self._stem(word) if word.isalpha() else word
        word = unicodedata.normalize("NFC", word)
        if self.language in _UNACCENTED or "\u0590" < word[0] < "\u0700":
            return self._stem(_fold(word).translate(_ARABIC_FOLD))
        return _fold(self._stem(word))


def _stemmer(language: str) -> Callable[[str], str]:
    name = _STEMMERS.get(language)
    if name is None:
        return str
    import Stemmer  # compiled; only where a language has a stemmer

    stem: Callable[[str], str] = Stemmer.Stemmer(name).stemWord
    return stem


def _bigrams(run: str) -> tuple[str, ...]:
    """Overlapping character pairs, then the characters themselves, which only one-character questions look up."""
    return (*(run[i : i + 2] for i in range(len(run) - 1)), *run)


def _fold(word: str) -> str:
    """Strip accents and points of Latin, Greek, Cyrillic, Hebrew and Arabic; other scripts' marks are vowels."""
    if not ("\u00bf" < word[0] < "\u0700" or word[0] < "\u0080" or "\u1e00" <= word[0] < "\u2000"):
        return word
    decomposed = unicodedata.normalize("NFD", word)
    plain = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return plain.replace("\u0131", "i").replace("\u00f8", "o").replace("\u0142", "l")
