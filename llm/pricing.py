"""What tokens cost, by a table that the user gives: docqa knows no prices, as they change every month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docqa.errors import UsageError
from docqa.llm.base import Usage

_PER = 1_000_000
_KNOWN = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True)
class Price:
    """Money for a million tokens, in whatever currency the user thinks in.

    `cached_input` is the price of input tokens that the server had in its prefix cache; the full price by default.
    """

    input: float = 0.0
    output: float = 0.0
    cached_input: float | None = None

    def of(self, usage: Usage) -> float:
        """What the usage has cost."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        n_full = max(0, usage.input_tokens - usage.cached_tokens)
        return (n_full * self.input + usage.cached_tokens * cached_price + usage.output_tokens * self.output) / _PER


FREE = Price()


def read_prices(table: Mapping[str, Any]) -> dict[str, Price]:
    """Prices by model name, from `{"some-model": {"input": 0.15, "output": 0.60, "cached_input": 0.075}}`.

    Raises UsageError for anything else.
    """
    return {name: _price(name, row) for name, row in table.items()}


def _price(model: str, row: Any) -> Price:
    if not isinstance(row, Mapping) or not row or not set(row) <= set(_KNOWN):
        raise UsageError(
            f"price of {model!r}: expected a table with {', '.join(_KNOWN)} per million tokens, got {row!r}"
        )
    for name, value in row.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise UsageError(f"price of {model!r}: {name} is {value!r}; expected a number that is not negative")
    return Price(**{name: float(value) for name, value in row.items()})
