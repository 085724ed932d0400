"""One more question before the answer: what has to be cleared up first, and which paragraphs do that.

This is a step of the Chain-of-Clarifications of AgenticLU (He et al. 2025, arXiv:2502.15920, section 3) without its
training: the model asks itself what would clarify the question, points back to the paragraphs that help, answers from
them, and only then answers the question. Where we deviate: it points among the paragraphs that a search for its own
question finds, not among all, so that the step costs two short calls whatever the length of the text.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from docqa.agents.corpus import Corpus
from docqa.agents.events import Clarified, Event, Searched
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.reasoner import Notes
from docqa.documents import Document

N_PARAGRAPHS = 8


def clarify(
    question: str, documents: Sequence[Document], notes: Notes, reasoner: LLMReasoner, corpus: Corpus
) -> Generator[Event, None, Notes]:
    """The notes with the sentences of the paragraphs that were pointed to, and with what was cleared up.

    They come back as they were where the model has nothing to ask or points nowhere. Raises OutOfBudget.
    """
    asked = reasoner.clarifying_question(question, notes)
    if not asked:
        return notes
    retrieval = corpus.search(documents, asked, N_PARAGRAPHS)
    yield Searched(asked, len(retrieval.hits))
    found = reasoner.point_back(asked, retrieval)
    yield Clarified(asked, len({piece.passage.id for piece in found.evidence}))
    known = {(e.passage.document_id, e.passage.page, e.span) for e in notes.evidence}
    new = tuple(e for e in found.evidence if (e.passage.document_id, e.passage.page, e.span) not in known)
    return replace(
        notes,
        evidence=(*new, *notes.evidence),
        answerable=notes.answerable or bool(found.evidence),
        partial_answer=" / ".join(filter(None, (notes.partial_answer, found.partial_answer))),
    )
