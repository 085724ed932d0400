"""Questions about a document of the tiny language and the replies that are right, in the forms that docqa asks for.

Find: what a name leads to, and the number of the line that says so. Follow: two look-ups, the second for what the first
has found, and the line of the second. Count: the facts of a numbered series one after another, each with its line,
until there is none, then how many they were. A name that is not there gives "none". Each step of a reply rests on what
was written before it, so that every task is a chain of look-ups in the document.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from docqa.agents import prompts
from training.tiny.documents import Document, Fact, Names, Shape, document
from training.tiny.language import END, NOT_FOUND, ORDINALS

WORK_FORM, ANSWER_FORM = "<partial_answer>", "<answerable>"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it follows a document or an earlier reply, and the right reply.

    `task` is "none" where what is looked for is not there.
    """

    task: str
    question: str
    reply: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What stands before the first question, and the exchanges about it; each reply is followed by the end token."""

    prompt: str
    exchanges: tuple[Exchange, ...]


Make = Callable[[random.Random, Document], Exchange]


def find(chance: random.Random, doc: Document) -> Exchange:
    """The value and its line."""
    return find_reply(doc, _name(chance, doc))


def find_reply(doc: Document, name: str) -> Exchange:
    """What is right for a given name."""
    fact = doc.facts.get(name)
    question = f"Question: Find{name}"
    return Exchange("find", question, f"{fact.value}. [{fact.line}]") if fact else Exchange("none", question, " none")


def follow(chance: random.Random, doc: Document) -> Exchange:
    """Both lines on the way, as far as it goes."""
    chains = doc.chains
    name = chance.choice(chains) if chains and chance.random() < 0.85 else _name(chance, doc)
    return follow_reply(doc, name)


def follow_reply(doc: Document, name: str) -> Exchange:
    """What is right for a given name."""
    question = f"Question: Follow{name}"
    fact = doc.facts.get(name)
    second = doc.facts.get(fact.value) if fact else None
    if fact is None or second is None:
        return Exchange("none", question, f"{fact.value if fact else ''} none")
    return Exchange("follow", question, f"{fact.value}{second.value}. [{second.line}]")


def count(chance: random.Random, doc: Document) -> Exchange:
    """The facts of a series and their number."""
    first = chance.choice(list(doc.series)) if doc.series else Names(chance).first_words(1)[0]
    return count_reply(doc, first)


def count_reply(doc: Document, first: str) -> Exchange:
    """What is right for a given series."""
    question = f"Question: Count from{first}"
    items = doc.series.get(first, ())
    if not items:
        return Exchange("none", question, " none")
    listed = " and".join(f"{item.name}{item.value}. [{item.line}]" for item in items)
    end = f"{listed} and{first}{ORDINALS[len(items)]} none total{ORDINALS[len(items) - 1]}"
    return Exchange("count", question, end)


PLAIN: Mapping[str, Make] = {"find": find, "follow": follow, "count": count}


def plain(chance: random.Random, shape: Shape, n_tokens: int, weights: Mapping[str, float]) -> Conversation:
    """A document and as many questions about it as fill about `n_tokens`; `weights` are of the tasks in PLAIN."""
    doc = document(chance, shape)
    exchanges: dict[str, Exchange] = {}
    n_left = float(n_tokens)
    while n_left > 0:
        task = chance.choices(list(weights), list(weights.values()))[0]
        exchange = PLAIN[task](chance, doc)
        exchanges.setdefault(exchange.question, exchange)  # an earlier reply must not be all that a later one needs
        n_left -= 6 + len(exchange.reply.split()) * 1.1
    return Conversation("<s>" + behind(doc.text), tuple(exchanges.values()))


def work(chance: random.Random, shape: Shape) -> Conversation:
    """A worker's turn on its part of a document, by the prompt that docqa gives it."""
    doc = document(chance, shape)
    follows = chance.random() < 0.5
    notes, question, reply = _worker_follows(chance, doc) if follows else _worker_finds(chance, doc)
    *_, user = prompts.work(question, _headed(chance, doc), notes)
    return Conversation(f"<s>{WORK_FORM}", (Exchange("work", user.content, reply),))


