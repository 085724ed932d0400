"""Whether what the settings name can answer, found out by letting it do so once."""

from __future__ import annotations

import time

from docqa.answers import one_line
from docqa.app.answering import Answering
from docqa.app.doctor import whole_question
from docqa.llm.base import Message

_GREETING = (Message("user", "Reply with one word: ready"),)
_MAX_SHOWN_CHARS = 40


def check_model(answering: Answering) -> str:
    """One sentence about what answers, after it has. Raises a leaf of DocqaError that says why it cannot."""
    started = time.perf_counter()
    if answering.llm is None:
        whole_question(answering.settings)
        seconds = time.perf_counter() - started
        return f"Ready: without a language model, on this machine (a made document answered in {seconds:.1f} s)."
    llm = answering.llm
    reply = one_line(llm.complete(_GREETING).text)[:_MAX_SHOWN_CHARS]
    seconds = time.perf_counter() - started
    return f"Ready: {llm.name} said “{reply}” in {seconds:.1f} s and reads {llm.context_length:,} tokens at once."
