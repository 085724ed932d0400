"""docqa: questions over long documents, every answer proved on the page.

    from docqa import DocQA
    print(DocQA().ask("report.pdf", "What was the revenue in 2021?"))

Importing this module loads nothing heavy: names are resolved when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docqa.answers import Answer as Answer
    from docqa.answers import Citation as Citation
    from docqa.answers import Statement as Statement
    from docqa.app.front_door import DocQA as DocQA
    from docqa.app.front_door import stream as stream
    from docqa.documents import Box as Box
    from docqa.documents import Document as Document
    from docqa.documents import Page as Page
    from docqa.documents import Passage as Passage
    from docqa.errors import DocqaError as DocqaError

__version__ = "0.1.0"

_HOMES = {
    "Answer": "docqa.answers",
    "Box": "docqa.documents",
    "Citation": "docqa.answers",
    "DocQA": "docqa.app.front_door",
    "DocqaError": "docqa.errors",
    "Document": "docqa.documents",
    "Page": "docqa.documents",
    "Passage": "docqa.documents",
    "Statement": "docqa.answers",
    "stream": "docqa.app.front_door",
}

__all__ = ["Answer", "Box", "Citation", "DocQA", "DocqaError", "Document", "Page", "Passage", "Statement", "stream"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'docqa' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
