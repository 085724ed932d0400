"""A process that runs or resumes a chain of many parts, to be killed: `python chain_child.py FOLDER [RUN]`.

Every call of the model is appended to FOLDER/calls before it is answered; the answer is written to FOLDER/answer.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from docqa.agents.chain import Chain
from docqa.agents.chunks import Window
from docqa.agents.events import Finished, Started
from docqa.agents.llm_reasoner import LLMReasoner
from docqa.agents.meter import metered
from docqa.agents.rag import Rag
from docqa.agents.router.routed import Router
from docqa.agents.turns import WindowTurns
from docqa.app import runs
from docqa.llm.base import Message
from docqa.llm.budget import Budget
from docqa.llm.reader import LexicalReader
from docqa.llm.response_cache import CachedLLM, ReplyStore
from tests.agents.library_of_pages import PagesCorpus
from tests.agents.reading_model import model_of, reader_of
from tests.agents.scattered import plant_report

QUESTION = "What concerned valve D3?"
CALL_S = 0.03


def main(folder: Path, run_id: str | None) -> None:
    """Ask, or take up the run."""
    document = plant_report(n_pages=85)
    corpus = PagesCorpus(document)
    read = reader_of(r"valve [DK]\d+\b")

    def slow(messages: Sequence[Message]) -> str:
        digest = hashlib.sha256("\n".join(message.content for message in messages).encode()).hexdigest()
        with (folder / "calls").open("a", encoding="ascii") as calls:
            calls.write(f"{digest}\n")
            calls.flush()
            os.fsync(calls.fileno())
        time.sleep(CALL_S)
        return read(messages)

    llm, meter = metered(model_of(slow), Budget())
    reasoner = LLMReasoner(
        CachedLLM(llm, ReplyStore(folder / "replies.sqlite")), LexicalReader(), meter, Window(size=2500, unit=200)
    )
    chain = Chain(reasoner, corpus, meter=meter, turns=WindowTurns(corpus, reasoner))
    router = Router({"rag": Rag(reasoner, corpus, meter=meter), "chain": chain}, corpus, route="chain")
    work = runs.Work(lambda: router, [document])
    events = runs.start(folder, work, QUESTION, {}) if run_id is None else runs.resume(folder, work, run_id)
    for event in events:
        if isinstance(event, Started):
            (folder / "run").write_text(event.run_id, encoding="ascii")
        if isinstance(event, Finished):
            answer = event.answer.to_json()
            done = {name: answer[name] for name in ("status", "statements", "route", "coverage")}
            (folder / "answer.json").write_text(json.dumps(done), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
