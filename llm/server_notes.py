"""What has been found out about model servers, remembered so that it is not asked again with every start."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

_FORMAT = 1
_DAY_S = 86_400.0


class Notes(Protocol):
    """A memory for short texts. A plain dict is one, for the life of the process."""

    def get(self, key: str, /) -> str | None: ...

    def __setitem__(self, key: str, value: str, /) -> None: ...


class NotesFile:
    """Notes kept in a JSON file, written atomically, each for `max_age_days`: a server may have been updated since.

    A file that cannot be read counts as empty, and one that cannot be written is let be: what is lost is one question
    to the server.
    """

    def __init__(self, path: Path, max_age_days: float = 30.0, clock: Callable[[], float] = time.time) -> None:
        self._path, self._max_age_s, self._clock = path, max_age_days * _DAY_S, clock
        self._lock = threading.Lock()

    def get(self, key: str, /) -> str | None:
        """The note, or None when there is none or it is too old."""
        noted = self._current().get(key)
        return None if noted is None else noted[0]

    def __setitem__(self, key: str, value: str, /) -> None:
        with self._lock:
            notes = {**self._current(), key: (value, self._clock())}
            with contextlib.suppress(OSError):
                self._write(json.dumps({"format": _FORMAT, "notes": notes}, indent=1))

    def _current(self) -> dict[str, tuple[str, float]]:
        try:
            saved: Any = json.loads(self._path.read_text(encoding="utf-8"))
            if saved["format"] != _FORMAT:
                return {}
            oldest = self._clock() - self._max_age_s
            return {str(key): (str(value), at) for key, (value, at) in saved["notes"].items() if float(at) >= oldest}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self._path.parent, prefix=f"{self._path.name}.", delete=False
        ) as file:
            file.write(text)
        os.replace(file.name, self._path)
