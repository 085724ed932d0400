"""Read every PDF of a folder and account for each of its pages.

    python benchmarks/real_pdfs.py DIR [--ocr off|auto|force] [--only PART_OF_NAME] [--notes]

Prints one line per file: how many pages came as text, by OCR, are blank or unreadable, have tables, are garbled or hold
hidden text, how many headings and table rows there are, seconds, and for how many pages the citation boxes of a line in
the middle could be worked out (`boxes` of `asked`). The last lines are the total and the peak memory of a child.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docqa.documents import Page, Span
from docqa.errors import UnreadableDocument
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.reader import PdfReader

COLUMNS = "pages text ocr blank unreadable table garbled hidden headings rows boxes asked seconds".split()


def account(pages: list[Page]) -> Counter[str]:
    """Count what became of the pages."""
    counts: Counter[str] = Counter(pages=len(pages))
    for page in pages:
        health = page.health
        counts[health.source] += 1
        counts["table"] += health.has_table
        counts["garbled"] += health.garbled
        counts["hidden"] += health.n_hidden_chars > 0
        counts["headings"] += sum(r.kind == "heading" for r in page.regions)
        counts["rows"] += sum(r.kind == "row" for r in page.regions)
    return counts


def located(reader: PdfReader, path: Path, pages: list[Page], options: ReadOptions) -> tuple[int, int]:
    """Return for how many lines in the middle of pages boxes were found, and for how many they were asked."""
    n_found = n_asked = 0
    for page in pages:
        start = page.text.rfind("\n", 0, len(page.text) // 2) + 1
        end = page.text.find("\n", start)
        span = Span(start, end if end > 0 else len(page.text))
        if page.text[slice(*span)].strip():
            n_asked += 1
            n_found += bool(reader.boxes(path, page, [span], options)[0])
    return n_found, n_asked


def read(path: Path, options: ReadOptions, with_notes: bool) -> Counter[str]:
    """Read one file and return its counts; `crashed` is 1 for a file that raised what no user should see."""
    begun = time.perf_counter()
    reader = PdfReader()
    try:
        with reader.open(path, options) as reading:
            pages = list(reading)
            assert [p.index for p in pages] == list(range(reading.n_pages)), "a page is not accounted for"
    except UnreadableDocument as error:
        print(f"{path.name}: {error.cause}")
        return Counter(refused=1)
    seconds = time.perf_counter() - begun
    counts = account(pages)
    counts["boxes"], counts["asked"] = located(reader, path, pages, options)
    reader.close()
    if with_notes:
        notes = Counter(p.health.note for p in pages if p.health.note)
        for note, n_pages in notes.most_common():
            print(f"    {n_pages} pages: {note}")
    counts["seconds"] = round(1000 * seconds)
    return counts


def row(name: str, counts: Counter[str]) -> str:
    """Write one line of the table."""
    cells = [f"{counts[c] / 1000:8.2f}" if c == "seconds" else f"{counts[c]:>{max(5, len(c))}}" for c in COLUMNS]
    return f"{name[-34:]:34} {' '.join(cells)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ocr", choices=("off", "auto", "force"), default="off")
    parser.add_argument("--only", default="")
    parser.add_argument("--notes", action="store_true")
    given = parser.parse_args()
    options = ReadOptions(ocr=given.ocr)
    total: Counter[str] = Counter()
    print(f"{'':34} {' '.join(f'{c:>{max(5, len(c))}}' for c in COLUMNS)}")
    for path in sorted(given.folder.glob("*.pdf")):
        if given.only in path.name:
            counts = read(path, options, given.notes)
            total += counts
            print(row(path.name, counts), flush=True)
    print(row("all", total))
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"peak memory of the largest child: {peak / (2**20 if sys.platform == 'darwin' else 1024):.0f} MiB")


if __name__ == "__main__":
    main()
