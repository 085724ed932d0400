"""Pages per second of PDFium's bare text call, of our PDF reader, and of pypdf, interleaved in one run.

    python benchmarks/pdf_speed.py FILE_OR_DIR [--rounds 5] [--no-pypdf]

The bare call is `page.get_textpage().get_text_range()` for every page, as a user of pypdfium2 writes it. Ours is the
whole reader, its child processes started in every round, OCR off. The ratio is our seconds over those of the bare call,
medians over the rounds; `start` is the seconds from nothing to an open file, and `-start` the ratio without them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pypdfium2

from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.reader import PdfReader


def bare(path: Path) -> int:
    """Read every page by pypdfium2's text call."""
    document = pypdfium2.PdfDocument(path)
    for page in document:
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
    n_pages = len(document)
    document.close()
    return n_pages


def ours(path: Path) -> int:
    """Read every page by our reader."""
    with PdfReader().open(path, ReadOptions(ocr="off")) as reading:
        return sum(1 for _ in reading)


def start(path: Path) -> int:
    """Only open a file by our reader."""
    with PdfReader().open(path, ReadOptions(ocr="off")) as reading:
        return reading.n_pages


def by_pypdf(path: Path) -> int:
    """Read every page by pypdf."""
    import pypdf

    pages = pypdf.PdfReader(path).pages
    for page in pages:
        page.extract_text()
    return len(pages)


def timed(read: Callable[[Path], int], path: Path) -> tuple[float, int]:
    """Return the seconds of one reading and the number of pages."""
    begun = time.perf_counter()
    n_pages = read(path)
    return time.perf_counter() - begun, n_pages


def measure(path: Path, n_rounds: int, with_pypdf: bool) -> tuple[int, dict[str, float]]:
    """Return the number of pages and the median seconds of each reader over the rounds."""
    readers = {"bare": bare, "ours": ours, "start": start}
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    n_pages = 0
    for _ in range(n_rounds):
        for name, read in readers.items():
            duration, n_pages = timed(read, path)
            seconds[name].append(duration)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    if with_pypdf:
        medians["pypdf"] = timed(by_pypdf, path)[0]
    return n_pages, medians


def row(name: str, n_pages: int, seconds: dict[str, float]) -> str:
    """Write one line of the table."""
    without_start = max(seconds["ours"] - seconds["start"], 1e-9)
    pypdf_speed = f"{n_pages / seconds['pypdf']:9.1f}" if "pypdf" in seconds else f"{'-':>9}"
    return (
        f"{name[:40]:40} {n_pages:6d} {n_pages / seconds['bare']:9.1f} {n_pages / seconds['ours']:9.1f} {pypdf_speed}"
        f" {seconds['ours'] / seconds['bare']:9.2f} {without_start / seconds['bare']:9.2f} {seconds['start']:7.3f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", type=Path, help="a PDF or a folder of PDFs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-pypdf", action="store_true")
    options = parser.parse_args()
    files = sorted(options.path.glob("*.pdf")) if options.path.is_dir() else [options.path]
    total: dict[str, float] = {}
    n_total = 0
    columns = (f"{name:>9}" for name in ("bare", "ours", "pypdf", "ratio", "-start"))
    print(f"{'pages per second':40} {'pages':>6} {' '.join(columns)} {'start':>7}")
    for file in files:
        n_pages, seconds = measure(file, options.rounds, not options.no_pypdf)
        print(row(file.name, n_pages, seconds), flush=True)
        n_total += n_pages
        total = {name: total.get(name, 0.0) + duration for name, duration in seconds.items()}
    print(row("all", n_total, total))


if __name__ == "__main__":
    main()
