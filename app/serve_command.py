"""`docqa serve-model`: a model of this machine behind OpenAI's protocol, for docqa and for any other program."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docqa.errors import UsageError

if TYPE_CHECKING:
    from docqa.llm.generation import Generator

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PATIENCE_S = 3  # for replies that are being written when the server is ended


def serve_model(  # noqa: PLR0913 - every option of a command is an argument
    path: Annotated[str, typer.Argument(metavar="PATH_OR_ID", help="Folder of the model, or its name on the hub.")],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; others than this machine's need a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)] = 8000,
    name: Annotated[
        str | None,
        typer.Option("--name", help="What clients call the model; default: its folder's name.", show_default=False),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", help="What clients must send as their key.", show_default=False),
    ] = None,
    context_length: Annotated[
        int | None,
        typer.Option(
            "--context-length", help="Tokens, if fewer than the model was made for.", min=1, show_default=False
        ),
    ] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
) -> None:
    """Serve a model of this machine: chat completions, one at a time, at http://127.0.0.1:8000/v1.

      docqa serve-model models/qwen2.5-7b

      docqa ask report.pdf "When does it end?" --model openai:qwen2.5-7b --base-url http://127.0.0.1:8000

    What was read of a document is kept, so that the next question about it is answered at once.
    """
    from docqa.app.config import load_settings

    flags = {"api_key": api_key, "cache_dir": cache_dir, "context_length": context_length}
    settings = load_settings(flags).settings
    if not _is_loopback(host) and not settings.api_key:
        raise UsageError(f"at {host} others could use the model: set --api-key, or leave --host as it is")
    try:
        import starlette  # noqa: F401 - that it is there
        import uvicorn
    except ImportError as error:
        raise UsageError("a server needs an extra: pip install 'docqa[server]'") from error
    with contextlib.closing(_listening(host, port)) as listening:
        from docqa.app.build import build_generator
        from docqa.app.serving.service import Access, Service

        model = build_generator(settings, path)
        shown = name or Path(path.rstrip("/\\")).name or path
        service = Service(model, shown, Access(settings.api_key, _names_of(host)))
        config = uvicorn.Config(
            service.application(), log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE_S
        )
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            typer.echo(_greeting(model, shown, listening), err=True)
            uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that is bound; before the model is loaded, as that takes a while."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as until_bound:
            bound = until_bound.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            until_bound.pop_all()
            return bound
    except OSError as error:
        said = f"cannot listen at {host}, port {port}: {error.strerror}"
        raise UsageError(f"{said}; choose another with --port") from error


def _greeting(model: Generator, name: str, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    return f"docqa: {name} ({model.context_length:,} tokens) at http://{address}:{port}/v1; Ctrl-C ends it"


def _names_of(host: str) -> tuple[str, ...]:
    """The names that requests may call the server by."""
    if host in ("0.0.0.0", "::"):
        return ("*",)
    return (*_LOOPBACK, f"[{host}]" if ":" in host else host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
