"""Messages between the program and its child processes: a JSON object and an optional blob in one frame.

JSON and not pickle: a child has parsed a file that may be hostile, so nothing it sends may run as code here.
"""

from __future__ import annotations

import json
import struct
from typing import IO, NamedTuple

Json = dict[str, object]

_SIZES = struct.Struct(">II")
MAX_BYTES = 512 * 1024**2


class Frame(NamedTuple):
    """One message: what it says, and bytes that travel with it (a picture)."""

    body: Json
    blob: bytes = b""


def write_frame(stream: IO[bytes], frame: Frame) -> None:
    """Write one frame and flush it."""
    text = json.dumps(frame.body, separators=(",", ":")).encode("ascii")
    stream.write(_SIZES.pack(len(text), len(frame.blob)) + text + frame.blob)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Read one frame; None when the stream ends or what comes is no frame."""
    sizes = stream.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        return None
    n_text, n_blob = _SIZES.unpack(sizes)
    if n_text + n_blob > MAX_BYTES:
        return None
    payload = stream.read(n_text + n_blob)
    if len(payload) < n_text + n_blob:
        return None
    body = json.loads(payload[:n_text])
    return Frame(body, payload[n_text:]) if isinstance(body, dict) else None
