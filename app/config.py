"""Settings: one frozen dataclass, filled from flags, environment and files, each value with its origin.

Order of precedence: command-line flag, `DOCQA_*` environment variable, `docqa.toml` in the working directory, the
user's `config.toml`, default. Nothing else in docqa reads the environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

import platformdirs

from docqa.errors import UsageError
from docqa.retrieval.readers.base import OcrMode

_SECRET = frozenset({"api_key"})
PROJECT_FILE = "docqa.toml"
ENVIRONMENT_PREFIX = "DOCQA_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user may set. `page_timeout_s` is the time one page may take to be read.

    `sentences` is how many an answer without a language model quotes at most, 0 for 3, and 10 in a summary.
    `base_url` and `api_key` are the model server's, `context_length` is in tokens and 0 when the server shall say it.
    `max_output_tokens` is where its replies are cut off; a model that thinks before it answers needs several thousand.
    `judge` says what checks the statements of a language model: embedded, model (itself) or nli:MODEL.
    `max_tokens`, `max_seconds` and `max_cost` limit one question, 0 for no limit; `price_input` and `price_output` are
    what a million of the model's tokens cost. `router` says how the route
    "auto" decides: by rules or by learned weights. `passage_order` is that in which `rag` shows its passages
    to a model. `chain_window` is what one worker of a chain takes in tokens, and
    `chain_order` in which order workers read: of several orders, with commas, each gives an answer, and a judge takes
    one. With `clarify` a language model clears up a question of its own before it answers.
    """

    cache_dir: Path = field(default_factory=lambda: Path(platformdirs.user_cache_dir("docqa", appauthor=False)))
    model: str = "embedded"
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    context_length: int = 0
    max_output_tokens: int = 1024
    route: str = "auto"
    router: str = "rules"
    sentences: int = 0
    judge: str = "embedded"
    passage_order: str = "rank"
    chain_window: int = 16_384
    chain_order: str = "document"
    clarify: bool = False
    max_tokens: int = 0
    max_seconds: float = 0.0
    max_cost: float = 0.0
    price_input: float = 0.0
    price_output: float = 0.0
    encoder: str = "embedded"
    ocr: OcrMode = "auto"
    ocr_languages: tuple[str, ...] = ("eng",)
    page_timeout_s: float = 30.0
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings with the origin of every value: "flag", "DOCQA_OCR", a file's path, or "default"."""

    settings: Settings
    origins: Mapping[str, str]


def user_config_file() -> Path:
    """Where the user's own settings live on this platform."""
    return Path(platformdirs.user_config_dir("docqa", appauthor=False)) / "config.toml"


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> Configured:
    """Merge all sources; a flag that is None was not given. Raises UsageError for an unknown name or a bad value."""
    environment = os.environ if environment is None else environment
    project_file = (directory or _working_directory()) / PROJECT_FILE
    values: dict[str, Any] = {}
    origins: dict[str, str] = {f.name: "default" for f in fields(Settings)}
    for origin, source in (
        *((str(path), _from_file(path)) for path in (user_config_file(), project_file)),
        *_from_environment(environment),
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ):
        for name, value in source.items():
            values[name] = _parsed(name, value, origin)
            origins[name] = origin
    return Configured(Settings(**values), origins)


def with_changes(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with what a person has typed. Raises UsageError for an unknown name or a bad value."""
    return replace(settings, **{name: _parsed(name, value, "settings") for name, value in changes.items()})


def describe(configured: Configured) -> list[dict[str, Any]]:
    """Every setting with its value as plain JSON and its origin; of a secret only whether it is set."""
    rows = []
    for name, origin in configured.origins.items():
        value = getattr(configured.settings, name)
        if name in _SECRET:
            value = "(set)" if value else ""
        plain = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        rows.append({"name": name, "value": plain, "origin": origin})
    return rows


def _working_directory() -> Path:
    """Where the process is; a folder that was deleted under it holds no settings, whatever it is called."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path()


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a readable settings file: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    names = {ENVIRONMENT_PREFIX + f.name.upper(): f.name for f in fields(Settings)}
    unknown = sorted(key for key in environment if key.startswith(ENVIRONMENT_PREFIX) and key not in names)
    if unknown:
        raise UsageError(f"unknown environment variable {unknown[0]}; known: {', '.join(sorted(names))}")
    return [(key, {name: environment[key]}) for key, name in names.items() if environment.get(key)]


def _parsed(name: str, value: Any, origin: str) -> Any:
    if name not in _PARSERS:
        raise UsageError(f"{origin}: unknown setting {name!r}; known: {', '.join(sorted(_PARSERS))}")
    try:
        return _PARSERS[name](value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{origin}: bad value {value!r} for {name}: {error}") from error


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise ValueError("expected true or false")
    return words[str(value).lower()]


def _ocr_mode(value: Any) -> Any:
    if value not in get_args(OcrMode):
        raise ValueError(f"expected one of {', '.join(get_args(OcrMode))}")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("expected names, as in 'eng,deu'")
    parts = value.replace("+", ",").split(",") if isinstance(value, str) else list(value)
    names = tuple(part.strip() for part in parts if part.strip())
    if not names:
        raise ValueError("expected at least one name")
    return names


def _positive(value: Any) -> float:
    if not 0 < float(value) < float("inf"):
        raise ValueError("expected a number above 0")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", str(value).strip()):
        raise ValueError("expected a whole number, 0 or more")
    return int(value)


def _amount(value: Any) -> float:
    if not 0 <= float(value) < float("inf"):
        raise ValueError("expected 0 or a number above it")
    return float(value)


def _directory(value: Any) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError as error:  # "~name" of an account that there is not
        raise ValueError("there is no such home directory") from error


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "cache_dir": _directory,
    "model": str,
    "base_url": str,
    "api_key": str,
    "context_length": _count,
    "max_output_tokens": _count,
    "route": str,
    "router": str,
    "sentences": _count,
    "judge": str,
    "passage_order": str,
    "chain_window": _count,
    "chain_order": str,
    "clarify": _boolean,
    "max_tokens": _count,
    "max_seconds": _amount,
    "max_cost": _amount,
    "price_input": _amount,
    "price_output": _amount,
    "encoder": str,
    "ocr": _ocr_mode,
    "ocr_languages": _names,
    "page_timeout_s": _positive,
    "offline": _boolean,
}
