"""The tiny model that `training/tiny` has trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from docqa.llm.local.loading import Loaded, load

FOLDER = Path(__file__).parent / "tiny_model"


@contextmanager
def trained_model() -> Iterator[Loaded]:
    """In float32, on one thread: two that wait for each other take many times as long on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load(str(FOLDER), dtype="float32")
    torch.set_num_threads(before)
