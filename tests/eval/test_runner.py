"""A run keeps every answer, goes on where it was interrupted, and never loses a failure."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from docqa.answers import Answer
from docqa.documents import Document, Page
from docqa.errors import ModelUnreachable, UsageError
from docqa.eval.examples import Example, Source, TextSource
from docqa.eval.runner import Progress, RecordFile, Run, first, read_records

from .examples_of_ours import answer, example

HEADER = {"task": "bridges", "strategy": "rag"}
EXAMPLES = [example(str(n)) for n in range(6)]


def open_document(source: Source) -> Document:
    assert isinstance(source, TextSource)
    return Document("0" * 64, source.name, [Page(n, part) for n, part in enumerate(source.parts)])


@dataclass
class Recording:
    """Answers everything with the bridge's year, fails at the n-th call of the list, and counts its calls."""

    failing: Sequence[int] = ()
    interrupted: int | None = None
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, question: str, documents: Sequence[Document]) -> Answer:
        with self.lock:
            self.calls.append(question)
            n = len(self.calls)
        if n in self.failing:
            raise ModelUnreachable("the server is down")
        if n == self.interrupted:
            raise KeyboardInterrupt
        return answer(("It was completed in 1932.", [0]))


def run(path: Path, answerer: Recording, examples: Sequence[Example] = EXAMPLES, n_workers: int = 1) -> list[str]:
    with RecordFile(path, HEADER) as file:
        records = Run(answerer, open_document, n_workers)(examples, file)
    return [record.error or record.example_id for record in records]


def test_every_example_has_a_record_in_order(tmp_path: Path) -> None:
    assert run(tmp_path / "a.jsonl", Recording(), n_workers=3) == ["0", "1", "2", "3", "4", "5"]
    header, records = read_records(tmp_path / "a.jsonl")
    assert header["strategy"] == "rag"
    assert {record.example_id for record in records} == {"0", "1", "2", "3", "4", "5"}
    assert records[0].answer == answer(("It was completed in 1932.", [0]))


def test_an_interrupted_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(path, Recording(interrupted=4))
    again = Recording()
    assert run(path, again) == ["0", "1", "2", "3", "4", "5"]
    assert 3 <= len(again.calls) < 6


@pytest.mark.parametrize("n_bytes_lost", [1, 20, 200])
def test_a_line_that_a_kill_tore_is_cut_off_and_asked_again(tmp_path: Path, n_bytes_lost: int) -> None:
    path = tmp_path / "a.jsonl"
    run(path, Recording())
    path.write_bytes(path.read_bytes()[:-n_bytes_lost])
    again = Recording()
    assert run(path, again) == ["0", "1", "2", "3", "4", "5"]
    assert len(again.calls) == 1
    assert all(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def test_a_torn_header_starts_the_file_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"schema": "doc', encoding="utf-8")
    assert run(path, Recording()) == ["0", "1", "2", "3", "4", "5"]


def test_a_failed_example_is_kept_with_its_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    found = run(path, Recording(failing=[2]))
    assert found == ["0", "ModelUnreachable: the server is down", "2", "3", "4", "5"]
    assert run(path, Recording()) == found


def test_a_mistake_in_a_program_is_not_taken_for_a_failed_example(tmp_path: Path) -> None:
    def broken(question: str, documents: Sequence[Document]) -> Answer:
        raise ZeroDivisionError

    with RecordFile(tmp_path / "a.jsonl", HEADER) as file, pytest.raises(ZeroDivisionError):
        Run(broken, open_document)(EXAMPLES, file)


def test_the_file_of_another_run_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "a.jsonl", Recording())
    with pytest.raises(UsageError, match="strategy"):
        RecordFile(tmp_path / "a.jsonl", {"task": "bridges", "strategy": "chain"})
    (tmp_path / "b.jsonl").write_text("hello\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no file of a run"):
        RecordFile(tmp_path / "b.jsonl", HEADER)


def test_answers_to_other_questions_or_documents_are_not_taken_for_these(tmp_path: Path) -> None:
    run(tmp_path / "a.jsonl", Recording())
    changed = [
        replace(EXAMPLES[3], question="When was it opened?"),
        example("3", TextSource("bridge", ("The bridge is new.",))),
    ]
    for other in changed:
        with pytest.raises(UsageError, match="another example 3"):
            run(tmp_path / "a.jsonl", Recording(), [*EXAMPLES[:3], other])
    assert run(tmp_path / "a.jsonl", Recording(), EXAMPLES[:2]) == ["0", "1"]


def test_two_examples_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="same id"):
        run(tmp_path / "a.jsonl", Recording(), [example("1"), example("1")])


def test_progress_counts_and_estimates_the_rest(tmp_path: Path) -> None:
    seen: list[Progress] = []

    def slow(question: str, documents: Sequence[Document]) -> Answer:
        time.sleep(0.01)
        return answer()

    with RecordFile(tmp_path / "a.jsonl", HEADER) as file:
        Run(slow, open_document, on_progress=seen.append)(EXAMPLES, file)
    assert [(progress.n_done, progress.n_total) for progress in seen] == [(n, 6) for n in range(1, 7)]
    assert seen[0].remaining_s >= 0.05
    assert seen[-1].remaining_s == 0.0


def test_a_limit_takes_the_same_examples_for_the_same_seed() -> None:
    assert first(EXAMPLES, 3, seed=1) == first(EXAMPLES, 3, seed=1)
    assert [e.id for e in first(EXAMPLES, 3, seed=1)] == sorted(e.id for e in first(EXAMPLES, 3, seed=1))
    assert first(EXAMPLES, None) == first(EXAMPLES, 99) == EXAMPLES
