"""The model server that the user named: its address, and the only door through which anything is sent to it.

No other host is ever contacted: redirects are not followed, proxies of the environment are not used, and a request
carries no header beyond what the protocol needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from docqa.answers import one_line
from docqa.errors import ModelUnreachable, UsageError

if TYPE_CHECKING:
    import httpx2

_SIDE_TIMEOUT_S = 10.0  # for questions about the server, which it answers without running the model
_NEEDED_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    `timeout_s` is the longest silence: for a whole reply, or between two pieces of a streamed one. A request that may
    succeed later is sent again up to `max_retries` times, after `first_delay_s` doubled each time up to `max_delay_s`,
    or after what the server asks for, unless that is more than `max_retry_after_s`.
    """

    timeout_s: float = 600.0
    connect_timeout_s: float = 5.0
    max_retries: int = 4
    first_delay_s: float = 0.5
    max_delay_s: float = 8.0
    max_retry_after_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Server:
    """An OpenAI-compatible server. The path `/v1` is added to an address without a path; `api_key` may be empty.

    `proxy` is the address of an HTTP proxy to go through. Raises UsageError for an address that cannot be one.
    """

    base_url: str
    api_key: str = field(default="", repr=False)
    patience: Patience = field(default_factory=Patience)
    proxy: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked_url(self.base_url))

    @property
    def root_url(self) -> str:
        """The address without `/v1`, where servers keep what is their own."""
        return self.base_url.removesuffix("/v1")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    def masked(self, text: str) -> str:
        """The text without the key, should a server repeat it in a message."""
        return text.replace(self.api_key, "***") if self.api_key else text


class Connection:
    """Open connections to one server, for several threads."""

    def __init__(self, server: Server) -> None:
        import httpx2

        self.server = server
        patience = server.patience
        self.client = httpx2.Client(
            timeout=httpx2.Timeout(patience.timeout_s, connect=patience.connect_timeout_s),
            follow_redirects=False,
            trust_env=False,
            proxy=server.proxy or None,
            event_hooks={"request": [self._strip]},
        )

    def get_json(self, url: str) -> Any:
        """What the server says at an address of its own; None when it says nothing usable there.

        Raises ModelUnreachable when no server is running.
        """
        return self._json("GET", url, None, _SIDE_TIMEOUT_S)

    def post_json(self, url: str, body: Mapping[str, Any], timeout_s: float = _SIDE_TIMEOUT_S) -> Any:
        """The same for a request with a JSON body."""
        return self._json("POST", url, body, timeout_s)

    def close(self) -> None:
        self.client.close()

    def _json(self, method: str, url: str, body: Mapping[str, Any] | None, timeout_s: float) -> Any:
        import httpx2

        timeout = httpx2.Timeout(timeout_s, connect=self.server.patience.connect_timeout_s)
        try:
            response = self.client.request(method, url, json=body, timeout=timeout)
            return response.json() if response.status_code == 200 else None
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise not_running(self.server, error) from error
        except (httpx2.HTTPError, ValueError):  # a question on the side: the real request will say what is wrong
            return None

    def _strip(self, request: httpx2.Request) -> None:
        """Keep from the server what it does not need: machine, platform, and headers set in the environment."""
        for name in list(request.headers):
            if name.lower() not in _NEEDED_HEADERS:
                del request.headers[name]
        request.headers["user-agent"] = "docqa"
        if self.server.api_key:
            request.headers["authorization"] = f"Bearer {self.server.api_key}"


def not_running(server: Server, cause: BaseException) -> ModelUnreachable:
    """The error when no connection can be made at all."""
    said = one_line(str(cause))
    return ModelUnreachable(
        f"no model server answers at {server.base_url} ({said}); is it running, is the address right?"
    )


def _checked_url(text: str) -> str:
    wanted = "expected an address such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError(f"base_url {text!r}: {error}; {wanted}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"base_url {text!r} is not the address of a model server; {wanted}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(f"base_url names more than a server and a path; {wanted}, and the key goes into api_key")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return address + (parts.path.rstrip("/") or "/v1")
