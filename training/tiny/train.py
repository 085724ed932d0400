"""Trains the tiny model: `python -m training.tiny.train --work FOLDER --out FOLDER`.

A run goes on from its last checkpoint when the same command is given again. On a processor it depends on its seed
alone; on a GPU other processes make the texts some steps ahead, and the arithmetic differs from run to run. The log has
a line for every few steps: length, loss, and the accuracy of each task on texts that were never seen before.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from training.optimise import append_log, save_state
from training.tiny.curriculum import LENGTHS, Progress, conversations
from training.tiny.language import save_probes, tokenizer
from training.tiny.network import N_POSITIONS, network, replies_loss
from training.tiny.sequences import Batch, batch


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. The rates rise over `n_warmup` steps and fall to zero over the last `n_decay`.

    With `seconds`, the run ends when so much time has passed, of which the last `decay_seconds` take the rates to zero.
    """

    n_steps: int
    n_decay: int
    n_tokens: int = 3072
    matrix_rate: float = 0.02
    other_rate: float = 2e-3
    n_warmup: int = 20
    seed: int = 0
    every: int = 20
    n_processes: int = 0
    seconds: float = math.inf
    decay_seconds: float = 1.0

    def share(self, step: int, passed: float) -> float:
        """Of the full rates, at a step counted from 0, when so many seconds have passed."""
        left = min((self.n_steps - step) / max(1, self.n_decay), (self.seconds - passed) / self.decay_seconds)
        return max(0.0, min(1.0, (step + 1) / self.n_warmup, left))


@dataclass(frozen=True, slots=True)
class Made:
    """The rows of a step."""

    step: int
    rows: Batch


class Rows:
    """Makes the rows of one step after another.

    With `n_processes` of the schedule other processes make them ahead, by what was known when they were begun.
    """

    def __init__(self, schedule: Schedule, progress: Progress, first: int) -> None:
        self._schedule, self._progress, self._first = schedule, progress, first

    def __iter__(self) -> Iterator[Made]:
        schedule, steps = self._schedule, range(self._first, self._schedule.n_steps)
        if not schedule.n_processes:
            yield from (made(schedule, self._progress, step) for step in steps)
            return
        with ProcessPoolExecutor(schedule.n_processes, multiprocessing.get_context("spawn")) as pool:
            waiting, ahead = deque[Future[Made]](), iter(steps)
            for _ in steps:
                while len(waiting) < 3 * schedule.n_processes and (step := next(ahead, None)) is not None:
                    waiting.append(pool.submit(made, schedule, self._known(), step))
                yield waiting.popleft().result()

    def _known(self) -> Progress:
        """What a process needs to know of the progress: everything but the outcomes."""
        return Progress(self._progress.window, self._progress.level, self._progress.all_tasks, self._progress.forms)


def made(schedule: Schedule, progress: Progress, step: int) -> Made:
    """The rows of a step."""
    chance = random.Random(f"{schedule.seed}/{step}")
    talks, length = conversations(progress, schedule.n_tokens, chance)
    rows = batch(talks, _words(), length, N_POSITIONS, f"{schedule.seed}/{step}/gaps")
    return Made(step, rows)


@cache
def _words() -> Any:
    return tokenizer(N_POSITIONS)


