"""docqa as a LlamaIndex query engine.

Importing this module imports llama-index-core, which takes more than a second: only who wants it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.schema import NodeWithScore, TextNode

from docqa.answers import Answer, Citation


class DocqaQueryEngine(CustomQueryEngine):
    """Answers with checked citations: `response` is the text, `source_nodes` are the quotes, `metadata` the answer's
    JSON."""

    ask: Callable[[str], Answer]

    def custom_query(self, query_str: str) -> Response:
        """The answer; the reason where there is none."""
        answer = self.ask(query_str)
        text = answer.text or (answer.absence.reason if answer.absence else "")
        nodes = [_node(citation) for citation in dict.fromkeys(answer.citations)]
        return Response(text, source_nodes=nodes, metadata=answer.to_json())


def _node(citation: Citation) -> NodeWithScore:
    metadata: dict[str, Any] = {
        "document": citation.document,
        "locator": citation.locator,
        "page": citation.page,
        "part": citation.part,
        "start_char": citation.start_char,
        "end_char": citation.end_char,
        "verdict": citation.verdict,
    }
    place = f"{citation.sha256}:{citation.part}:{citation.start_char}-{citation.end_char}"
    node = TextNode(id_=place, text=citation.quote, metadata=metadata)
    return NodeWithScore(node=node, score=None if citation.support is None else citation.support.score)
