"""The server behind the page: this machine only unless told otherwise, no statistics, no other host, own names only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from docqa.app.uploads import MAX_UPLOAD_BYTES
from docqa.app.workspace import Workspace
from docqa.ui import shared
from docqa.ui.guard import Guard
from docqa.ui.routes import routes

_SCRIPT = Path(__file__).with_name("page.py")
_LOOK: dict[str, Any] = {
    "theme.light.primaryColor": "#2557a7",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f6f9",
    "theme.light.textColor": "#1f2328",
    "theme.light.borderColor": "#d5dae1",
    "theme.dark.primaryColor": "#8ab4f8",
    "theme.dark.backgroundColor": "#16181c",
    "theme.dark.secondaryBackgroundColor": "#212429",
    "theme.dark.textColor": "#e8eaed",
    "theme.dark.borderColor": "#3a3f47",
    "theme.baseRadius": "0.6rem",
    "theme.headingFontWeights": [650, 650, 600],
    "theme.headingFontSizes": ["1.6rem", "1.3rem", "1.1rem"],
}
_SAFE: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": MAX_UPLOAD_BYTES // 1_000_000,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.headless": True,
    "server.showEmailPrompt": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "logger.hideWelcomeMessage": True,
    "logger.level": "error",
    "runner.magicEnabled": False,
}


def serve(workspace: Workspace, address: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the page until the process is interrupted; `on_ready` is told where it is, once it can be opened."""
    shared.use(workspace)
    hosts = own_names(address)
    shown = f"[{address}]" if ":" in address else address

    @asynccontextmanager
    async def while_running(_: st.App) -> AsyncIterator[None]:
        on_ready(f"http://{shown}:{port}")
        yield

    app = st.App(
        _SCRIPT,
        routes=routes(workspace),
        middleware=[Middleware(Guard, hosts=hosts)],
        lifespan=while_running,
    )
    app.run(config={**_SAFE, **_LOOK, "server.address": address, "server.port": port, "server.allowedHosts": hosts})


def own_names(address: str) -> list[str]:
    """Under which names the page may be asked for: a name that only leads here may be somebody else's trick."""
    loopback = ["127.0.0.1", "localhost", "::1"]
    if address in ("0.0.0.0", "::"):  # asked for by the person
        return ["*"]
    return loopback if address in loopback else [address]
