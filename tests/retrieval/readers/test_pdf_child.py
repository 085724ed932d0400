"""Files and events that kill a parser: they cost a page, never the program, and leave no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docqa.documents import Page, Span
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.pdf.reader import PdfReader

from .pdf_samples import by_hand, drawn, endless_page, merged, text_page

IMPATIENT = ReadOptions(ocr="off", page_timeout_s=1.0)
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes under /proc")


def page(words: str) -> bytes:
    return by_hand(b"BT /F2 12 Tf 50 300 Td (" + words.encode() + b") Tj ET")


def children_of(parent: int) -> set[int]:
    """Return the processes, dead but unburied ones too, whose parent this is."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.add(int(entry.name))
    return found


def peak_memory_kib(pid: int) -> int:
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_page_that_hangs_every_parser_costs_that_page(tmp_path: Path) -> None:
    parts = [page("The first page is fine."), endless_page(), page("The third page is fine.")]
    path = merged(tmp_path / "hang.pdf", *parts)
    begun = time.monotonic()
    with PdfReader().open(path, IMPATIENT) as reading:
        pages = list(reading)
    assert [p.text for p in pages] == ["The first page is fine.", "", "The third page is fine."]
    assert [p.health.source for p in pages] == ["text", "unreadable", "text"]
    assert pages[1].health.note == "PDFium took longer than 1 s; pypdf took longer than 1 s"
    assert time.monotonic() - begun < 15


def test_asking_for_boxes_on_a_page_that_hangs_gives_none_and_spoils_nothing(tmp_path: Path) -> None:
    path = merged(tmp_path / "hang.pdf", endless_page(), page("Fine."))
    reader = PdfReader()
    assert reader.boxes(path, Page(0, "what it said", 1), [Span(0, 4)], IMPATIENT) == [()]
    ((box,),) = reader.boxes(path, Page(1, "Fine.", 2), [Span(0, 5)], IMPATIENT)
    reader.close()
    assert box.x0 == pytest.approx(50, abs=2)


@needs_proc
def test_a_child_that_is_killed_costs_at_most_the_page_it_was_at(tmp_path: Path) -> None:
    expected = [f"Page number {i} of a long file." for i in range(60)]
    path = drawn(tmp_path / "long.pdf", [text_page(text) for text in expected])
    before = children_of(os.getpid())
    texts = []
    with PdfReader().open(path, ReadOptions(ocr="off")) as reading:
        for found in reading:
            texts.append(found.text)
            if found.index in (5, 30):
                for pid in children_of(os.getpid()) - before:
                    os.kill(pid, signal.SIGKILL)
    assert texts == expected  # pypdf stood in where PDFium was killed


@needs_proc
def test_memory_does_not_grow_with_the_number_of_pages(tmp_path: Path) -> None:
    path = drawn(tmp_path / "long.pdf", [text_page(*[f"Page {i}, line {k}." for k in range(20)]) for i in range(700)])
    before = children_of(os.getpid())
    peaks: dict[int, int] = {}
    n_pages = 0
    with PdfReader().open(path, ReadOptions(ocr="off")) as reading:
        for found in reading:
            n_pages += found.text.startswith(f"Page {found.index}, line 0.\n")
            if found.index in (200, 660):
                children = children_of(os.getpid()) - before
                peaks[found.index] = sum(peak_memory_kib(pid) for pid in children)
    assert n_pages == 700
    assert peaks[660] < 1.2 * peaks[200]


@needs_proc
def test_nothing_is_left_behind_when_reading_stops_early(tmp_path: Path) -> None:
    path = drawn(tmp_path / "long.pdf", [text_page(f"Page {i} of a long file.") for i in range(60)])
    before = children_of(os.getpid())
    reading = PdfReader().open(path, ReadOptions(ocr="off"))
    next(iter(reading))
    assert children_of(os.getpid()) - before
    reading.close()
    assert children_of(os.getpid()) <= before


@needs_proc
def test_a_forgotten_reading_ends_its_child_when_it_is_collected(tmp_path: Path) -> None:
    path = drawn(tmp_path / "one.pdf", [text_page("A single page.")])
    before = children_of(os.getpid())
    reading = PdfReader().open(path, ReadOptions(ocr="off"))
    assert children_of(os.getpid()) - before
    del reading
    assert children_of(os.getpid()) <= before


@needs_proc
@pytest.mark.parametrize("content", ["fine", "endless"])
def test_children_end_when_the_program_is_killed(tmp_path: Path, content: str) -> None:
    path = merged(tmp_path / "x.pdf", page("Fine.") if content == "fine" else endless_page())
    code = (
        "import sys, time; from pathlib import Path;"
        "from docqa.retrieval.readers.base import ReadOptions;"
        "from docqa.retrieval.readers.pdf.reader import PdfReader;"
        "reading = PdfReader().open(Path(sys.argv[1]), ReadOptions(ocr='off', page_timeout_s=0.5));"
        "reading._lanes.ask(0, 'off'); print('ready', flush=True); time.sleep(60)"
    )
    program = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        (child,) = children_of(program.pid)
        program.kill()
    deadline = time.monotonic() + 20
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_the_child_finds_docqa_from_any_folder(tmp_path: Path) -> None:
    drawn(tmp_path / "one.pdf", [text_page("A single page.")])
    code = (
        f"import sys; sys.path[:0] = {[p or os.getcwd() for p in sys.path]!r};"
        "from pathlib import Path; from docqa.retrieval.readers.base import ReadOptions;"
        "from docqa.retrieval.readers.pdf.reader import PdfReader;"
        "print([p.text for p in PdfReader().open(Path('one.pdf'), ReadOptions(ocr='off'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "['A single page.']\n"
