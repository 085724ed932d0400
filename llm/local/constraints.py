"""Replies that cannot but follow a JSON schema: llguidance says which tokens may come next."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import torch
from torch import Tensor

from docqa.llm.base import Schema


class SchemaNotEnforced(Exception):
    """This schema, or any schema with this tokenizer, cannot be enforced; the reply has to be validated alone."""


class Constraint:
    """The state of one reply."""

    def __init__(self, matcher: Any, n_vocabulary: int) -> None:
        self._matcher = matcher
        self._bits = np.full((1, -(-n_vocabulary // 32)), -1, dtype=np.int32)

    def allowed(self, logits: Tensor) -> Tensor:
        """The logits with those of tokens that may not come next at minus infinity."""
        from llguidance.numpy import fill_next_token_bitmask

        fill_next_token_bitmask(self._matcher, self._bits)
        self._check()
        flags = np.unpackbits(self._bits[0].view(np.uint8), bitorder="little")[: len(logits)]
        closed = torch.ones(len(logits), dtype=torch.bool)
        closed[: len(flags)] = torch.from_numpy(flags == 0)
        return logits.masked_fill(closed.to(logits.device), -torch.inf)

    def take(self, token: int) -> bool:
        """Go on by the token that was chosen; True when nothing may follow it."""
        self._matcher.consume_token(token)
        self._check()
        return bool(self._matcher.is_stopped())

    def _check(self) -> None:
        if self._matcher.is_error():
            raise SchemaNotEnforced(self._matcher.get_error())


class Constraints:
    """Makes constraints for one tokenizer; grammars are kept."""

    def __init__(self, tokenizer: Any, end_tokens: frozenset[int], n_vocabulary: int) -> None:
        self._tokenizer, self._end_tokens, self._n_vocabulary = tokenizer, end_tokens, n_vocabulary
        self._grammar = functools.lru_cache(maxsize=64)(_grammar)

    def of(self, schema: Schema) -> Constraint:
        """A constraint for one reply. Raises SchemaNotEnforced."""
        from llguidance import LLMatcher

        grammar = self._grammar(json.dumps(schema.definition))
        matcher = LLMatcher(self._vocabulary, grammar, log_level=0)
        if matcher.is_error():
            raise SchemaNotEnforced(matcher.get_error())
        return Constraint(matcher, self._vocabulary.vocab_size)

    @functools.cached_property
    def _vocabulary(self) -> Any:
        try:
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise SchemaNotEnforced("llguidance is not installed") from error
        n_tokens = max(self._n_vocabulary, len(self._tokenizer))
        return from_tokenizer(self._tokenizer, n_vocab=n_tokens, eos_token=sorted(self._end_tokens))


def _grammar(schema: str) -> str:
    from llguidance import LLMatcher

    form: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}  # as Python writes JSON
    return str(LLMatcher.grammar_from_json_schema(schema, overrides=form))
