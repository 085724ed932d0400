"""Words that turn a statement around, in the languages of Europe; knows no grammar.

Only words that hardly mean anything else in another of these languages: Spanish "sin" is Danish for "his".
"""

from __future__ import annotations

from collections.abc import Sequence

NEGATIONS = frozenset(
    "no not never none nor neither nobody nothing nowhere without cannot hardly barely unless except non "
    "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts nirgends ohne weder "
    "pas jamais aucun aucune sans nunca jamás ningún ninguna ninguno nadie tampoco nessun nessuno nessuna senza "
    "não nenhum nenhuma niet geen nooit niemand zonder inte aldrig ingen inget inga ikke aldri uden uten "
    "не нет ни никогда никто ничего без nem nincs nigdy bez není eivät ei δεν όχι değil".split()
)


def is_negation(word: str) -> bool:
    """Whether a word in small letters turns a statement around: "never", "isn't", "n'est"."""
    return word in NEGATIONS or word.endswith("n't") or word.startswith(("n'", "qu'aucun"))


def n_negations(words: Sequence[str]) -> int:
    """How many of these words, in small letters and with plain apostrophes, turn a statement around."""
    return sum(map(is_negation, words))