class Optimiser:
    """Muon (Jordan et al. 2024) for the matrices of the layers, AdamW for embeddings, biases and norms."""

    def __init__(self, model: Any, schedule: Schedule) -> None:
        inside = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
        others = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
        self._rates = (schedule.matrix_rate, schedule.other_rate)
        self._parts: tuple[torch.optim.Optimizer, ...] = (
            torch.optim.Muon(inside, lr=schedule.matrix_rate, weight_decay=0.01),
            torch.optim.AdamW(others, lr=schedule.other_rate, betas=(0.9, 0.98), weight_decay=0.0),
        )
        self._parameters = [*inside, *others]

    def step(self, share: float) -> None:
        """Apply the gradients at this share of the full rates, clipped to norm 1, and clear them."""
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for part, rate in zip(self._parts, self._rates, strict=True):
            for group in part.param_groups:
                group["lr"] = rate * share
            part.step()
            part.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, Any]]:
        """Everything that a later run needs."""
        return [part.state_dict() for part in self._parts]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Go on from a saved state."""
        for part, saved in zip(self._parts, state, strict=True):
            part.load_state_dict(saved)


def train(schedule: Schedule, work: Path, device: str = "cpu", length: int | None = None) -> Any:
    """Train, or go on training, until the schedule's last step; the state stands in `work/checkpoint.pt`.

    With a `length` the texts have it from the first step on, where a run without goes on as far as it has learned.
    """
    work.mkdir(parents=True, exist_ok=True)
    words = _words()
    model = network(len(words), words.eos_token_id, words.pad_token_id, schedule.seed).to(device)
    optimiser, progress = Optimiser(model, schedule), Progress(max(240, schedule.n_tokens // 10))
    first = _resumed(work / "checkpoint.pt", model, optimiser, progress)
    if length is not None:
        progress.go_on_at(length)
    began, losses = time.perf_counter(), list[float]()
    for rows in Rows(schedule, progress, first):
        step = rows.step
        loss, wrong = replies_loss(model, rows.rows.to(device))
        torch.autograd.backward(loss)
        passed = time.perf_counter() - began
        optimiser.step(schedule.share(step, passed))
        losses.append(loss.item())
        progress.take(zip(rows.rows.replies, (wrong == 0).tolist(), strict=True))
        if (step + 1) % schedule.every == 0:
            seconds = round(passed, 1)
            known = {task: round(share, 3) for task, share in progress.accuracy().items()}
            mean = round(sum(losses) / len(losses), 4)
            append_log(work, {"step": step + 1, "seconds": seconds, "length": progress.length, "loss": mean, **known})
            losses.clear()
        last = step + 1 == schedule.n_steps or passed >= schedule.seconds
        if (step + 1) % (2 * schedule.every) == 0 or last:
            state = {"step": step + 1, "model": model.state_dict(), "optimiser": optimiser.state()}
            save_state(work / "checkpoint.pt", {**state, "progress": progress.state()})
        if last:
            break
    return model.cpu()


def export(model: Any, out: Path) -> None:
    """Write the model in float16 with its tokenizer and probes, as `--model local:PATH` takes it."""
    model.config._attn_implementation = "sdpa"
    model.half().save_pretrained(out)
    tokenizer(N_POSITIONS).save_pretrained(out)
    save_probes(out)


def _resumed(path: Path, model: Any, optimiser: Optimiser, progress: Progress) -> int:
    """The first step that is still to be done."""
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True, map_location="cpu")
    model.load_state_dict(saved["model"])
    optimiser.load(saved["optimiser"])
    progress.load(saved["progress"])
    return int(saved["step"])


def main() -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--n-steps", type=int, default=3600)
    parser.add_argument("--n-decay", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-tokens", type=int, default=3072, help="of a step")
    parser.add_argument("--n-processes", type=int, default=0, help="that make texts ahead")
    parser.add_argument("--every", type=int, default=20, help="steps between lines of the log")
    parser.add_argument("--seconds", type=float, default=math.inf, help="end after so long")
    parser.add_argument("--decay-seconds", type=float, default=1.0, help="of the end, in which the rates fall")
    parser.add_argument("--length", type=int, choices=LENGTHS, help="go on with texts of so many tokens")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    schedule = Schedule(
        options.n_steps,
        options.n_decay,
        options.n_tokens,
        seed=options.seed,
        every=options.every,
        n_processes=options.n_processes,
        seconds=options.seconds,
        decay_seconds=options.decay_seconds,
    )
    model = train(schedule, options.work, options.device, options.length)
    if options.out:
        export(model, options.out)


if __name__ == "__main__":
    main()
