"""Reading a benchmark's files, with a message that says what is missing and where it was looked for."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from docqa.errors import UsageError

_PART_WORDS = 220


def required(path: Path, benchmark: str) -> Path:
    """The path itself; raises UsageError when nothing is there."""
    if not path.exists():
        raise UsageError(f"{path}: not found; {benchmark} is read from there (--data), docqa downloads nothing")
    return path


def chosen(path: Path, name: str, benchmark: str) -> Path:
    """The file of that name in a folder, or the path itself where it is a file already."""
    return required(path / name if path.is_dir() else path, benchmark)


def read_json(path: Path, benchmark: str) -> Any:
    """The value in a JSON file; raises UsageError for a file that is missing or no JSON."""
    try:
        return json.loads(required(path, benchmark).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as {benchmark}: {error}") from error


def read_json_lines(path: Path, benchmark: str) -> Iterator[Any]:
    """The values of a file with one JSON value a line."""
    with required(path, benchmark).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise UsageError(f"{path}, line {number}: cannot be read as {benchmark}: {error}") from error


def read_rows(path: Path, benchmark: str) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    with required(path, benchmark).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def literal(value: Any) -> Any:
    """A value that some releases write as a Python literal in a string, as the value it stands for."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def texts(value: Any) -> tuple[str, ...]:
    """One text or a list of them as a tuple, without repetitions."""
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(str(item) for item in values if item is not None))


def n_words(parts: Iterable[str]) -> int:
    """Words by white space."""
    return sum(len(part.split()) for part in parts)


def in_parts(text: str) -> tuple[str, ...]:
    """Long text as parts of about 220 words on paragraph borders, or on line or word borders where it has none.

    Joined without anything in between they are the text again, so offsets can be told from their lengths.
    """
    pieces: list[str] = []
    for border in ("\n\n", "\n", " "):
        cut = text.split(border)
        pieces = [piece + border for piece in cut[:-1]] + cut[-1:]
        if max(len(piece.split()) for piece in pieces) <= 4 * _PART_WORDS:
            break
    return _grouped(pieces)


def _grouped(pieces: Sequence[str]) -> tuple[str, ...]:
    parts: list[str] = []
    n = 0
    for piece in pieces:
        if parts and n < _PART_WORDS:
            parts[-1] += piece
        else:
            parts.append(piece)
            n = 0
        n += len(piece.split())
    return tuple(parts)


def part_at(parts: Sequence[str], offset: int) -> int:
    """The index of the part that holds the character at this offset of the joined parts."""
    end = 0
    for index, part in enumerate(parts):
        end += len(part)
        if offset < end:
            return index
    return len(parts) - 1


def parts_with(parts: Sequence[str], text: str) -> tuple[int, ...]:
    """The indexes of the parts in which the text begins to occur, compared without regard to white space."""
    joined = "".join(" ".join(part.split()) + " " for part in parts)
    offset = joined.find(" ".join(text.split()))
    if not text.strip() or offset < 0:
        return ()
    lengths = ["x" * (len(" ".join(part.split())) + 1) for part in parts]
    last = offset + len(" ".join(text.split())) - 1
    return tuple(range(part_at(lengths, offset), part_at(lengths, last) + 1))
