"""Tesseract, run as a process of its own: any script for which its language pack is installed."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

from docqa.documents import Box
from docqa.retrieval.readers.ocr.words import Engine, OcrFailed, OcrPage, RecognisedWord, ocr_page

_NAME = "tesseract"
_WORD_LEVEL = "5"
_LANGUAGE = re.compile(r"[A-Za-z0-9_/-]+")
_PROBE_TIMEOUT_S = 10.0
_TRUSTED_CONFIDENCE = 0.7  # upright print at 200 dpi comes out above 0.9, print on its head below 0.5
_WITH_ORIENTATION = ("--psm", "1")  # page segmentation with orientation and script detection (the pack "osd")


def status(languages: Sequence[str]) -> Engine:
    """Say whether the program and all language packs are installed."""
    path = shutil.which(_NAME)
    if path is None:
        return Engine(_NAME, "", False, "not on PATH; install tesseract-ocr, for example `apt install tesseract-ocr`")
    version, installed = _installed(path)
    if not version:
        return Engine(_NAME, "", False, f"{path} does not run; reinstall it")
    if missing := [code for code in languages if code not in installed]:
        packs = " ".join(f"tesseract-ocr-{code.replace('_', '-')}" for code in missing)
        return Engine(_NAME, version, False, f"no language pack for {', '.join(missing)}; `apt install {packs}`")
    return Engine(_NAME, version, True, "")


def recognise(image: bytes, languages: Sequence[str], timeout_s: float) -> OcrPage:
    """Read one picture; raises OcrFailed when tesseract cannot open it, fails, or takes longer than `timeout_s`.

    What was scanned upside down or on its left side comes out as gibberish of low confidence. It is read again with
    the orientation found first, and the better of both readings is kept; boxes are those of the picture as it came.
    """
    started = time.monotonic()
    page = _read(image, languages, timeout_s)
    if not page.words or page.confidence >= _TRUSTED_CONFIDENCE or not finds_orientation():
        return page
    turned = _read(image, languages, max(1.0, timeout_s - (time.monotonic() - started)), *_WITH_ORIENTATION)
    return max(page, turned, key=lambda found: found.confidence)


def _read(image: bytes, languages: Sequence[str], timeout_s: float, *options: str) -> OcrPage:
    codes = [code for code in languages if _LANGUAGE.fullmatch(code)]
    command = [_NAME, "stdin", "stdout", "-l", "+".join(codes), *options, "-c", "tessedit_create_tsv=1"]
    # One thread: its OpenMP threads are slower than none, and pages are read in parallel by processes.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=image, capture_output=True, timeout=timeout_s, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise OcrFailed(f"tesseract took longer than {timeout_s:g} s") from None
    except OSError as error:
        raise OcrFailed(f"tesseract could not be started: {error.strerror}") from None
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip(". \n").splitlines()
        raise OcrFailed(f"tesseract failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return ocr_page(list(_words(done.stdout.decode("utf-8", "replace"))), _NAME)


def finds_orientation() -> bool:
    """Say whether tesseract can tell which side of a picture is up."""
    path = shutil.which(_NAME)
    return path is not None and "osd" in _installed(path)[1]


@lru_cache(maxsize=4)
def _installed(path: str) -> tuple[str, frozenset[str]]:
    """Return the version and the installed language codes; an empty version when the program does not run."""
    try:
        version = _output(path, "--version")
        codes = _output(path, "--list-langs")
    except (OSError, subprocess.SubprocessError):
        return "", frozenset()
    found = re.search(r"tesseract v?(\S+)", version)
    return found[1] if found else "", frozenset(line.strip() for line in codes.splitlines()[1:])


def _output(path: str, option: str) -> str:
    done = subprocess.run([path, option], capture_output=True, timeout=_PROBE_TIMEOUT_S, check=True)
    # Old versions print both to stderr.
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _words(tsv: str) -> Iterator[RecognisedWord]:
    """Yield the words of tesseract's table. Its paragraphs are our blocks, so that `line` starts anew in each."""
    blocks: dict[tuple[str, str], int] = {}
    lines: dict[tuple[str, str, str], int] = {}
    n_lines: dict[int, int] = {}
    for row in csv.DictReader(tsv.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip()
        if row["level"] != _WORD_LEVEL or not text:
            continue
        paragraph = (row["block_num"], row["par_num"])
        block = blocks.setdefault(paragraph, len(blocks))
        key = (*paragraph, row["line_num"])
        if key not in lines:
            lines[key] = n_lines[block] = n_lines.get(block, -1) + 1
        x0, y0 = float(row["left"]), float(row["top"])
        box = Box(x0, y0, x0 + float(row["width"]), y0 + float(row["height"]))
        yield RecognisedWord(text, box, max(0.0, float(row["conf"])) / 100, block, lines[key])
