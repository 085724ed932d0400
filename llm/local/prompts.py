"""From messages to the tokens that a model was trained to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from docqa.llm.base import Message


def prompt_tokens(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The conversation by the model's own template, ending where its reply begins.

    A template that knows no system turn gets its text with the first question. A model without a template, one that was
    not trained on conversations, gets the bare texts. Thinking aloud is turned off where a template offers that.
    """
    if tokenizer.chat_template is None:
        text = "\n\n".join(message.content for message in messages)
        return list(tokenizer(text, verbose=False).input_ids)
    from jinja2 import TemplateError

    try:
        return _by_template(tokenizer, messages)
    except TemplateError:
        if not any(message.role == "system" for message in messages):
            raise
        return _by_template(tokenizer, _without_system(messages))


def _by_template(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False, enable_thinking=False)
    return list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)


def _without_system(messages: Sequence[Message]) -> list[Message]:
    told = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"] or [Message("user", "")]
    first = replace(turns[0], content="\n\n".join((*told, turns[0].content)))
    return [first, *turns[1:]]
