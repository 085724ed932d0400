"""Which files a person means: paths, folders, patterns, and `-` for what comes on standard input."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from docqa.errors import UnreadableDocument, UnsafeDocument, UsageError
from docqa.retrieval.readers.base import Limits

STDIN = "-"
_BLOCK = 1 << 20
_HIDDEN = (".", "~$")
SUFFIXES = frozenset(
    ".pdf .docx .pptx .xlsx .xlsm .csv .tsv .html .htm .xhtml .epub .md .markdown .txt .text .rst .log".split()
)


@dataclass(frozen=True, slots=True)
class FileArgument:
    """A file to read. `named` is false for one that was merely found in a folder: that one may fail without harm.

    `shown` is what a person calls it, `problem` why it cannot be read, where that is known already.
    """

    path: Path
    named: bool = True
    is_stdin: bool = False
    problem: str = ""

    @property
    def shown(self) -> str:
        return "standard input" if self.is_stdin else str(self.path)


def check_order(arguments: Sequence[str], last: str) -> None:
    """Raise UsageError when a question stands where the files belong and a file where the question belongs."""
    if os.path.isfile(last) and not any(os.path.exists(each) or glob.has_magic(each[:-1]) for each in arguments):
        raise UsageError(f'the question comes last; write: docqa ask "{last}" "your question"')


def find_files(arguments: Sequence[str], stdin: BinaryIO, resources: ExitStack) -> list[FileArgument]:
    """Files for the arguments, each once, in order; standard input becomes a temporary file that `resources` removes.

    Raises UnreadableDocument for a path that is not there and UsageError for a folder with nothing to read.
    """
    found: dict[Path, FileArgument] = {}
    for argument in arguments:
        for file in _files_of(argument, stdin, resources):
            found.setdefault(file.path.absolute(), file)
    return list(found.values())


def _files_of(argument: str, stdin: BinaryIO, resources: ExitStack) -> Iterator[FileArgument]:
    path = Path(argument)
    if argument == STDIN:
        yield FileArgument(_save(stdin, resources), is_stdin=True)
    elif os.path.isdir(argument):  # as os.path.exists never raises: a question in the wrong place is no possible path
        yield from _in_folder(path)
    elif not os.path.exists(argument) and glob.has_magic(argument):
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True)) if os.path.isfile(match)]
        if not matches:
            raise UnreadableDocument(argument, "no file matches this pattern")
        yield from map(FileArgument, matches)
    else:
        yield FileArgument(path)


def _in_folder(folder: Path) -> list[FileArgument]:
    """Files of known kinds in a folder and those below it, then the folders that could not be looked into."""
    paths: list[Path] = []
    unlisted: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=unlisted.append):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        paths += [
            path
            for path in (Path(place, name) for name in names if not name.startswith(_HIDDEN))
            if path.suffix.lower() in SUFFIXES and os.path.isfile(path)
        ]
    problems = [
        FileArgument(Path(error.filename), named=False, problem=f"this folder cannot be listed: {error.strerror}")
        for error in unlisted
    ]
    if not paths and problems:
        raise UnreadableDocument(problems[0].path, problems[0].problem)
    if not paths:
        raise UsageError(f"{folder}: no file in this folder is of a kind that docqa reads")
    return [*(FileArgument(path, named=False) for path in sorted(paths)), *problems]


def _save(stdin: BinaryIO, resources: ExitStack) -> Path:
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="docqa-")))
    path = folder / "stdin"
    limit = Limits().max_file_bytes
    with path.open("wb") as file:
        while block := stdin.read(_BLOCK):
            if file.tell() + len(block) > limit:
                raise UnsafeDocument("standard input", f"has more bytes than the limit of {limit:,}")
            file.write(block)
    return path
