"""Runs an answerer over examples and keeps every answer in a file that survives a kill at any moment.

The file is JSON lines: first a header that says what is run, then one record an example, in order of completion. A run
that finds its file goes on where it ended; a last line that a kill tore is cut off.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from docqa.answers import Answer, Answerer
from docqa.documents import Document
from docqa.errors import DocqaError, UsageError
from docqa.eval.examples import Example, Record, Source

SCHEMA = "docqa.eval/1"

OpenDocument = Callable[[Source], Document]
"""Makes a source a document that the answerer can search."""

OnProgress = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: examples with a record, of how many, failed ones among them, and the seconds still to go."""

    n_done: int
    n_total: int
    n_failed: int
    remaining_s: float


class RecordFile:
    """The records of a run on the disk. Raises UsageError when the file belongs to another run."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self.path = path
        self.header = {"schema": SCHEMA, **header}
        self.records: dict[str, Record] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        end = self._resume() if path.exists() else 0
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(end)
        self._file.seek(end)
        if not end:
            self._append(self.header)

    def add(self, record: Record) -> None:
        """Write a record; when this returns, a kill or a power cut does not lose it."""
        with self._lock:
            self._append(_to_json(record))
            self.records[record.example_id] = record

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _resume(self) -> int:
        """Take over the whole lines of an earlier run and give the offset of their end."""
        content = self.path.read_bytes()
        end = content.rfind(b"\n") + 1
        lines = content[:end].splitlines()
        if not lines:
            return 0
        try:
            header = json.loads(lines[0])
            if header == self.header:
                for line in lines[1:]:
                    record = record_from_json(json.loads(line))
                    self.records[record.example_id] = record
                return end
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.path}: is no file of a run ({error}); choose another --out") from error
        differs = sorted(k for k in {*header, *self.header} if header.get(k) != self.header.get(k))
        raise UsageError(f"{self.path}: holds another run ({', '.join(differs)} differ); choose another --out")


@dataclass(slots=True)
class Run:
    """An answerer over examples. A failing example is recorded with its error; a UsageError or an interrupt ends it.

    With `retries_failed`, examples that failed in an earlier run are asked again.
    """

    answerer: Answerer
    open_document: OpenDocument
    n_workers: int = 1
    retries_failed: bool = False
    on_progress: OnProgress = field(default=lambda _: None)

    def __call__(self, examples: Sequence[Example], file: RecordFile) -> list[Record]:
        """Answer what has no record yet; the records of all examples, in their order.

        Raises UsageError where the file answers other examples under the same ids.
        """
        if len({example.id for example in examples}) != len(examples):
            raise UsageError("two examples have the same id; their records could not be told apart")
        for example in examples:
            record = file.records.get(example.id)
            if record is not None and record.digest != example.digest:
                raise UsageError(f"{file.path}: answers another example {example.id}; choose another --out")
        todo = [example for example in examples if self._is_open(file.records.get(example.id))]
        started = time.monotonic()
        with ThreadPoolExecutor(self.n_workers, thread_name_prefix="eval") as pool:
            futures = [pool.submit(self._answer, example) for example in todo]
            try:
                for n, future in enumerate(as_completed(futures), start=1):
                    file.add(future.result())
                    self._report(examples, file, (time.monotonic() - started) / n)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return [file.records[example.id] for example in examples]

    def _is_open(self, record: Record | None) -> bool:
        return record is None or (self.retries_failed and record.answer is None)

    def _answer(self, example: Example) -> Record:
        started = time.perf_counter()
        try:
            documents = [self.open_document(source) for source in example.sources]
            answer = self.answerer(example.question, documents)
        except UsageError:
            raise  # every example would fail alike
        except DocqaError as error:
            said = f"{type(error).__name__}: {error}"
            return Record(example.id, None, said, time.perf_counter() - started, example.digest)
        return Record(example.id, answer, "", time.perf_counter() - started, example.digest)

    def _report(self, examples: Sequence[Example], file: RecordFile, seconds_each: float) -> None:
        done = [file.records[example.id] for example in examples if example.id in file.records]
        n_failed = sum(record.answer is None for record in done)
        remaining_s = seconds_each * (len(examples) - len(done))
        self.on_progress(Progress(len(done), len(examples), n_failed, remaining_s))


def read_records(path: Path) -> tuple[Mapping[str, Any], list[Record]]:
    """The header and the records of a finished or unfinished run."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        header = json.loads(lines[0])
        return header, [record_from_json(json.loads(line)) for line in lines[1:]]
    except (OSError, ValueError, IndexError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: is no file of a run ({error})") from error


def record_from_json(data: Mapping[str, Any]) -> Record:
    """A record as `RecordFile` wrote it."""
    answer = Answer.from_json(data["answer"]) if data["answer"] else None
    return Record(data["id"], answer, data["error"], data["seconds"], data["digest"])


def _to_json(record: Record) -> dict[str, Any]:
    return {
        "id": record.example_id,
        "digest": record.digest,
        "answer": record.answer.to_json() if record.answer else None,
        "error": record.error,
        "seconds": round(record.seconds, 3),
    }


def first(examples: Iterable[Example], limit: int | None, seed: int = 0) -> list[Example]:
    """At most `limit` examples, the same ones for the same seed, spread over the whole benchmark, in its order."""
    import random

    found = list(examples)
    if limit is None or limit >= len(found):
        return found
    chosen = sorted(random.Random(seed).sample(range(len(found)), limit))
    return [found[index] for index in chosen]
