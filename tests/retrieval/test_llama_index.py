"""docqa's retriever in a LlamaIndex pipeline."""

from __future__ import annotations

import pytest

from docqa.documents import Document, Page
from docqa.retrieval.lexical import LexicalIndex
from docqa.retrieval.passages import split
from docqa.retrieval.retriever import HybridRetriever, IndexedDocument

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries that llama-index imports


def test_hits_come_as_nodes_with_their_place_as_metadata() -> None:
    from llama_index.core.schema import MetadataMode

    from docqa.retrieval.llama_index import LlamaIndexRetriever

    document = Document(
        "sha", "report.txt", (Page(0, "1 Costs\n\nNothing here.\n\nThe bridge cost 12 million.", number=1),)
    )
    passages = list(split(document.id, document.pages))
    hybrid = HybridRetriever([IndexedDocument(document, passages, LexicalIndex.build(passages, "en"))])
    (scored,) = LlamaIndexRetriever(hybrid, k=3).retrieve("What did the bridge cost?")
    (hit,) = hybrid.retrieve("What did the bridge cost?", 3)
    assert scored.score == hit.score
    assert (scored.node.node_id, scored.node.get_content()) == (hit.passage.id, hit.passage.text)
    assert scored.node.metadata["document_id"] == "sha"
    assert (scored.node.metadata["page_index"], scored.node.metadata["start_char"]) == (0, hit.passage.start_char)
    assert scored.node.get_content(MetadataMode.EMBED) == hit.passage.text
