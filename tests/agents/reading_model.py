"""A language model for tests that really reads its prompt: it finds lines by a pattern and names their numbers.

Nothing about the test's document is written down here, so an answer can only come out right if the prompt held it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from docqa.agents import prompts
from docqa.llm.base import Message
from docqa.llm.scripted import Limits, ScriptedLLM

Reply = Callable[[Sequence[Message]], str]


def numbered_lines(messages: Sequence[Message]) -> list[tuple[int, str]]:
    """The numbered sentences of the first user message."""
    return [(int(n), text) for n, text in re.findall(r"^\[(\d+)\] (.*)$", messages[1].content, re.MULTILINE)]


def reader_of(pattern: str) -> Reply:
    """A model that takes every sentence with the pattern for an answer, and plans nothing."""

    def reply(messages: Sequence[Message]) -> str:
        system = messages[0].content
        hits = [(n, text) for n, text in numbered_lines(messages) if re.search(pattern, text)]
        statements = [{"text": text, "evidence": [n]} for n, text in hits]
        if system == prompts.WORKER:
            known = "; ".join(text for _, text in hits)
            return json.dumps({"evidence": [n for n, _ in hits], "partial_answer": known, "open_questions": []})
        if system == prompts.COLLECTOR:
            return json.dumps({"items": statements})
        if system == prompts.MANAGER:
            return json.dumps({"reason": "as read", "answerable": bool(hits), "statements": statements})
        if system == prompts.CLARIFIER:
            return json.dumps({"question": ""})
        if system == prompts.JUDGE:
            return json.dumps({"reason": "as read", "label": "supports"})
        return json.dumps({"kind": "fact", "queries": [pattern]})

    return reply


def count_tokens(text: str) -> int:
    """Four characters are one token."""
    return -(-len(text) // 4)


def model_of(reply: Reply, context_length: int = 32_768, max_output_tokens: int = 1_000) -> ScriptedLLM:
    """A model whose every reply is a function of the messages."""
    limits = Limits(context_length, max_output_tokens, count_tokens)
    return ScriptedLLM(lambda call: reply(call.messages), limits=limits, name="reading-model")


def reading_model(pattern: str, context_length: int = 32_768) -> ScriptedLLM:
    """A model that takes every sentence with the pattern for an answer."""
    return model_of(reader_of(pattern), context_length)
