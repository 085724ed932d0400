"""The three standard streams of the command line: whole at the start, whatever the shell left of them, and at the end.

A stream that the caller closed, a reader that has gone away, a full disk behind a redirection and an encoding that
cannot hold the text are all ordinary; none of them may cost more than the one line that says so.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, BinaryIO

from docqa.errors import UsageError

_MAX_TEXT_BYTES = 1_000_000


def prepare() -> None:
    """Make the streams safe to use: closed ones lead nowhere, and text that an encoding lacks is escaped.

    A closed stream is opened on the null device before anything else can take its number: a database that became
    standard output would be written over.
    """
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file name may hold bytes that are no text
            stream.reconfigure(errors="backslashreplace")


def json_text(data: Mapping[str, Any]) -> str:
    """The object as JSON that is still JSON after it went through standard output's encoding."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "").replace("_", "")
    return json.dumps(data, ensure_ascii=not encoding.startswith("utf"), indent=2)


def stdin_bytes() -> BinaryIO:
    """Standard input as bytes."""
    return sys.stdin.buffer


def stdin_text() -> str:
    """Standard input as text; raises UsageError when it is none, or far more than a question."""
    read = stdin_bytes().read(_MAX_TEXT_BYTES + 1)
    if len(read) > _MAX_TEXT_BYTES:
        raise UsageError(f"the question on standard input is longer than {_MAX_TEXT_BYTES:,} bytes")
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("the question on standard input is not text in UTF-8") from error


def typed_questions() -> Iterator[str]:
    """The lines of standard input, with a prompt and editing on a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield from sys.stdin
        return
    with suppress(ImportError):
        importlib.import_module("readline")  # where there is one, arrow keys move and bring back earlier questions
    with suppress(EOFError):
        while True:
            yield input("> ")


def flush() -> None:
    """Write out what standard output still holds, now that a failure can still be reported."""
    sys.stdout.flush()


def abandon_stdout() -> None:
    """Let what could not be written go nowhere, so that the end of the interpreter does not try again."""
    if isinstance(sys.stdout, TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
