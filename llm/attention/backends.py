"""The backends by name, and the one that suits a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docqa.llm.attention.base import Attended, Backend, BlockLists, Operands
from docqa.llm.attention.flex_backend import FlexBackend
from docqa.llm.attention.native import NativeBackend, native_backend
from docqa.llm.attention.reference import ReferenceBackend
from docqa.llm.attention.torch_backend import TorchBackend


class BestOnCpu:
    """The C++ kernels for what they take, PyTorch for the rest."""

    name = "native"

    def __init__(self, native: NativeBackend) -> None:
        self.native = native
        self._torch = TorchBackend()

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended:
        """Attend to all keys up to each query, or to the listed ones among them."""
        return (self.native if self.native.takes(operands, lists) else self._torch).attend(operands, lists)


def best_backend(device: str = "cpu") -> Backend:
    """The fastest backend that can be had on a device ("cpu", "cuda", …)."""
    if device == "cuda":
        return FlexBackend()
    if device != "cpu":
        return TorchBackend()
    native = native_backend()
    return TorchBackend() if native is None else BestOnCpu(native)


BACKENDS: Mapping[str, Callable[[], Backend]] = {
    "reference": ReferenceBackend,
    "torch": TorchBackend,
    "flex": FlexBackend,
    "best": best_backend,
}
