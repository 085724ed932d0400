"""One generation at a time, in the order of arrival; whoever leaves makes room at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from docqa.app.serving.requests import Refused
from docqa.llm.base import Completion
from docqa.llm.generation import Generation, Generator


class Desk:
    """Runs a model on a thread of its own, so that it always works on the same one and the server stays awake."""

    def __init__(self, model: Generator, max_waiting: int = 64) -> None:
        self._model, self._max_waiting = model, max_waiting
        self._thread = ThreadPoolExecutor(1, "docqa-model")
        self._turn = asyncio.Lock()
        self.n_waiting = 0  # with the one that is at work

    async def pieces(self, generation: Generation) -> AsyncGenerator[str | Completion]:
        """What the model generates, when it is this one's turn. Ends the generation when nobody listens any more.

        Raises Refused when too many are waiting, and what the model raises.
        """
        if self.n_waiting > self._max_waiting:
            raise Refused(503, f"{self._max_waiting} requests are waiting already; try again later", code="overloaded")
        self.n_waiting += 1
        left = threading.Event()
        try:
            async with self._turn:
                pieces = self._model.generate(replace(generation, cancelled=left.is_set))
                try:
                    while (piece := await self._on_thread(pieces)) is not None:
                        yield piece
                finally:
                    left.set()
                    self._thread.submit(_close, pieces)  # behind the piece that is still being made
        finally:
            self.n_waiting -= 1

    async def _on_thread(self, pieces: Iterator[str | Completion]) -> str | Completion | None:
        return await asyncio.get_running_loop().run_in_executor(self._thread, next, pieces, None)

    def close(self) -> None:
        """Let the thread end when it has nothing more to do."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _close(pieces: Iterator[str | Completion]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
