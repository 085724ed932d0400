"""How many tokens a text costs a language model, counted without any download.

The vocabularies come with llama-index-core and are found without importing it, which would take more than a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"
# Files of the vocabulary folder are named by the SHA-1 of the address that tiktoken would load them from.
_VOCABULARY_FILES = {
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
}
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A number of tokens; `estimated` when the vocabulary is not on this machine and bytes were counted instead."""

    n_tokens: int
    estimated: bool


def count_tokens(text: str, encoding: str = "o200k_base") -> TokenCount:
    """Count the tokens of a text under an encoding of tiktoken ("o200k_base", "cl100k_base"). Never opens a socket."""
    vocabulary = _encoding(encoding)
    if vocabulary is None:
        return TokenCount(-(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN), estimated=True)
    return TokenCount(len(vocabulary.encode_ordinary(text)), estimated=False)


@cache
def _encoding(name: str) -> Encoding | None:
    folder = _vocabulary_folder()
    if folder is None or not (folder / _VOCABULARY_FILES.get(name, "")).is_file():
        return None
    try:
        import tiktoken
    except ImportError:
        return None
    with _environment(_CACHE_VARIABLE, str(folder)):
        return tiktoken.get_encoding(name)


def _vocabulary_folder() -> Path | None:
    """Where llama-index-core keeps tiktoken's files. Its top package is found, not imported; below that it is a
    path."""
    spec = find_spec("llama_index")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(location) / "core" / "_static" / "tiktoken_cache"
        if folder.is_dir():
            return folder
    return None


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable for one call and put back what the user had."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
