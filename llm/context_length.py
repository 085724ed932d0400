"""How many tokens a model server reads at once. Every kind of server tells it at another place.

The sources from the surest to the weakest: the server's own limit (vLLM, SGLang: `max_model_len`), the size it was
started with (llama.cpp: `n_ctx`, Ollama: the loaded model's `context_length`), what a hosting service states in its
list of models, the length the model was trained for, and, when all are silent, an assumption that is said aloud.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from docqa.llm.server import Connection

ASSUMED_CONTEXT_LENGTH = 8192
OLLAMA_DEFAULT_LENGTH = 4096  # on machines with less than 24 GiB of video memory

_LIMIT_FIELDS = (
    "max_model_len",  # vLLM, SGLang
    "loaded_context_length",  # LM Studio
    "context_length",  # OpenRouter, Together
    "context_window",  # Groq
    "max_context_length",  # Mistral
)


@dataclass(frozen=True, slots=True)
class ContextLength:
    """A length in tokens and where it comes from; `assumed` when no server said it."""

    n_tokens: int
    source: str
    assumed: bool = False


def found_context_length(connection: Connection, model: str) -> ContextLength:
    """Ask the server at every place that is known; at most seven small requests, none of which runs the model."""
    card = _card(connection, model)
    sources: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("/v1/models", lambda: _first_number(card, _LIMIT_FIELDS)),
        ("/v1/models meta.n_ctx", lambda: _at(card, "meta", "n_ctx")),
        ("/props n_ctx", lambda: _llama_cpp_size(connection)),
        ("/api/ps", lambda: _ollama_loaded(connection, model)),
        ("/api/show", lambda: _ollama_shown(connection, model)),
        ("/v1/models meta.n_ctx_train", lambda: _at(card, "meta", "n_ctx_train")),
    )
    for source, read in sources:
        n_tokens = read()
        if isinstance(n_tokens, int) and n_tokens > 0:
            return ContextLength(n_tokens, source)
    return ContextLength(ASSUMED_CONTEXT_LENGTH, "assumption", assumed=True)


def _card(connection: Connection, model: str) -> Any:
    """What `/v1/models` says of the model; of the only one there, if the server takes any name for it (llama.cpp)."""
    cards = _at(connection.get_json(f"{connection.server.base_url}/models"), "data")
    if not isinstance(cards, list):
        return None
    for card in cards:
        if _at(card, "id") in (model, f"{model}:latest"):
            return card
    return cards[0] if len(cards) == 1 else None


def _llama_cpp_size(connection: Connection) -> Any:
    """The size of one slot: the whole context divided by the requests served at once."""
    props = connection.get_json(f"{connection.server.root_url}/props")
    return _at(props, "default_generation_settings", "n_ctx")


def _ollama_loaded(connection: Connection, model: str) -> Any:
    """The size that Ollama has loaded the model with; loads it if need be, as the first real request would."""
    root = connection.server.root_url
    running = connection.get_json(f"{root}/api/ps")
    if not isinstance(_at(running, "models"), list):
        return None
    loaded = _ollama_length(running, model)
    if loaded is None:
        connection.post_json(
            f"{root}/api/generate", {"model": model, "stream": False}, connection.server.patience.timeout_s
        )
        loaded = _ollama_length(connection.get_json(f"{root}/api/ps"), model)
    return loaded


def _ollama_shown(connection: Connection, model: str) -> Any:
    """What older versions of Ollama will load the model with: its own setting, or else Ollama's default."""
    shown = connection.post_json(f"{connection.server.root_url}/api/show", {"model": model})
    if not isinstance(_at(shown, "model_info"), dict):
        return None
    setting = re.search(r"^num_ctx\s+(\d+)", str(_at(shown, "parameters") or ""), re.MULTILINE)
    return int(setting.group(1)) if setting else OLLAMA_DEFAULT_LENGTH


def _ollama_length(running: Any, model: str) -> Any:
    for entry in _at(running, "models") or ():
        if _at(entry, "name") in (model, f"{model}:latest") or _at(entry, "model") == model:
            return _at(entry, "context_length")
    return None


def _first_number(card: Any, names: tuple[str, ...]) -> Any:
    return next((card[name] for name in names if isinstance(_at(card, name), int)), None)


def _at(data: Any, *path: str) -> Any:
    """The value at a path of keys; None as soon as one is missing."""
    for key in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data
