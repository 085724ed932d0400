"""Which files a person means: paths, folders, patterns, and `-` for what comes on standard input."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from docqa.errors import UnreadableDocument, UsageError

STDIN = "-"
_SUFFIXES = frozenset(
    ".pdf .docx .pptx .xlsx .xlsm .csv .tsv .html .htm .xhtml .epub .md .markdown .txt .text .rst .log".split()
)


@dataclass(frozen=True, slots=True)
class FileArgument:
    """A file to read. `named` is false for one that was merely found in a folder: that one may fail without harm."""

    path: Path
    named: bool = True


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
        yield FileArgument(_save(stdin, resources))
    elif path.is_dir():
        yield from _in_folder(path)
    elif not path.exists() and glob.has_magic(argument):
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True)) if Path(match).is_file()]
        if not matches:
            raise UnreadableDocument(argument, "no file matches this pattern")
        yield from map(FileArgument, matches)
    else:
        yield FileArgument(path)


def _in_folder(folder: Path) -> list[FileArgument]:
    try:
        paths = sorted(
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in _SUFFIXES
            and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
            and path.is_file()
        )
    except OSError as error:
        raise UnreadableDocument(folder, f"this folder cannot be listed: {error.strerror}") from error
    if not paths:
        raise UsageError(f"{folder}: no file in this folder is of a kind that docqa reads")
    return [FileArgument(path, named=False) for path in paths]


def _save(stdin: BinaryIO, resources: ExitStack) -> Path:
    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="docqa-")))
    path = folder / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(stdin, file)
    return path
