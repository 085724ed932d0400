"""How fast the page is beside the command line, on a 300-page PDF, in a real Chromium, and how much memory it takes.

    python -m benchmarks.page_speed [PDF] [--question TEXT] [--rounds 5]

Without a PDF one of 300 pages is made. The question is asked in turn by `docqa ask` and on the page, both over the same
indexed document; a page's time ends when the first sentence is on the screen. Bars: 1.5 times the command's time,
1.5 GB for the server with its children, 0.3 s from the key to the neighbouring page's picture.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.ingest_memory import write_pdf
from tests.ui.browser import ask, browsing, docqa_ui, visitor

N_PAGES = 300
QUESTION = "By how much did the tariff rise for the coming year?"
_SWITCHED = """async () => {
    const parts = [...document.querySelectorAll('*')].map((each) => each.shadowRoot).filter(Boolean)
    const dialog = parts.map((part) => part.querySelector('dialog[open]')).find(Boolean)
    const picture = dialog.querySelector('img')
    const before = picture.src
    const started = performance.now()
    dialog.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))
    while (picture.src === before || !picture.complete) await new Promise(requestAnimationFrame)
    await picture.decode()
    return (performance.now() - started) / 1000
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf", type=Path, nargs="?")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.pdf or Path(folder) / "manual.pdf"
        if arguments.pdf is None:
            write_pdf(path, N_PAGES)
        measure(path.absolute(), arguments.question, arguments.rounds, Path(folder) / "cache")


def measure(path: Path, question: str, n_rounds: int, cache: Path) -> None:
    """Index, ask in turn, look at pages, print."""
    cache.mkdir()
    started = time.perf_counter()
    _docqa(cache, "index", str(path))
    print(f"{path.name}: read and indexed in {time.perf_counter() - started:.1f} s")
    by_command: list[float] = []
    by_page: list[float] = []
    with docqa_ui(cache) as url, browsing() as browser, visitor(browser, url) as person:
        page = person.open()
        expect(page.get_by_role("checkbox", name=path.name)).to_be_checked()
        for _ in range(n_rounds):
            by_command.append(_docqa(cache, "ask", str(path), question))
            by_page.append(_asked(page, question))
        switches = list(_switches(page, n_rounds))
        memory_mb = _memory_mb(url)
    command_s, page_s, switch_s = map(statistics.median, (by_command, by_page, switches))
    print(f"docqa ask: median {command_s:.2f} s, of {_listed(by_command)}")
    print(f"the page:  median {page_s:.2f} s, of {_listed(by_page)}; {page_s / command_s:.2f} times, bar 1.5")
    print(f"switching to the next page: median {switch_s:.3f} s, worst {max(switches):.3f} s; bar 0.3 s")
    print(f"memory of the server and its children at the peak: {memory_mb:.0f} MB; bar 1500 MB")


def _docqa(cache: Path, *arguments: str) -> float:
    command = [sys.executable, "-m", "docqa.app.cli", *arguments, "--cache-dir", str(cache)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 4):  # answered or not found: both ran to the end
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - started


def _asked(page: Page, question: str) -> float:
    """Ask in a new conversation; the seconds until there is a sentence, or word that there is none."""
    new = page.get_by_role("button", name="New conversation")
    if new.is_enabled():
        new.click()
        expect(new).to_be_disabled()
        expect(page.locator(".sentence")).to_have_count(0)  # those of the answer before are gone
    started = time.perf_counter()
    ask(page, question)
    outcome = page.locator(".sentence").or_(page.get_by_text("came nearest")).first
    outcome.wait_for()
    return time.perf_counter() - started


def _switches(page: Page, n_switches: int) -> Iterator[float]:
    page.locator(".card .crop").first.click()
    expect(page.locator("dialog img.page")).to_have_js_property("complete", True)
    for _ in range(n_switches):
        page.wait_for_timeout(500)  # a person looks at a page for a while
        yield float(page.evaluate(_SWITCHED))


def _memory_mb(url: str) -> float:
    """The peaks of the resident memory of the server's process and of its children, in megabytes."""
    (server,) = (pid for pid in _processes() if f"--port\0{url.rsplit(':', 1)[1]}" in _read(pid, "cmdline"))
    family = {server}
    for pid in sorted(_processes()):
        if int(_read(pid, "stat").rpartition(")")[2].split()[1]) in family:
            family.add(pid)
    peaks = (line for pid in family for line in _read(pid, "status").splitlines() if line.startswith("VmHWM"))
    return sum(int(line.split()[1]) for line in peaks) / 1024


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended meanwhile
        return "0 (gone) X 0"


def _listed(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds)


if __name__ == "__main__":
    main()