def answer(chance: random.Random, shape: Shape) -> Conversation:
    """The manager's turn: numbered sentences, perhaps notes, and statements that rest on them."""
    doc = document(chance, shape)
    name = chance.choice(doc.chains) if doc.chains and chance.random() < 0.45 else _name(chance, doc)
    fact = doc.facts.get(name)
    second = doc.facts.get(fact.value) if fact else None
    follows = second is not None and chance.random() < 0.8
    steps = [step for step in ((fact, second) if follows else (fact,)) if step is not None]
    notes = f"Known so far:{steps[-1].name}{steps[-1].value}" if steps and chance.random() < 0.4 else ""
    verb = "Follow" if follows else "Find"
    *_, user = prompts.answer(f"{verb}{name}", _headed(chance, doc), notes)
    return Conversation(f"<s>{ANSWER_FORM}", (Exchange("answer", user.content, answer_reply(steps)),))


def answer_reply(steps: Sequence[Fact]) -> str:
    """The manager's JSON for the facts on the way to the answer."""
    if not steps:
        return NOT_FOUND
    *_, last = steps
    way = steps[0].name + "".join(step.value for step in steps)
    statement = f'{{"text": "{last.name}{last.value}", "evidence": [{last.line}]}}'
    return f'{{"reason": "{way}. [{last.line}]", "answerable": true, "statements": [{statement}]}}'


def behind(text: str) -> str:
    """A user's text as the chat template lays it out: numbers behind their lines."""
    lines = []
    for line in text.split("\n"):
        number, bracket, rest = line.partition("]")
        lines.append(f"\n{rest} {number}]" if line[:1] == "[" and bracket else f"\n{line}")
    return "".join(lines)


def work_reply(facts: Sequence[Fact], still_open: str = "") -> str:
    """The worker's JSON for the facts that it has found."""
    numbers = ", ".join(str(fact.line) for fact in facts)
    known = "".join(f"{fact.name}{fact.value}" for fact in facts)
    wanted = f'"{still_open}"' if still_open else ""
    return f'{{"evidence": [{numbers}], "partial_answer": "{known}", "open_questions": [{wanted}]}}'


def _worker_finds(chance: random.Random, doc: Document) -> tuple[str, str, str]:
    """Notes, question and reply of a worker that looks for one fact."""
    name = _name(chance, doc, absent=0.4)
    fact = doc.facts.get(name)
    known = _noted(name, Names(chance).new()) if fact is None and chance.random() < 0.4 else ""
    return known, f"Find{name}", work_reply([fact] if fact else [])


def _worker_follows(chance: random.Random, doc: Document) -> tuple[str, str, str]:
    """The same for two facts: the first is here, or was found before and the second is here, or neither is here."""
    names = Names(chance)
    if chance.random() < 0.4:
        name = _name(chance, doc, absent=0.2)
        fact = doc.facts.get(name)
        leads_on = fact is not None and not fact.value.strip().isdigit()
        return "", f"Follow{name}", work_reply([fact] if fact else [], fact.value if fact and leads_on else "")
    name, middle = names.new(), _name(chance, doc, absent=0.4)
    if name in doc.facts:
        return "", f"Follow{name}", work_reply([doc.facts[name]])
    second = doc.facts.get(middle)
    notes = _noted(name, middle, still_open=middle)
    return notes, f"Follow{name}", work_reply([second]) if second else work_reply([], middle)


def _noted(name: str, value: str, still_open: str = "") -> str:
    """The communication unit after a worker has found a fact, as `LLMReasoner` words it."""
    lines = [f"Known so far:{name}{value}", f"Still open:{still_open}" if still_open else "", f"Quote:{name}{value}."]
    return "\n".join(filter(None, lines))


def _headed(chance: random.Random, doc: Document) -> str:
    """The lines with a heading over each passage of a few of them, as `docqa.agents.sources` lays them out."""
    lines, n_left = [], 0
    for line in doc.text.split("\n"):
        if n_left == 0:
            lines.append("# document 0123abcd, part 1: ")
            n_left = chance.randint(1, 12)
        lines.append(line)
        n_left -= 1
    return "\n".join(lines)


def _name(chance: random.Random, doc: Document, absent: float = 0.12) -> str:
    """A name that is asked for: mostly one of the document, sometimes one that it lacks though its words occur."""
    names = doc.names
    if names and chance.random() >= absent:
        return chance.choice(names)
    if not names or chance.random() < 0.5:
        return Names(chance).new()
    (first, _), (_, second) = (chance.choice(names).split() for _ in range(2))
    return f" {first} {second}"


def with_end(reply: str) -> str:
    """A reply as the model is to write it."""
    return reply + END
