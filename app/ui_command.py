"""`docqa ui`: the page in the browser, where one looks at the evidence."""

from __future__ import annotations

import errno
import socket
import webbrowser
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from docqa.errors import UsageError

_FIRST_PORT, _N_PORTS = 8501, 50
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def ui(  # noqa: PLR0913 - every option of a command is an argument
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="The first free one from 8501.", show_default=False),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; others than the default let others in.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    model: Annotated[str | None, typer.Option("--model", help="What answers.", show_default=False)] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Of the model server.", show_default=False)] = None,
    route: Annotated[str | None, typer.Option("--route", help="As for docqa ask.", show_default=False)] = None,
    encoder: Annotated[str | None, typer.Option("--encoder", show_default=False)] = None,
    ocr: Annotated[str | None, typer.Option("--ocr", help="auto, off or force.", show_default=False)] = None,
    ocr_languages: Annotated[str | None, typer.Option("--ocr-languages", show_default=False)] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
    offline: Annotated[bool | None, typer.Option("--offline", help="Forbid connections.", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No warnings.")] = False,
) -> None:
    """Open a page in the browser: drop documents, ask, and see each sentence proved on the page itself.

    It listens on this machine only, and Ctrl-C ends it; what was read and asked is kept.
    """
    if find_spec("streamlit") is None:
        raise UsageError("docqa ui needs the extra `ui`: pip install 'docqa[ui]'")
    chosen = _free_port(host, port)
    flags = {
        "model": model,
        "base_url": base_url,
        "route": route,
        "encoder": encoder,
        "ocr": ocr,
        "ocr_languages": ocr_languages,
        "cache_dir": cache_dir,
        "offline": offline,
    }
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help
    from docqa.app.workspace import Workspace

    session = Session.start(flags, as_json=False, quiet=quiet)
    if host not in _LOOPBACK:
        session.warn(f"everybody who can reach {host} can read the documents and ask them; there are no passwords")

    server = import_module("docqa.ui.server")  # stands a floor above: the command line starts it and knows it by name

    def announce(address: str) -> None:
        typer.echo(f"docqa: the page is at {address} (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)

    with closing(Workspace(session.agent)) as workspace:
        server.serve(workspace, host, chosen, announce)


def _free_port(host: str, wanted: int | None) -> int:
    """The port that was asked for, or the first free one. Raises UsageError where there is none."""
    candidates = range(_FIRST_PORT, _FIRST_PORT + _N_PORTS) if wanted is None else [wanted]
    for port in candidates:
        try:
            if _is_free(host, port):
                return port
        except (OSError, OverflowError) as error:
            raise UsageError(f"docqa cannot listen at {host}, port {port}: {error}") from error
    if wanted is None:
        raise UsageError(f"no port from {_FIRST_PORT} to {candidates[-1]} is free; choose one with --port")
    raise UsageError(f"port {wanted} is in use; choose another one with --port, or none to take the first free one")


def _is_free(host: str, port: int) -> bool:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with closing(socket.socket(family, kind, protocol)) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(address)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
