"""What every model has that holds another one: it goes by that one's name, and is as long."""

from __future__ import annotations

from docqa.llm.base import LLM


class WrappedLLM:
    """Passes on everything but the replies, which are a subclass's business."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        """The held model's."""
        return self._llm.name

    @property
    def fingerprint(self) -> str:
        """The held model's."""
        return self._llm.fingerprint

    @property
    def context_length(self) -> int:
        """The held model's."""
        return self._llm.context_length

    @property
    def max_output_tokens(self) -> int:
        """The held model's."""
        return self._llm.max_output_tokens

    def count_tokens(self, text: str) -> int:
        """As the held model counts."""
        return self._llm.count_tokens(text)
