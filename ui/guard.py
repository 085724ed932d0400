"""What stands before every request: whether it came by one of the page's own names, and what its answers allow.

The content security policy lets the browser load nothing from any other host, whatever a document may have smuggled
into the page. Asking by another host's name that leads to this machine is refused (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose


class Guard:
    """ASGI middleware; `hosts` are the names without ports, "*" for any."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is meant for us."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        host = Headers(scope=scope).get("host", "")
        if not self._is_own(host):
            refusal = WebSocketClose() if scope["type"] == "websocket" else _refusal(host)
            return await refusal(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_headers(host))
            await send(message)

        return await self._app(scope, receive, send_guarded)

    def _is_own(self, host: str) -> bool:
        name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        return "*" in self._hosts or name.lower() in self._hosts


def _refusal(host: str) -> PlainTextResponse:
    return PlainTextResponse("this page does not go by that name", status_code=421)


def _headers(host: str) -> dict[str, str]:
    policy = (
        "default-src 'self'",
        f"connect-src 'self' ws://{host} wss://{host}",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "script-src 'self' blob: 'unsafe-inline'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
