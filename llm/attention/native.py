"""The C++ kernels of `native.cpp`: compiled once for this processor, kept, and checked before they are trusted.

Needs a C++ compiler when they are first used. Without one, or when the check fails, `native_backend` returns None and
says why once, through the logger "docqa".
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from docqa.llm.attention.base import Attended, BlockLists, Operands
from docqa.llm.attention.reference import ReferenceBackend

SOURCE = Path(__file__).with_name("native.cpp")
_COMPILERS = ("c++", "g++", "clang++")
_FLAGS = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")  # never -ffast-math
_TILE = 128
_VECTOR = 16
_TOLERANCE = 1e-4
_lock = threading.Lock()


class _Attend(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("q", "k", "v", "indices", "counts", "out", "lse")),
        *((name, ctypes.c_int64) for name in ("q_head", "q_row", "k_head", "k_row", "v_head", "v_row")),
        *((name, ctypes.c_int64) for name in ("n_queries", "n_keys", "heads", "kv_heads", "head_dim", "start")),
        *((name, ctypes.c_int64) for name in ("query_block", "key_block", "width")),
        ("scale", ctypes.c_float),
        ("bfloat16", ctypes.c_int32),
        ("n_threads", ctypes.c_int32),
    )


class _Score(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("q", "codes", "steps", "zeros", "out")),
        *((name, ctypes.c_int64) for name in ("capacity", "n_groups", "heads", "kv_heads", "head_dim")),
        ("n_threads", ctypes.c_int32),
    )


class NativeBackend:
    """Block-sparse attention on a CPU in float32 or bfloat16, for head sizes that are multiples of 16."""

    name = "native"

    def __init__(self, library: ctypes.CDLL) -> None:
        self._attend, self._score = library.docqa_attend, library.docqa_score
        for function, arguments in ((self._attend, _Attend), (self._score, _Score)):
            function.argtypes, function.restype = (ctypes.POINTER(arguments),), None

    @staticmethod
    def takes(operands: Operands, lists: BlockLists | None = None) -> bool:
        """Whether the kernel is made for these operands."""
        q, k, v = operands.q, operands.k, operands.v
        return (
            all(x.device.type == "cpu" and x.stride(-1) == 1 for x in (q, k, v))
            and q.dtype == k.dtype == v.dtype
            and q.dtype in (torch.float32, torch.bfloat16)
            and q.shape[-1] % _VECTOR == 0
            and (lists is None or _TILE % lists.key_block == 0)
        )

    def attend(self, operands: Operands, lists: BlockLists | None = None) -> Attended:
        """Attend to all keys up to each query, or to the listed ones among them."""
        assert self.takes(operands, lists), "operands that the kernel is not made for"
        q, k, v = operands.q, operands.k, operands.v
        heads, n_queries, dim = q.shape
        out = torch.empty(n_queries, heads, dim, dtype=q.dtype)
        lse = torch.empty(heads, n_queries)
        arguments = _Attend(
            *(x.data_ptr() for x in (q, k, v)),
            *((None, None) if lists is None else (lists.indices.data_ptr(), lists.counts.data_ptr())),
            *(x.data_ptr() for x in (out, lse)),
            *(stride for x in (q, k, v) for stride in x.stride()[:2]),
            *(n_queries, operands.end, heads, k.shape[0], dim, operands.start),
            *((_TILE, _TILE, 0) if lists is None else (lists.query_block, lists.key_block, lists.indices.shape[-1])),
            operands.scale,
            q.dtype == torch.bfloat16,
            torch.get_num_threads(),
        )
        self._attend(arguments)
        return Attended(out, lse)

    def page_scores(self, q: Tensor, codes: Tensor, steps: Tensor, zeros: Tensor, n_groups: int) -> Tensor:
        """Log-sum-exp of the approximate scores in each page of 16 tokens, `(heads, n_groups * 4)`.

        `q` is float32 `(heads, head_dim)`, already scaled; the rest is as `Int4Keys` in `scoring` has it.
        """
        kv_heads, capacity, dim = steps.shape
        scaled = (q * 1.4426950408889634).contiguous()
        out = torch.empty(len(q), n_groups * 4)
        tensors = (scaled, codes, steps, zeros, out)
        sizes = (capacity, n_groups, len(q), kv_heads, dim)
        self._score(_Score(*(x.data_ptr() for x in tensors), *sizes, torch.get_num_threads()))
        return out


def native_backend(directory: Path | None = None) -> NativeBackend | None:
    """The kernels, compiled into `directory` (the user's cache by default), or None where they cannot be had."""
    with _lock:
        return _loaded(directory or Path(platformdirs.user_cache_dir("docqa", appauthor=False)) / "native")


@functools.cache
def _loaded(directory: Path) -> NativeBackend | None:
    try:
        backend = NativeBackend(ctypes.CDLL(str(_compiled(directory))))
        worst = _largest_error(backend)
    except (OSError, subprocess.SubprocessError) as error:
        logging.getLogger("docqa").warning("the C++ kernels cannot be compiled, PyTorch's are used: %s", _cause(error))
        return None
    if worst > _TOLERANCE:
        logging.getLogger("docqa").warning("the C++ kernels are off by %.1e, PyTorch's are used", worst)
        return None
    return backend


def _compiled(directory: Path) -> Path:
    """The library's path; its name holds everything that it was made from."""
    compiler = next((path for path in map(shutil.which, _COMPILERS) if path), None)
    made_from = (SOURCE.read_text(encoding="utf-8"), _FLAGS, compiler, _processor())
    library = directory / f"attention-{hashlib.sha256(repr(made_from).encode()).hexdigest()[:24]}.so"
    if library.exists():
        return library
    if compiler is None:
        raise OSError("there is no C++ compiler (c++, g++ or clang++)")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        made = Path(scratch) / library.name
        threaded = (*_FLAGS, "-fopenmp")
        if not _compile(compiler, threaded, made, check=False):
            _compile(compiler, _FLAGS, made, check=True)
        os.replace(made, library)
    return library


def _compile(compiler: str, flags: tuple[str, ...], target: Path, *, check: bool) -> bool:
    command = [compiler, *flags, str(SOURCE), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=check)
    return done.returncode == 0


def _processor() -> str:
    """What -march=native looks at: a library for one processor may not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.node()}"
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.machine())


def _cause(error: Exception) -> str:
    told = getattr(error, "stderr", None) or str(error)
    return next((line for line in str(told).splitlines() if line.strip()), type(error).__name__)


def _largest_error(backend: NativeBackend) -> float:
    """Against the reference, dense and sparse, on 300 tokens: rounding tricks that a compiler breaks show here.

    The reference computes in float64: PyTorch's first float32 operations in a process were off by 1.4e-4 now and then.
    """
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(heads, 300, 64, generator=generator) * 2 for heads in (4, 2, 2))
    everything = Operands(q, k, v, 0, 0.125)
    last = Operands(q[:, -1:], k, v, 299, 0.125)
    pages = torch.tensor([[[0, 3, 7, 18]], [[18, 1, 0, 2]]], dtype=torch.int32)
    lists = BlockLists(pages, torch.full((2, 1), 4, dtype=torch.int32), 1, 16)
    worst = 0.0
    for operands, listed in ((everything, None), (last, lists), (last, None)):
        exact = replace(operands, q=operands.q.double(), k=operands.k.double(), v=operands.v.double())
        ours, meant = backend.attend(operands, listed), ReferenceBackend().attend(exact, listed)
        worst = max(worst, float((ours.out - meant.out).abs().max()), float((ours.lse - meant.lse).abs().max()))
    return worst
