"""The command line with streams that are closed, full, gone, or in an encoding of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from docqa.app import streams
from docqa.app.doctor import one_page_pdf
from docqa.app.progress import progress_bar
from docqa.errors import UsageError
from docqa.retrieval.ingest import Progress

from .conftest import LEASE, DocqaCommand

COMMAND = f'"{sys.executable}" -m docqa.app.cli'


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in a folder that has a lease.pdf, with a cache of its own."""
    (folder / "lease.pdf").write_bytes(one_page_pdf(LEASE))
    known = {**os.environ, "DOCQA_CACHE_DIR": str(folder / "cache"), **environment}
    command = ["sh", "-c", line.replace("docqa", COMMAND)]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_json_in_every_output_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "prices.csv").write_text("City,Price\nZürich 蘇黎世,34\n", encoding="utf-8")
    done = shell("docqa ask prices.csv 'What is the price in Zurich?' --json", tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode(encoding))["statements"][0]["citations"][0]["quote"] == "Zürich 蘇黎世\t34"


@pytest.mark.parametrize("command", ["docqa config show", "docqa --help", "docqa show lease.pdf --json"])
def test_a_reader_that_has_gone_away_is_no_error(tmp_path: Path, command: str) -> None:
    done = shell(f"{{ sleep 0.2; {command}; echo code=$? >&2; }} | true", tmp_path)
    assert done.stderr == b"code=0\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
@pytest.mark.parametrize("option", ["", "--json"])
def test_a_full_disk_behind_the_output_is_one_line(tmp_path: Path, option: str) -> None:
    done = shell(f"docqa show lease.pdf {option} > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (1, b"docqa: a file cannot be written: No space left on device\n")


def test_closed_streams_cost_nothing_but_what_was_written_to_them(tmp_path: Path) -> None:
    assert shell("docqa index lease.pdf --json <&- >&- 2>&-", tmp_path).returncode == 0
    assert b"lease.pdf  1 page: 1 text" in shell("docqa list", tmp_path).stdout


def test_closed_standard_input_is_an_empty_document(tmp_path: Path) -> None:
    done = shell("docqa ask - 'When does the lease end?' <&-", tmp_path)
    assert (done.returncode, done.stderr) == (3, b"docqa: standard input: is empty (0 bytes)\n")


@pytest.mark.parametrize(
    ("given", "said"), [(b"\xff\xfe\x00", "not text in UTF-8"), (b"why " * 300_000, "longer than 1,000,000 bytes")]
)
def test_a_question_on_standard_input_must_be_text_of_some_length(
    monkeypatch: pytest.MonkeyPatch, given: bytes, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    with pytest.raises(UsageError, match=said):
        streams.stdin_text()


def test_a_file_name_cannot_steer_the_terminal_or_break_the_line(docqa: DocqaCommand, lease: Path) -> None:
    for name in ("ab\x1b[31msent\nlease.pdf", "ab\x9b31msent.pdf", "ab\u202esent.pdf"):
        done = docqa("show", name)
        assert done.err.count("\n") == 1
        assert not {"\x1b", "\x9b", "\u202e"} & set(done.err)
        lease.with_name(name).write_text("no PDF")
        done = docqa("ask", name, "Who?")
        assert (done.code, done.err.count("\n")) == (3, 1)
        assert not {"\x1b", "\x9b", "\u202e"} & set(done.err)


def test_a_file_name_is_no_markup_for_the_progress_bar() -> None:
    from rich.console import Console

    screen = io.StringIO()
    with progress_bar(Console(file=screen, force_terminal=True, width=200), quiet=False) as on_progress:
        assert on_progress is not None
        on_progress("a [red]b[/blue]\x1b]0;title\x07.pdf", Progress("reading", 1, 2))
    assert "a [red]b[/blue]" in screen.getvalue()
    assert "\x1b]0" not in screen.getvalue()


def test_an_option_with_a_bad_value_is_named(docqa: DocqaCommand, lease: Path) -> None:
    assert "'-k'" in docqa("search", str(lease), "rent", "-k", "0").err
    assert "FILES... QUESTION" in docqa("ask").err


def test_a_question_in_the_place_of_a_file_is_told_as_such(docqa: DocqaCommand) -> None:
    done = docqa("ask", "why " * 100, "lease.pdf")
    assert (done.code, "File name too long" in done.err) == (3, True)
    assert docqa("show", "x" * 300).code == 2
