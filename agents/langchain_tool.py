"""docqa as a tool of a LangChain or LangGraph agent.

Importing this module imports langchain-core, which takes half a second: only who wants it does.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from langchain_core.tools import StructuredTool

from docqa.answers import Answer

_DESCRIPTION = (
    "Answers a question from {documents}. The reply is JSON: the answer as statements, each with citations that name "
    "the page and quote the exact words; the status is not_found when the documents do not say."
)


def as_tool(ask: Callable[[str], Answer], documents: str, name: str = "ask_documents") -> StructuredTool:
    """A tool with one argument, `question`; `documents` says in words what it can be asked about."""

    def ask_documents(question: str) -> str:
        return json.dumps(ask(question).to_json(), ensure_ascii=False)

    return StructuredTool.from_function(ask_documents, name=name, description=_DESCRIPTION.format(documents=documents))
