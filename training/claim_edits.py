"""Rules that make a claim from a question and its answer, and that change one detail of a sentence; knows no model."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import pairwise

from training.negatives import NAME_OR_NUMBER, names_and_numbers

_AUXILIARY = re.compile(r"\b(?:did|does|do|can|could|would|will|should|has|have|had)\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^(?:who|what|which(?:\s\w+){1,2}?)\s(?=(?:was|were|is|are|has|had)\b|\w+(?:ed|s)\b)", re.IGNORECASE
)
_COUNT = re.compile(r"^how (?:many|much)\s", re.IGNORECASE)
_WAS = re.compile(
    r"^(?:when|where) (was|were|is|are) (.+?) (\w+ed|born|built|held|located|found|made|written)\b(.*)$", re.IGNORECASE
)


def statement(question: str, answer: str) -> str:
    """The question with its answer as one statement, where a rule applies; otherwise both one after the other.

    >>> statement("Who designed the tower?", "Gustave Eiffel")
    'Gustave Eiffel designed the tower.'
    >>> statement("When was the bridge built?", "1932")
    'the bridge was built 1932.'
    >>> statement("Why did he leave?", "the war")
    'Why did he leave? the war'
    """
    body = question.strip().rstrip("?").strip()
    placed = _WAS.match(body)
    if placed:
        verb, subject, participle, rest = placed.groups()
        return f"{subject} {verb} {participle}{rest} {answer}."
    if _SUBJECT.match(body) and not _AUXILIARY.search(" ".join(body.split()[:4])):
        return _SUBJECT.sub(lambda _: f"{answer} ", body, count=1) + "."
    if _COUNT.match(body) and not _AUXILIARY.search(body):
        return _COUNT.sub(lambda _: f"{answer} ", body, count=1) + "."
    return f"{question.strip()} {answer}"


def kind_of(answer: str) -> str:
    """Coarse kind of an answer: number, name or words, so that a wrong one can be of the same kind."""
    if re.search(r"\d", answer):
        return "number"
    return "name" if answer[:1].isupper() else "words"


_NEGATABLE = re.compile(r"\b(is|are|was|were|can|could|will|would|should|may|(?:has|have|had)(?= been))\b(?! not)")
_NEGATED = re.compile(r"\b(is|are|was|were|can|could|will|would|do|does|did|has|have|had|should)(?: not|n't)\b")


def with_negation_changed(sentence: str) -> str | None:
    """The sentence with a "not" put in or taken out; None when no rule applies."""
    if _NEGATED.search(sentence):
        return _NEGATED.sub(lambda match: match.group(1), sentence, count=1)
    changed = _NEGATABLE.sub(lambda match: f"{match.group(1)} not", sentence, count=1)
    return None if changed == sentence else changed


def with_number_changed(sentence: str, rng: random.Random) -> str | None:
    """The sentence with one number changed; None when there is none."""
    numbers = list(re.finditer(r"\b\d[\d,]*(?:\.\d+)?\b", sentence))
    if not numbers:
        return None
    chosen = rng.choice(numbers)
    old = chosen.group()
    plain = old.replace(",", "")
    if "." in plain:
        new = f"{float(plain) * rng.choice((0.5, 0.8, 1.2, 1.5, 2, 10)):.{len(plain.split('.')[1])}f}"
    elif len(plain) == 4 and plain[0] in "12":
        new = str(int(plain) + rng.choice((-40, -11, -5, -2, -1, 1, 2, 4, 9, 30)))
    else:
        value = max(0, int(plain[:15]) + rng.choice((-3, -2, -1, 1, 2, 5, int(plain[:15]), int(plain[:15]) // 2 + 1)))
        new = f"{value:,}" if "," in old else str(value)
    return None if new == old else sentence[: chosen.start()] + new + sentence[chosen.end() :]


_MONTHS = "January February March April May June July August September October November December".split()


def with_name_changed(sentence: str, others: Sequence[str], rng: random.Random) -> str | None:
    """The sentence with one name or month changed to another that it does not hold."""
    months = [month for month in _MONTHS if re.search(rf"\b{month}\b", sentence)]
    if months and rng.random() < 0.5:
        return sentence.replace(months[0], rng.choice([month for month in _MONTHS if month not in months]), 1)
    names = [name for name in names_and_numbers(sentence) if not name[0].isdigit() and len(name) > 3]
    others = [name for name in others if not name[0].isdigit() and len(name) > 3 and name not in sentence]
    if not names or not others:
        return None
    return sentence.replace(rng.choice(names), rng.choice(others), 1)


_OPPOSITES = (
    "increased/decreased increase/decrease increases/decreases rose/fell rise/fall higher/lower highest/lowest "
    "more/less most/least larger/smaller largest/smallest greater/lesser before/after first/last early/late "
    "earlier/later above/below inside/outside north/south northern/southern east/west eastern/western left/right "
    "upper/lower older/younger oldest/youngest longer/shorter longest/shortest faster/slower stronger/weaker "
    "better/worse best/worst won/lost win/lose accepted/rejected accept/reject allowed/forbidden included/excluded "
    "include/exclude includes/excludes supported/opposed support/oppose supports/opposes opened/closed open/closed "
    "began/ended begin/end begins/ends started/stopped gained/lost built/destroyed bought/sold import/export "
    "imports/exports entered/left arrived/departed always/never all/none both/neither same/different major/minor "
    "public/private rich/poor hot/cold warm/cool wet/dry new/old old/young present/absent positive/negative "
    "male/female maximum/minimum majority/minority success/failure successful/unsuccessful common/rare "
    "commonly/rarely often/seldom safe/dangerous legal/illegal possible/impossible able/unable agreed/refused "
    "approved/denied reduced/raised with/without former/latter internal/external direct/indirect formal/informal "
    "active/passive permanent/temporary"
).split()
_OPPOSITE: dict[str, str] = {}
for _pair in _OPPOSITES:
    _one, _other = _pair.split("/")
    _OPPOSITE.setdefault(_one, _other)
    _OPPOSITE.setdefault(_other, _one)
_HAS_OPPOSITE = re.compile(rf"\b(?:{'|'.join(_OPPOSITE)})\b")


def with_opposite(sentence: str, rng: random.Random) -> str | None:
    """The sentence with one word changed to its opposite; None when it has no such word."""
    places = list(_HAS_OPPOSITE.finditer(sentence))
    if not places:
        return None
    place = rng.choice(places)
    return sentence[: place.start()] + _OPPOSITE[place.group()] + sentence[place.end() :]


def with_names_swapped(sentence: str, rng: random.Random) -> str | None:
    """The sentence with two of its names in each other's place, as a wrong relation has them; None without two.

    Names that "and" or a comma joins may stand in any order and are left alone.
    """
    places = [m for m in NAME_OR_NUMBER.finditer(sentence) if len(m.group().strip()) > 3]
    places = [m for m in places if not m.group()[0].isdigit()]
    pairs = [
        (one, other)
        for one, other in pairwise(places)
        if len(sentence[one.end() : other.start()].split()) >= 2
        and not re.search(r"\b(?:and|or)\b|,", sentence[one.end() : other.start()])
    ]
    if not pairs:
        return None
    one, other = (match.group().strip() for match in rng.choice(pairs))
    if one in other or other in one:
        return None
    return re.sub(
        f"{re.escape(one)}|{re.escape(other)}", lambda match: other if match.group() == one else one, sentence
    )


def with_number_of(sentence: str, text: str, rng: random.Random) -> str | None:
    """The sentence with one number changed to another that the text holds elsewhere; None when there is none."""
    pattern = re.compile(r"\b\d[\d,]*(?:\.\d+)?\b")
    own = list(pattern.finditer(sentence))
    others = sorted({match.group() for match in pattern.finditer(text)} - {match.group() for match in own})
    if not own or not others:
        return None
    place = rng.choice(own)
    alike = [other for other in others if len(other) == len(place.group())] or others
    return sentence[: place.start()] + rng.choice(alike) + sentence[place.end() :]


def shortened(sentence: str, rng: random.Random) -> str:
    """A claim that the sentence supports: without a parenthesis, or without what follows its first long clause."""
    claim = re.sub(r"\s?\([^()]*\)|\s?\[[^\[\]]*\]", "", sentence)
    clauses = re.split(r"(?<=\w{3}), (?=which|who|and|but|where|while|with|including)", claim)
    if len(clauses) > 1 and len(clauses[0].split()) >= 6 and rng.random() < 0.7:
        claim = clauses[0].rstrip(",;") + "."
    return claim


def other_words(sentence: str, question: str, answers: Sequence[str], rng: random.Random) -> str:
    """A run of the sentence's words, about as long as the first answer, that shares none with answers or question.

    Empty when there is none.
    """
    words = sentence.rstrip(".").split()
    taken = {word.casefold().strip(",.") for text in (*answers, question) for word in text.split()}
    n = min(len(answers[0].split()), 4)
    runs = [words[i : i + n] for i in range(len(words) - n + 1)]
    free = [run for run in runs if not taken & {word.casefold().strip(",.") for word in run} and len(run[-1]) > 3]
    return " ".join(rng.choice(free)).strip(",;") if free else ""
