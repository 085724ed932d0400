"""The whole document before the question: for a model that takes it all at once.

The layout depends on the documents alone and the question comes last, so the second question about the same documents
finds the whole text in the server's prefix cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from docqa.agents.events import Read
from docqa.agents.llm_reasoner import of_language_model
from docqa.agents.reasoner import Notes
from docqa.agents.sources import lay_out, sentences_in, unranked
from docqa.agents.strategy import Clock, Strategy, Task, Work
from docqa.agents.turns import all_passages
from docqa.errors import DocumentsTooLong


@dataclass(frozen=True, slots=True)
class FullContext(Strategy):
    """Reads every sentence in one call."""

    name: ClassVar[str] = "full_context"

    def work(self, task: Task, clock: Clock) -> Work:
        """Raises DocumentsTooLong when they do not fit, UsageError when there is no language model to read them."""
        reasoner = of_language_model(self.reasoner, "the route full_context")
        with clock.stage("retrieve"):
            reading = unranked(all_passages(self.corpus, task.documents))
            evidence = sentences_in(reading)
            n_tokens = reasoner.llm.count_tokens(lay_out(evidence, reasoner.names).text)
        capacity = reasoner.capacity(task.question)
        if n_tokens > capacity:
            raise DocumentsTooLong(
                f"the documents have {n_tokens:,} tokens and {reasoner.llm.name} takes {max(0, capacity):,} beside the "
                "question; use --route chain or --route rag"
            )
        yield Read(1, 1, 0)
        notes, limit = yield from self.clarified(task, Notes(evidence), clock)
        with clock.stage("reason"):
            return self.composed(task, notes, [reading], limit)
