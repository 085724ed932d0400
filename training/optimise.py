"""One training loop for every part: half-precision weights with a full-precision master, averages, checkpoints, a log.

A run is a function of its seed and its step count alone, and goes on where it stopped: the learning rate stays flat
until the last `n_decay` steps, so that a run may also be made longer later.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. `n_steps` is the whole run, `n_decay` its last part in which the rate falls to zero.

    The state after `snapshot` steps is kept in a file of its own, for another part to begin with.
    """

    n_steps: int
    n_decay: int
    rate: float = 2e-4
    n_warmup: int = 150
    average: float = 0.998
    seed: int = 0
    checkpoint_every: int = 50
    log_every: int = 50
    snapshot: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        rising = min(1.0, (step + 1) / self.n_warmup)
        falling = min(1.0, (self.n_steps - step) / max(1, self.n_decay))
        return self.rate * rising * falling


class HalfPrecision:
    """A model in bfloat16 with float32 master weights, AdamW, and a running average of the masters."""

    def __init__(self, model: nn.Module, schedule: Schedule) -> None:
        self.names = [name for name, p in model.named_parameters() if p.requires_grad]
        parameters = dict(model.named_parameters())
        self.masters = [parameters[name].detach().float().clone() for name in self.names]
        self.averages = [master.clone() for master in self.masters]
        self.model = model.bfloat16()
        parameters = dict(self.model.named_parameters())
        self.working = [parameters[name] for name in self.names]
        decayed = [m for m in self.masters if m.dim() > 1]
        plain = [m for m in self.masters if m.dim() <= 1]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "weight_decay": 0.01},
            {"params": plain, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=schedule.rate, betas=(0.9, 0.98), fused=True)
        self.average = schedule.average

    def step(self, rate: float, n_done: int) -> None:
        """Apply the gradients that `backward` left, clipped to norm 1, and clear them."""
        for master, parameter in zip(self.masters, self.working, strict=True):
            master.grad = parameter.grad.float() if parameter.grad is not None else torch.zeros_like(master)
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        keep = min(self.average, (1 + n_done) / (10 + n_done))
        with torch.no_grad():
            for parameter, master in zip(self.working, self.masters, strict=True):
                parameter.copy_(master)
            torch._foreach_mul_(self.averages, keep)
            torch._foreach_add_(self.averages, self.masters, alpha=1 - keep)

    def state(self) -> dict[str, Any]:
        """Everything that a later run needs."""
        return {
            "masters": dict(zip(self.names, self.masters, strict=True)),
            "averages": dict(zip(self.names, self.averages, strict=True)),
            "optimiser": self.optimiser.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        with torch.no_grad():
            for i, name in enumerate(self.names):
                self.masters[i].copy_(state["masters"][name])
                self.averages[i].copy_(state["averages"][name])
                self.working[i].copy_(self.masters[i])
        self.optimiser.load_state_dict(state["optimiser"])


@dataclass(frozen=True, slots=True)
class Task(Generic[B]):
    """What differs between the parts: an epoch's batches from a random source, and the losses of a batch."""

    batches: Callable[[random.Random], list[B]]
    losses: Callable[[nn.Module, B], dict[str, Tensor]]


def train(model: nn.Module, task: Task[B], schedule: Schedule, out: Path) -> None:
    """Train, or go on training, until the schedule's last step; the state stands in `out/checkpoint.pt`."""
    out.mkdir(parents=True, exist_ok=True)
    precision = HalfPrecision(model, schedule)
    checkpoint = out / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        precision.load(saved)
        first = saved["step"]
    sums: dict[str, float] = defaultdict(float)
    began = time.perf_counter()
    for step, batch in _steps(task, schedule, first):
        losses = task.losses(precision.model, batch)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        precision.step(schedule.rate_at(step), step)
        for name, loss in losses.items():
            sums[name] += loss.item()
        if (step + 1) % schedule.log_every == 0:
            means = {name: round(total / schedule.log_every, 4) for name, total in sums.items()}
            append_log(out, {"step": step + 1, "seconds": round(time.perf_counter() - began, 1), **means})
            sums.clear()
        if (step + 1) % schedule.checkpoint_every == 0 or step + 1 == schedule.n_steps:
            save_state(checkpoint, {"step": step + 1, **precision.state()})
        if step + 1 == schedule.snapshot:
            save_state(snapshot_path(out, schedule.snapshot), {"step": step + 1, **precision.state()})


def snapshot_path(out: Path, step: int) -> Path:
    """Where a run keeps its state after so many steps."""
    return out / f"step-{step}.pt"


def _steps(task: Task[B], schedule: Schedule, first: int) -> Iterator[tuple[int, B]]:
    """Number and batch of every step from `first` on; each epoch depends on the seed and its own number only."""
    step = epoch = 0
    while step < schedule.n_steps:
        for batch in task.batches(random.Random(f"{schedule.seed}/{epoch}")):
            if step >= schedule.n_steps:
                return
            if step >= first:
                yield step, batch
            step += 1
        epoch += 1


def append_log(out: Path, record: dict[str, Any]) -> None:
    """Add a line to the log of a run."""
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(record) + "\n")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
