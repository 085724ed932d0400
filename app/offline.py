"""The hard `--offline` switch: no socket of this process may leave the machine.

It works through an audit hook (PEP 578), which sees every socket that Python code opens, whichever library asks for
it, and which cannot be taken away again while the process lives.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

from docqa.errors import NetworkForbidden

_NETWORK_EVENTS = frozenset(
    {
        "socket.connect",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
    }
)


def hosts_of(base_url: str) -> frozenset[str]:
    """The host of a model server and the addresses that it has now: all that a user who named it allows to reach."""
    try:
        host = urlsplit(base_url).hostname or ""
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP) if host else []
    except (OSError, ValueError):  # whoever connects to it will say what is wrong with it
        return frozenset()
    return frozenset({host, *(str(entry[4][0]) for entry in found)} - {""})


class OfflineGuard:
    """Refuses every attempt to reach a host that is not in `allowed_hosts`; keeps what was attempted."""

    def __init__(self, allowed_hosts: frozenset[str] = frozenset()) -> None:
        self.allowed_hosts = allowed_hosts
        self.attempts: list[str] = []

    def install(self) -> None:
        """Switch the guard on for the rest of this process."""
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _NETWORK_EVENTS:
            return
        host = _host(event, arguments)
        if host is None or host in self.allowed_hosts:
            return
        self.attempts.append(host)
        raise NetworkForbidden(f"--offline forbids a connection to {host}")


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host that the event is about; None when it cannot leave the machine (a local socket, a numeric address)."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        name = _as_text(arguments[0])
        return None if _is_numeric(name) else name  # looking up a number asks no server
    address = arguments[0] if event == "socket.getnameinfo" else arguments[-1]
    if isinstance(address, tuple) and address:
        return _as_text(address[0])
    return None  # AF_UNIX, or a datagram on a socket that was connected (and checked) before


def _as_text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == ""
    return True
