"""docqa as a tool of a LangChain or LangGraph agent.

Importing this module imports langchain-core, which takes half a second: only who wants it does.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from langchain_core.tools import StructuredTool, ToolException

from docqa.answers import Answer
from docqa.errors import UsageError

_DESCRIPTION = (
    "Answers a question from {documents}. The reply is JSON: the answer as statements, each with citations that name "
    "the page and quote the exact words; the status is not_found when the documents do not say."
)


def as_tool(ask: Callable[[str], Answer], documents: str, name: str = "ask_documents") -> StructuredTool:
    """A tool with one argument, `question`; `documents` says in words what it can be asked about.

    A question that makes no sense comes back as a message to the model that asked it; other errors are raised.
    """

    def ask_documents(question: str) -> str:
        try:
            return json.dumps(ask(question).to_json(), ensure_ascii=False)
        except UsageError as error:
            raise ToolException(f"This question cannot be asked: {error}") from error

    description = _DESCRIPTION.format(documents=documents)
    return StructuredTool.from_function(ask_documents, name=name, description=description, handle_tool_error=True)
