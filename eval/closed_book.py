"""The closed-book control: the model answers without any document, which shows what it knew before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from docqa.answers import Answer, Coverage, Route, Statement
from docqa.documents import Document
from docqa.llm.base import LLM, Message

_INSTRUCTION = (
    "Answer the question from memory, in one short sentence and without any remark. "
    'If you do not know the answer, write only "unknown".'
)


@dataclass(frozen=True, slots=True)
class ClosedBook:
    """An answerer that does not look at the documents. `close` ends what the model holds open."""

    llm: LLM
    close: Callable[[], None] = field(default=lambda: None, repr=False)

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        """The model's answer without citations; `not_found` when it says that it does not know."""
        started = time.perf_counter()
        reply = self.llm.complete([Message("system", _INSTRUCTION), Message("user", question)])
        text = reply.text.strip()
        known = bool(text) and text.rstrip(".").lower() != "unknown"
        return Answer(
            question=question,
            status="answered" if known else "not_found",
            statements=(Statement(text),) if known else (),
            route=Route("closed_book", "the control: the model is asked without the documents"),
            coverage=Coverage(sum(len(document.pages) for document in documents), 0),
            usage={"input_tokens": reply.usage.input_tokens, "output_tokens": reply.usage.output_tokens},
            seconds={"reason": time.perf_counter() - started},
        )
