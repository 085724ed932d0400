"""How many tokens a text has for the model on a server: told by the server where it can, estimated where it cannot.

A sentence is estimated even where the server could tell, as a document has thousands. The estimate counts with a
vocabulary that is on this machine and multiplies with how many more tokens the server's own vocabulary needed for fixed
samples, so that the same text has the same count in every run.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from docqa import tokens
from docqa.llm.server import Connection

_LEAST_LATIN, _LEAST_OTHER = 0.75, 0.45
"""The fewest tokens that a vocabulary needs, as a share of o200k_base; benchmarks/token_estimates.py prints 0.92 and
0.56 as the lowest of seven."""

_UNKNOWN_PLAIN, _UNKNOWN_ACCENTED, _UNKNOWN_OTHER = 1.25, 1.5, 2.0
"""What an unknown vocabulary is taken to need. The same seven need up to 1.15 for English prose, 1.46 for German and
French, and five of them up to 1.7 for other scripts (two old ones up to 2.8)."""

_MIN_ACCENTED_SHARE = 0.005  # from here on a text counts as written in a language with accents
_LONG_CHARS = 2000  # from here on a request to the server is worth its while
_MARGIN = 1.1
_MAX_FACTOR = 8.0

_ACCENTED = re.compile(r"[\u00c0-\u024f]")
_DIGIT = re.compile(r"[0-9]")
_NOT_LATIN = re.compile(r"[^\u0000-\u024f\u2000-\u206f]")
_LATIN_SAMPLES = (
    "The tenant shall give notice in writing at least ninety days before the end of the term, failing which the lease "
    "is renewed for one year at a rent raised by the change of the consumer price index (section 14.2).",
    "Region\t2022\t2023\tChange\nNorthern line\t1,204,518\t1,339,071\t+11.2%\nHarbour\t88,410.75\t90,002.10\t+1.8%\n",
    "Photosynthetic electron transport was inhibited by 3-(3,4-dichlorophenyl)-1,1-dimethylurea at 10 uM (p<0.05).",
    "Der Mieter hat die Kündigung schriftlich zu erklären. Le locataire est tenu d'en aviser le propriétaire.",
)
_OTHER_SAMPLES = (
    "Арендатор обязан уведомить об этом письменно не позднее чем за девяносто дней.",
    "承租人应当提前九十天书面通知出租人，否则租约自动续期一年。",
    "賃借人は書面で通知しなければならない。",
    "임차인은 구십 일 전까지 서면으로 통지하여야 한다.",
    "يجب على المستأجر إخطار المالك كتابيا قبل تسعين يوما.",
    "किरायेदार को नब्बे दिन पहले लिखित सूचना देनी होगी।",
)


def most_tokens(text: str) -> int:
    """About as many tokens as the text has for any model; some vocabularies take every digit by itself."""
    n_tokens = tokens.count_tokens(text).n_tokens + len(_DIGIT.findall(text)) * 2 / 3
    is_accented = len(_ACCENTED.findall(text)) >= _MIN_ACCENTED_SHARE * len(text)
    return math.ceil(n_tokens * _blend(text, _UNKNOWN_ACCENTED if is_accented else _UNKNOWN_PLAIN, _UNKNOWN_OTHER))


def least_tokens(text: str) -> int:
    """Fewer tokens than this the text has for no model."""
    return int(tokens.count_tokens(text).n_tokens * _blend(text, _LEAST_LATIN, _LEAST_OTHER))


def _blend(text: str, latin: float, other: float) -> float:
    """Between two factors, by the share of letters that are not Latin."""
    return latin + (other - latin) * len(_NOT_LATIN.findall(text)) / max(1, len(text))


class TokenCounter:
    """Counts a text's tokens for one model of one server; several threads may ask."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection, self._model = connection, model
        self._lock = threading.Lock()
        self._factors: tuple[float, float] | None = None
        self._is_calibrated = False
        self._body: str | None = None
        self._told = lru_cache(maxsize=256)(self._asked)

    def count(self, text: str) -> int:
        """Exact for long texts where the server can tell, otherwise an estimate on the high side."""
        factors = self._calibrated()
        if factors is None:
            return most_tokens(text)
        n_told = self._told(text) if len(text) >= _LONG_CHARS else None
        return n_told or math.ceil(tokens.count_tokens(text).n_tokens * _blend(text, *factors))

    def _calibrated(self) -> tuple[float, float] | None:
        """Factors for Latin letters and for all others, found once; None where the server counts no tokens."""
        with self._lock:
            if not self._is_calibrated:
                self._body = next((key for key in ("prompt", "content") if self._n_tokens("A few words.", key)), None)
                latin, other = (self._factor(samples) for samples in (_LATIN_SAMPLES, _OTHER_SAMPLES))
                self._factors = None if self._body is None else (latin, max(latin, other))
                self._is_calibrated = True
            return self._factors

    def _factor(self, samples: Sequence[str]) -> float:
        """How many more tokens the server needs, the highest of all samples with a margin."""
        ratios = [(self._asked(sample) or 0) / tokens.count_tokens(sample).n_tokens for sample in samples]
        return min(_MAX_FACTOR, _MARGIN * max(ratios))

    def _asked(self, text: str) -> int | None:
        return None if self._body is None else self._n_tokens(text, self._body)

    def _n_tokens(self, text: str, key: str) -> int | None:
        """What `/tokenize` says; the text is called `prompt` by vLLM and SGLang, and `content` by llama.cpp."""
        body = {"model": self._model, key: text, "add_special_tokens": False}
        for root in dict.fromkeys((self._connection.server.root_url, self._connection.server.base_url)):
            n_tokens = _counted(self._connection.post_json(f"{root}/tokenize", body))
            if n_tokens:
                return n_tokens
        return None


def _counted(told: Any) -> int | None:
    if not isinstance(told, dict):
        return None
    count, listed = told.get("count"), told.get("tokens")
    if isinstance(count, int):
        return count
    return len(listed) if isinstance(listed, list) else None
