"""How much memory and time an ingest takes, and that memory grows with a page and not with the file.

    python -m benchmarks.ingest_memory DIRECTORY [--pages 500 2000]

Makes PDFs of running text (about 2,900 characters a page) in DIRECTORY, ingests each in a fresh process with an empty
cache, and prints pages/s and peak resident memory: of the process itself when all pages were read and at the end, of
its largest child (PDFium runs in one), and the sum, which is an upper bound of both at any moment. Then it times the
library on the indexed file.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

BAR_MB = 700
N_LOOKUPS = 7

CLAUSES = (
    "the survey of the channel was repeated after the winter storms",
    "each turbine is lifted once in five years for an inspection of its blades and seals",
    "members voted to keep the reserve at a tenth of the yearly income",
    "the export cable carried {n} megawatt hours in the month of the spring tides",
    "repairs on the second mooring took {n} hours longer than had been planned",
    "the regulator allowed the tariff to rise by {n} pounds for the coming year",
    "sediment was measured at {n} stations between the harbour and the outer bank",
    "no change in the numbers of seabirds could be shown over {n} counts",
)


def write_pdf(path: Path, n_pages: int) -> None:
    """Pages of 44 lines with a running head and a page number."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    source = random.Random(n_pages)
    canvas = Canvas(str(path), pagesize=A4, invariant=1, pageCompression=1)
    for number in range(1, n_pages + 1):
        sentences = [source.choice(CLAUSES).format(n=source.randint(2, 9999)) for _ in range(38)]
        lines = simpleSplit(". ".join(s[0].upper() + s[1:] for s in sentences) + ".", "Times-Roman", 11, 420)
        canvas.setFont("Times-Roman", 11)
        canvas.drawString(85, 800, f"Report on the works, part {1 + number // 40}")
        canvas.drawCentredString(297, 40, str(number))
        text = canvas.beginText(85, 765)
        text.textLines("\n".join(lines[:50]))
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()


def ingest(file: Path, cache: Path) -> dict[str, float]:
    """Read the file into an empty cache in this process, and measure."""
    from docqa.retrieval.library import Library, Progress

    figures: dict[str, float] = {}
    started = time.perf_counter()

    def note(progress: Progress) -> None:
        if progress.stage == "reading":
            figures["reading_s"], figures["reading_mb"] = time.perf_counter() - started, peak_mb()[0]

    with Library(cache) as library:
        document = library.add(file, on_progress=note)
        figures["s"] = time.perf_counter() - started
        figures["chars"] = library.health(document.id).summary.n_chars
    figures["own_mb"], figures["child_mb"] = peak_mb()
    figures["stored_mb"] = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) / 1024**2
    return figures


def peak_mb() -> tuple[float, float]:
    """The most memory that this process, and that its largest child, ever had resident."""
    import resource

    unit = 1024**2 if sys.platform == "darwin" else 1024  # bytes there, kilobytes on Linux
    own, child = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own, child


def lookup_ms(file: Path, cache: Path) -> tuple[float, float]:
    """Milliseconds of `add` alone and of `add` with `indexed` on an indexed file, the best of some."""
    from docqa.retrieval.library import Library

    timings = []
    for _ in range(N_LOOKUPS):
        started = time.perf_counter()
        with Library(cache) as library:
            document = library.add(file)
            added = time.perf_counter()
            library.indexed(document.id)
            timings.append((added - started, time.perf_counter() - started))
    add_s, both_s = (min(column) for column in zip(*timings, strict=True))
    return 1000 * add_s, 1000 * both_s


def measure(directory: Path, n_pages: int) -> float:
    """Print the figures of one size; return the peak in MB."""
    file, cache = directory / f"{n_pages}.pdf", directory / f"cache-{n_pages}"
    if not file.exists():
        write_pdf(file, n_pages)
    shutil.rmtree(cache, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.ingest_memory", str(directory), "--ingest", str(file), str(cache)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    add_ms, both_ms = lookup_ms(file, cache)
    peak = found["own_mb"] + found["child_mb"]
    print(
        f"{n_pages:6} {found['chars'] / n_pages:10.0f} {found['reading_s']:9.1f} {found['s']:9.1f} "
        f"{n_pages / found['s']:7.0f} {found['reading_mb']:10.0f} {found['own_mb']:7.0f} {found['child_mb']:9.0f} "
        f"{peak:7.0f} {found['stored_mb']:9.1f} {add_ms:7.1f} {both_ms:14.1f}"
    )
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description="memory and time of an ingest")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pages", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--ingest", type=Path, nargs=2, metavar=("FILE", "CACHE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ingest:
        print(json.dumps(ingest(*arguments.ingest)))
        return
    arguments.directory.mkdir(parents=True, exist_ok=True)
    print(
        " pages chars/page reading s   whole s pages/s reading MB  own MB  child MB  sum MB MB stored"
        "  add ms add+indexed ms"
    )
    peaks = [measure(arguments.directory, n_pages) for n_pages in arguments.pages]
    print(f"bar: {BAR_MB} MB; {'met' if max(peaks) < BAR_MB else 'MISSED'}")


if __name__ == "__main__":
    main()
