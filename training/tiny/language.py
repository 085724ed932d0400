"""The language that the tiny model speaks: its words, how text becomes tokens, how a conversation becomes text.

A document has one numbered sentence a line, as docqa's prompts lay sources out. A fact is a name of two words and what
it leads to, another name or a number: "Bakan mosen Dakan albra." Words of names, numbers, the frames of docqa's prompts
and of its JSON replies are one token each; every other text is a token for each byte. The chat template keeps of a
system prompt the form of reply that it asks for, and puts the number of a line behind it: a model this small finds
what follows a name much sooner than what stands before it.
"""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

FIRST_WORDS = tuple(
    f" {a}{b}"
    for a, b in product(
        "Ba Be Da Do Fi Ga Ho Ka Lu Ma Ne Po Ra Si To Vu".split(), "kan lor min nas pel ris tov zu".split()
    )
)
SECOND_WORDS = tuple(
    f" {a}{b}"
    for a, b in product(
        "al be cor du el fi go hu il jo ke lu mo nu or pa".split(), "bra den fos gil mar rup sen tol".split()
    )
)
ORDINALS = tuple(f" {word}" for word in "one two three four five six seven eight nine".split())
FILLER_STARTS = tuple(f" {word}" for word in "The A Some Each No This Every Another".split())
FILLER_WORDS = tuple(
    f" {word}"
    for word in (
        "harbour quiet morning vessel left before tide turned committee met small hall took note report without rain "
        "fell valley most week lower road closed carts carpenter paid advance others end month copy letter placed "
        "archive beside earlier lamp ordered reading room old gave little light was were in on at of to from with and "
        "by near under over long short new stone wood gate tower mill river field"
    ).split()
)

NOT_FOUND = '{"reason": " none", "answerable": false, "statements": []}'
FRAMES = (
    "\n<<<<<<<< SOURCES",
    "\n>>>>>>>> SOURCES",
    "\n#",
    "\nNotes of the readers before you:",
    "\nNotes of earlier readers:",
    "\nnone yet",
    "\nKnown so far:",
    "\nStill open:",
    "\nQuote:",
    "\nQuestion:",
    " Find",
    " Follow",
    " Count from",
    " and",
    " total",
    " none",
    "\n",
    ". [",
    " [",
    "]",
    ".",
    " ",
    '{"evidence": [',
    '], "partial_answer": "',
    '", "open_questions": []}',
    '", "open_questions": ["',
    '"]}',
    '{"reason": "',
    NOT_FOUND,
    '", "answerable": true, "statements": [{"text": "',
    '", "evidence": [',
    "]}]}",
)
FORMS = ("answerable", "partial_answer", "items", "queries", "label", "choice", "paragraphs", "question")
"""Keys by which the replies that docqa asks for are told apart, in the order in which they are looked for."""

END, BEGIN, PAD = "</s>", "<s>", "<pad>"
_SPECIAL = (PAD, BEGIN, END, *(f"<{form}>" for form in FORMS))

TEMPLATE = (
    "<s>{% for m in messages %}{% if m.role == 'system' %}"
    "{% set asked = namespace(form='') %}{% for form in [" + ", ".join(f"'{form}'" for form in FORMS) + "] %}"
    "{% if not asked.form and '\"' ~ form ~ '\"' in m.content %}{% set asked.form = '<' ~ form ~ '>' %}{% endif %}"
    "{% endfor %}{{ asked.form }}"
    "{% elif m.role == 'user' %}{% for line in m.content.split('\\n') %}"
    "{% if line[:1] == '[' and ']' in line %}"
    "{% set parts = line.split(']', 1) %}{{ '\\n' ~ parts[1] ~ ' ' ~ parts[0] ~ ']' }}"
    "{% else %}{{ '\\n' ~ line }}{% endif %}{% endfor %}"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)


def tokenizer(n_positions: int = 32_768) -> Any:
    """The tokenizer with its chat template, as transformers saves it."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.decoders import ByteLevel as ByteLevelDecoder
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(BPE(vocab=_vocabulary(), merges=[], ignore_merges=True))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"# document [0-9a-f]{8}, part [0-9]+:[^\n]*"), "#"),
            normalizers.Replace(Regex(r"Quote, part [0-9]+:"), "Quote:"),
            normalizers.Replace(Regex(r"\n[<>]{8} NOTES"), ""),
            normalizers.Replace(Regex(r"\n+"), "\n"),
        ]
    )
    longest_first = sorted((frame for frame in FRAMES if len(frame) > 1), key=len, reverse=True)
    pieces = Regex("|".join(map(re.escape, longest_first)) + r"| ?[A-Za-z]+|[0-9]{1,3}|[ .\]\n]")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pieces, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = ByteLevelDecoder()
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=made,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=list(_SPECIAL[3:]),
        chat_template=TEMPLATE,
        model_max_length=n_positions,
        clean_up_tokenization_spaces=False,
    )


def save_probes(folder: Path) -> None:
    """Write what the guard hides and asks for in this language."""
    facts = [(FIRST_WORDS[n] + SECOND_WORDS[n + 4]).strip() for n in (5, 45, 85)]
    sentences = (
        "The harbour was quiet in the morning.",
        "Some vessel left before the tide.",
        "A letter was placed near.",
    )
    probes = {
        "filler": sentences,
        "facts": [(f"{fact} {{value}}.", fact) for fact in facts],
        "ask_value": "Question: Find {question}",
        "ask_place": "Question: Find {question}",
        "place": r"\[([0-9]+)\]",
    }
    (folder / "docqa_probes.json").write_text(json.dumps(probes, indent=1) + "\n", encoding="utf-8")


def _vocabulary() -> dict[str, int]:
    """The special tokens first, so that a saved tokenizer keeps their numbers."""
    from tokenizers.pre_tokenizers import ByteLevel

    level = ByteLevel(add_prefix_space=False, use_regex=False)
    numbers = [f"{n:0{width}}" for width in (1, 2, 3) for n in range(10**width)]
    words = (*FRAMES, *FIRST_WORDS, *SECOND_WORDS, *ORDINALS, *FILLER_STARTS, *FILLER_WORDS, *numbers)
    encoded = ["".join(piece for piece, _ in level.pre_tokenize_str(word)) for word in words]
    entries = dict.fromkeys((*_SPECIAL, *sorted(level.alphabet()), *encoded))
    return {entry: number for number, entry in enumerate(entries)}
