"""Token by token from logits to text: choosing, ending, and giving out whole characters."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from docqa.llm.base import FinishReason
from docqa.llm.local.constraints import Constraint
from docqa.llm.local.sequence import TextSequence


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends a reply: a token, a text (which is cut off), or `n_tokens`."""

    tokens: frozenset[int]
    texts: tuple[str, ...]
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Form:
    """What a reply is held to."""

    ending: Ending
    constraint: Constraint | None = None


@dataclass(slots=True)
class Written:
    """What became of a reply; filled when it has ended."""

    n_tokens: int = 0
    finish_reason: FinishReason = "length"


class Choice:
    """The likeliest token at temperature 0, otherwise one drawn; the same seed draws the same."""

    def __init__(self, temperature: float, seed: int | None) -> None:
        self._temperature = temperature
        self._generator = torch.Generator().manual_seed(random.getrandbits(63) if seed is None else seed)

    def __call__(self, logits: Tensor) -> int:
        if self._temperature <= 0:
            return int(logits.argmax())
        shares = torch.softmax(logits.double().cpu() / self._temperature, dim=-1)
        return int(torch.multinomial(shares, 1, generator=self._generator))


def generate(sequence: TextSequence, logits: Tensor, choose: Choice, form: Form) -> Iterator[tuple[int, bool]]:
    """The tokens of a reply, each with whether it ends the reply; a token that does so by itself is given as well."""
    ending, constraint = form.ending, form.constraint
    for n in range(1, ending.n_tokens + 1):
        token = choose(logits if constraint is None else constraint.allowed(logits))
        ended = token in ending.tokens
        if constraint is not None and not ended:
            ended = constraint.take(token)
        yield token, ended
        if ended or n == ending.n_tokens:
            return
        logits = sequence.step(token)


def written_text(tokens: Iterator[tuple[int, bool]], tokenizer: Any, ending: Ending, written: Written) -> Iterator[str]:
    """The reply in pieces of whole characters, up to the first text that ends it."""
    from tokenizers.decoders import DecodeStream

    stream, held = DecodeStream(skip_special_tokens=True), ""
    for token, ended in tokens:
        written.n_tokens += 1
        if token not in ending.tokens:
            held += stream.step(tokenizer.backend_tokenizer, token) or ""
        stop = min((at for at in (held.find(text) for text in ending.texts) if at >= 0), default=-1)
        if stop >= 0:
            written.finish_reason = "stop"
            yield from _if_any(held[:stop])
            return
        if ended:
            written.finish_reason = "stop"
            break
        n_safe = len(held) - _n_begun(held, ending.texts)
        yield from _if_any(held[:n_safe])
        held = held[n_safe:]
    yield from _if_any(held)


def _if_any(text: str) -> Iterator[str]:
    if text:
        yield text


def _n_begun(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end may be the beginning of a text that ends the reply."""
    longest = max((len(stop) for stop in stops), default=1) - 1
    for n in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-n:]) for stop in stops):
            return n
    return 0
