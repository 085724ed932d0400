"""One training loop for every part: half-precision weights with a full-precision master, averages, checkpoints, a log.

A run is a function of its seed and its step count alone, and goes on where it stopped: the learning rate stays flat
until the last `n_decay` steps, so that a run may also be made longer later. Where time is short, a run may have an end
by the clock besides; its rate then falls in good time.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from training.feeding import Batch, Feed, Task, on_device

B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. `n_steps` is the whole run, `n_decay` its last part in which the rate falls to zero.

    The averages after `snapshot` steps are kept in a file of their own, for another part to begin with.
    """

    n_steps: int
    n_decay: int
    rate: float = 2e-4
    n_warmup: int = 150
    average: float = 0.998
    seed: int = 0
    checkpoint_every: int = 50
    log_every: int = 50
    check_every: int = 250
    snapshot: int = 0

    def rate_at(self, step: int, time_left: float = 1.0) -> float:
        """The learning rate of a step, counted from 0, when so large a share of the time is left."""
        rising = min(1.0, (step + 1) / self.n_warmup)
        falling = min(1.0, (self.n_steps - step) / max(1, self.n_decay))
        hurried = min(1.0, time_left * self.n_steps / max(1, self.n_decay))
        return self.rate * rising * max(0.0, min(falling, hurried))


class HalfPrecision:
    """A model in bfloat16 with float32 master weights, AdamW, and a running average of the masters."""

    def __init__(self, model: nn.Module, schedule: Schedule) -> None:
        self.names = [name for name, p in model.named_parameters() if p.requires_grad]
        parameters = dict(model.named_parameters())
        self.masters = [parameters[name].detach().float().clone() for name in self.names]
        self.averages = [master.clone() for master in self.masters]
        self.gradients = [torch.zeros_like(master) for master in self.masters]
        for master, gradient in zip(self.masters, self.gradients, strict=True):
            master.grad = gradient
        self.model = model.bfloat16()
        parameters = dict(self.model.named_parameters())
        self.working: list[Tensor] = [parameters[name] for name in self.names]
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
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.working]
        torch._foreach_copy_(self.gradients, gradients)
        for parameter in self.working:
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        keep = min(self.average, (1 + n_done) / (10 + n_done))
        with torch.no_grad():
            torch._foreach_copy_(self.working, self.masters)
            torch._foreach_lerp_(self.averages, self.masters, 1 - keep)

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


def train(model: nn.Module, feed: Feed[B], schedule: Schedule, out: Path, until: float | None = None) -> None:
    """Train, or go on training, until the schedule's last step, or until `until` on `time.monotonic`'s clock.

    The state stands in `out/checkpoint.pt`; when the run has ended, its averages stand in `out/weights.pt` besides.
    """
    out.mkdir(parents=True, exist_ok=True)
    task, device = feed.task, next(model.parameters()).device
    precision = HalfPrecision(model.train(), schedule)
    checkpoint = out / "checkpoint.pt"
    done = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
        precision.load(saved)
        done = saved["step"]
    checks = [task.collate(batch) for batch in task.check(random.Random(schedule.seed))] if task.check else []
    sums: dict[str, Tensor] = {}
    began = time.monotonic()
    for step, batch in _steps(feed, schedule.n_steps, done):
        now = time.monotonic()
        if until is not None and now >= until:
            break
        left = 1.0 if until is None else (until - now) / (until - began)
        torch.manual_seed(schedule.seed * 1_000_003 + step)  # what is left out of a step depends on its number alone
        losses = task.losses(precision.model, on_device(batch, device))
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        precision.step(schedule.rate_at(step, left), step)
        done = step + 1
        for name, loss in losses.items():
            sums[name] = sums[name] + loss.detach() if name in sums else loss.detach()
        if done % schedule.log_every == 0:
            means = {name: round(total.item() / schedule.log_every, 4) for name, total in sums.items()}
            append_log(out, {"step": done, "seconds": round(time.monotonic() - began, 1), **means})
            sums.clear()
        if checks and done % schedule.check_every == 0:
            append_log(out, {"step": done, **checked(precision.model, task, checks)})
        if done % schedule.checkpoint_every == 0:
            save_state(checkpoint, {"step": done, **precision.state()})
        if done == schedule.snapshot:
            save_averages(snapshot_path(out, done), done, precision)
    save_state(checkpoint, {"step": done, **precision.state()})
    save_averages(out / "weights.pt", done, precision)


def checked(model: nn.Module, task: Task[B], batches: Sequence[Batch]) -> dict[str, float]:
    """The mean losses over batches of rows that are kept apart, by the weights as they are (not their averages)."""
    device = next(model.parameters()).device
    sums: dict[str, Tensor] = {}
    model.eval()
    with torch.no_grad():
        for batch in batches:
            for name, loss in task.losses(model, on_device(batch, device)).items():
                sums[name] = sums[name] + loss if name in sums else loss
    model.train()
    return {f"check_{name}": round(total.item() / len(batches), 4) for name, total in sums.items()}


def snapshot_path(out: Path, step: int) -> Path:
    """Where a run keeps its averages after so many steps."""
    return out / f"step-{step}.pt"


def _steps(feed: Feed[B], n_steps: int, first: int) -> Iterator[tuple[int, Batch]]:
    """Number and batch of every step from `first` on; each epoch depends on the seed and its own number only."""
    step = epoch = 0
    while step < n_steps:
        for batch in feed.epoch(epoch):
            if step >= n_steps:
                return
            if step >= first:
                yield step, batch
            step += 1
        epoch += 1


def save_averages(path: Path, step: int, precision: HalfPrecision) -> None:
    """Keep the averages after a step in float16: all that another part or the export needs."""
    averages = {name: average.half().cpu() for name, average in zip(precision.names, precision.averages, strict=True)}
    save_state(path, {"step": step, "averages": averages})


def append_log(out: Path, record: dict[str, Any]) -> None:
    """Add a line to the log of a run."""
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(record) + "\n")


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
