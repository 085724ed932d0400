"""--offline: nothing leaves the machine, whichever library asks.

Each case runs in a process of its own, as the guard stays on.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from docqa.app.offline import hosts_of

GUARDED = """
from docqa.app.offline import OfflineGuard
guard = OfflineGuard(frozenset({allowed}))
guard.install()
"""


def run(code: str, allowed: str = "") -> subprocess.CompletedProcess[str]:
    script = GUARDED.format(allowed=f"[{allowed}]") + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('example.org', 80), timeout=1)",
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import socket; socket.getaddrinfo('example.org', 443)",
        "import socket; socket.gethostbyname('example.org')",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import asyncio; asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
    ],
)
def test_every_way_out_is_closed(attempt: str) -> None:
    done = run(attempt)
    assert done.returncode != 0
    assert "NetworkForbidden" in done.stderr or "--offline forbids" in done.stderr


def test_the_model_server_that_was_named_may_be_reached() -> None:
    done = run(
        """
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(server.getsockname(), timeout=5).close()
        print("reached", guard.attempts)
        """,
        allowed="'127.0.0.1'",
    )
    assert done.stdout == "reached []\n", done.stderr


def test_sockets_that_cannot_leave_the_machine_are_left_alone() -> None:
    done = run(
        """
        import socket
        a, b = socket.socketpair()
        a.sendall(b"x")
        print(b.recv(1), guard.attempts)
        """
    )
    assert done.stdout == "b'x' []\n", done.stderr


def test_what_was_attempted_is_remembered() -> None:
    done = run(
        """
        import contextlib, socket
        with contextlib.suppress(Exception):
            socket.getaddrinfo("example.org", 443)
        print(guard.attempts)
        """
    )
    assert done.stdout == "['example.org']\n", done.stderr


def test_a_model_server_may_go_by_a_name_that_has_to_be_looked_up() -> None:
    done = run(
        """
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
        print("reached", guard.attempts)
        """,
        allowed=", ".join(map(repr, hosts_of("http://localhost:8000/v1"))),
    )
    assert done.stdout == "reached []\n", done.stderr


@pytest.mark.parametrize("base_url", ["", "not an address", "http://[", "http://no-such-host.invalid/v1"])
def test_an_address_that_leads_nowhere_allows_nothing(base_url: str) -> None:
    assert hosts_of(base_url) == frozenset()
