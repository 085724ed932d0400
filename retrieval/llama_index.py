"""A docqa retriever as a LlamaIndex `BaseRetriever`, for pipelines that are built from LlamaIndex parts.

Importing this module imports llama-index-core, which takes more than a second: only who wants it does.
"""

from __future__ import annotations

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from docqa.documents import Passage
from docqa.retrieval.retriever import Hit, Retriever


class LlamaIndexRetriever(BaseRetriever):
    """Gives the hits of a retriever as nodes, best first, at most `k`."""

    def __init__(self, retriever: Retriever, k: int = 8) -> None:
        super().__init__()
        self._retriever = retriever
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_scored_node(hit) for hit in self._retriever.retrieve(query_bundle.query_str, self._k)]


def _scored_node(hit: Hit) -> NodeWithScore:
    return NodeWithScore(node=passage_node(hit.passage), score=hit.score)


def passage_node(passage: Passage) -> TextNode:
    """A passage as a node: same id, same text; where it stands is metadata, shown to no encoder.

    `start_char_idx` and `end_char_idx` count characters of the page, as everywhere in docqa. `page_index` is 0-based.
    """
    metadata = {
        "document_id": passage.document_id,
        "page_index": passage.page,
        "start_char": passage.start_char,
        "end_char": passage.end_char,
        "headings": " > ".join(passage.headings),
        "header": passage.header,
    }
    places = ["document_id", "page_index", "start_char", "end_char"]
    return TextNode(
        id_=passage.id,
        text=passage.text,
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),
        excluded_llm_metadata_keys=places,
        start_char_idx=passage.start_char,
        end_char_idx=passage.end_char,
    )
