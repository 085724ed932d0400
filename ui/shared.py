"""The workspace that all sessions of the page share: the one that the server was started with."""

from __future__ import annotations

import threading

from docqa.app.front_door import DocQA
from docqa.app.workspace import Workspace

_guard = threading.Lock()
_shared: list[Workspace] = []


def use(workspace: Workspace) -> None:
    """Let every session use this one."""
    with _guard:
        _shared[:] = [workspace]


def workspace() -> Workspace:
    """What the server was started with; made from the settings of this machine where nobody did."""
    with _guard:
        if not _shared:
            _shared.append(Workspace(DocQA()))
        return _shared[0]
