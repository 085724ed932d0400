"""How long the command line takes from process start: `docqa --help`, and `docqa ask` on an indexed 100-page PDF.

    python -m benchmarks.start_time [--runs 7]

The commands run in turn, so that all of them see the same load; medians are printed, with what an empty Python takes
and the bars: `--help` under 0.4 s, `ask` under 1.0 s more than an empty start and under 2.0 s in all, and a question
under 0.3 s in a process that has asked before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.ingest_memory import write_pdf
from docqa import DocQA

N_PAGES = 100
QUESTION = "By how much did the tariff rise for the coming year?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    n_runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manual.pdf"
        write_pdf(path, N_PAGES)
        environment = {**os.environ, "DOCQA_CACHE_DIR": folder}
        docqa = [sys.executable, "-m", "docqa.app.cli"]
        commands = {
            "empty Python": [sys.executable, "-c", "pass"],
            "docqa --help": [*docqa, "--help"],
            "docqa ask": [*docqa, "ask", str(path), QUESTION],
        }
        subprocess.run([*docqa, "index", str(path)], env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds: dict[str, list[float]] = {name: [] for name in (*commands, "running")}
        agent = DocQA(cache_dir=folder)
        agent.ask(path, QUESTION)
        for _ in range(n_runs):
            for name, command in commands.items():
                seconds[name].append(_seconds(command, environment))
            started = time.perf_counter()
            agent.ask(path, QUESTION)
            seconds["running"].append(time.perf_counter() - started)
        agent.close()
    medians = {name: statistics.median(runs) for name, runs in seconds.items()}
    for name, median in medians.items():
        print(f"{name:<14} median {median:.3f} s  min {min(seconds[name]):.3f} s")
    print(f"--help: {medians['docqa --help']:.3f} s, bar 0.4 s")
    above_empty_s = medians["docqa ask"] - medians["empty Python"]
    print(f"ask on {N_PAGES} indexed pages: empty start + {above_empty_s:.3f} s, bar 1.0 s")
    print(f"ask from process start: {medians['docqa ask']:.3f} s, bar 2.0 s")
    print(f"ask in a running process: {medians['running']:.3f} s, bar 0.3 s")


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, 4):  # answered or not found: both ran to the end
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
