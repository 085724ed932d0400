"""How long the embedded brain takes on 300 pages: from process start, in a running process, and to encode everything.

    python -m benchmarks.reader_speed [PDF] [--model embedded …] [--encoder embedded] [--rounds 5]

Without a PDF one of 300 pages is made. Medians stand beside the bars: a first answer on an unseen PDF 4 s after the
start of the process, on an indexed one 1.5 s, in a running process 0.3 s (each question another one); 25 passages of
256 tokens a second; all passages of the PDF within 60 s. Everything runs with as many threads as processors, up to 4.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ingest_memory import write_pdf
from docqa import DocQA
from docqa.app.build import build_library
from docqa.app.config import Settings
from docqa.llm.onnx_encoder import OnnxEncoder
from docqa.llm.onnx_parts import Parts

N_PAGES = 300
QUESTIONS = (
    "By how much did the tariff rise for the coming year?",
    "Who approved the budget of the works?",
    "How many pumps were replaced?",
    "When was the reservoir inspected?",
    "What did the committee discuss?",
    "Where do the mains leak?",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf", type=Path, nargs="?")
    parser.add_argument("--model", nargs="+", default=["embedded"])
    parser.add_argument("--encoder", default=Settings().encoder)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.pdf or Path(folder) / "manual.pdf"
        if given.pdf is None:
            write_pdf(path, N_PAGES)
        for model in given.model:
            measure(path.absolute(), model, given.encoder, given.rounds)
        encode(path)


def measure(path: Path, model: str, encoder: str, n_rounds: int) -> None:
    """Ask in turn on an unseen and on an indexed document, then in this process."""
    unseen, indexed = [], []
    with tempfile.TemporaryDirectory() as known:
        settings = ("--model", model, "--encoder", encoder)
        _ask(Path(known), path, QUESTIONS[0], settings)
        for number in range(n_rounds):
            question = QUESTIONS[number % len(QUESTIONS)]
            with tempfile.TemporaryDirectory() as empty:
                unseen.append(_ask(Path(empty), path, question, settings))
            indexed.append(_ask(Path(known), path, question, settings))
        agent = DocQA(cache_dir=known, model=model, encoder=encoder)
        agent.ask(path, QUESTIONS[-1])
        running = []
        for question in QUESTIONS[:-1]:
            started = time.perf_counter()
            agent.ask(path, question)
            running.append(time.perf_counter() - started)
        agent.close()
    for name, seconds, bar in (("unseen", unseen, 4.0), ("indexed", indexed, 1.5), ("running", running, 0.3)):
        print(f"{model}, encoder {encoder}: {name:8} median {statistics.median(seconds):.2f} s  bar {bar} s")


def encode(path: Path) -> None:
    """Passages a second, and all of the document."""
    encoder = OnnxEncoder(Parts())
    words = "pump mains level hall year water gauge rate town board".split()
    texts = [" ".join(words[(i * k) % len(words)] for i in range(254)) for k in range(1, 65)]
    encoder.encode_passages(texts[:8])
    started = time.perf_counter()
    encoder.encode_passages(texts)
    print(f"encoder: {len(texts) / (time.perf_counter() - started):.1f} passages of 256 tokens a second  bar 25")
    with tempfile.TemporaryDirectory() as cache, build_library(Settings(cache_dir=Path(cache))) as library:
        document = library.add(path)
        started = time.perf_counter()
        library.embed(document.id, encoder)
        n_passages = len(library.passages(document.id))
        print(f"all {n_passages} passages of {path.name}: {time.perf_counter() - started:.1f} s  bar 60 s")


def _ask(cache: Path, path: Path, question: str, settings: Sequence[str]) -> float:
    command = [sys.executable, "-m", "docqa.app.cli", "ask", str(path), question, *settings]
    environment = {**os.environ, "DOCQA_CACHE_DIR": str(cache)}
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
