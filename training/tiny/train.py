"""Trains the tiny model: `python -m training.tiny.train --work FOLDER --out FOLDER`.

A run depends on its seed alone and goes on from its last checkpoint when the same command is given again. The log has a
line for every few steps: length, loss, and the accuracy of each task on texts that were never seen before.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.optimise import append_log, save_state
from training.tiny.curriculum import Progress, conversations
from training.tiny.language import save_probes, tokenizer
from training.tiny.network import N_POSITIONS, network, replies_loss
from training.tiny.sequences import batch


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. The rates rise over `n_warmup` steps and fall to zero over the last `n_decay`."""

    n_steps: int
    n_decay: int
    n_tokens: int = 3072
    matrix_rate: float = 0.02
    other_rate: float = 2e-3
    n_warmup: int = 20
    seed: int = 0
    every: int = 20

    def share(self, step: int) -> float:
        """Of the full rates, at a step counted from 0."""
        return min(1.0, (step + 1) / self.n_warmup, (self.n_steps - step) / max(1, self.n_decay))


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


def train(schedule: Schedule, work: Path) -> Any:
    """Train, or go on training, until the schedule's last step; the state stands in `work/checkpoint.pt`."""
    work.mkdir(parents=True, exist_ok=True)
    words = tokenizer(N_POSITIONS)
    model = network(len(words), words.eos_token_id, words.pad_token_id, schedule.seed)
    optimiser, progress = Optimiser(model, schedule), Progress()
    first = _resumed(work / "checkpoint.pt", model, optimiser, progress)
    began, losses = time.process_time(), list[float]()
    for step in range(first, schedule.n_steps):
        chance = random.Random(f"{schedule.seed}/{step}")
        made, length = conversations(progress, schedule.n_tokens, chance)
        loss, outcomes = replies_loss(model, batch(made, words, length, N_POSITIONS, f"{schedule.seed}/{step}/gaps"))
        torch.autograd.backward(loss)
        optimiser.step(schedule.share(step))
        losses.append(loss.item())
        progress.take(outcomes)
        if (step + 1) % schedule.every == 0:
            seconds = round(time.process_time() - began, 1)
            known = {task: round(share, 3) for task, share in progress.accuracy().items()}
            mean = round(sum(losses) / len(losses), 4)
            append_log(work, {"step": step + 1, "seconds": seconds, "length": progress.length, "loss": mean, **known})
            losses.clear()
        if (step + 1) % (2 * schedule.every) == 0 or step + 1 == schedule.n_steps:
            state = {"step": step + 1, "model": model.state_dict(), "optimiser": optimiser.state()}
            save_state(work / "checkpoint.pt", {**state, "progress": progress.state()})
    return model


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
    saved = torch.load(path, weights_only=True)
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
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = train(Schedule(options.n_steps, options.n_decay, seed=options.seed), options.work)
    if options.out:
        export(model, options.out)


if __name__ == "__main__":
    main()
