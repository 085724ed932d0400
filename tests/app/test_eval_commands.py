"""`docqa eval` as a person runs it: figures on standard output, files that agree with them, and a kill survived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import DocqaCommand

TOWNS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper")


def articles(n_articles: int, n_questions: int) -> list[dict[str, Any]]:
    """Towns with a founding year in each paragraph, and a question for each."""
    made = []
    for a in range(n_articles):
        paragraphs = []
        for q in range(n_questions):
            quarter, year = f"{TOWNS[q % 10]} Quarter {q}", 1500 + 7 * q + a
            question = {"id": f"{a}-{q}", "question": f"In which year was {quarter} of town {a} founded?"}
            answers = [{"text": str(year), "answer_start": 0}]
            context = f"{quarter} of town {a} was founded in {year}. It has a market and two wells."
            paragraphs.append({"context": context, "qas": [{**question, "answers": answers}]})
        made.append({"title": f"town-{a}", "paragraphs": paragraphs})
    return made


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    path = tmp_path / "towns.json"
    path.write_text(json.dumps({"data": articles(4, 5)}), encoding="utf-8")
    return path


def test_a_task_is_measured_and_reported(docqa: DocqaCommand, squad: Path, tmp_path: Path) -> None:
    run = docqa("eval", "squad", "--data", str(squad), "--out", str(tmp_path / "run"))
    assert run.code == 0
    assert "mode strict, judge lexical, splitter docqa" in run.out
    assert "evidence_hit              100.00" in run.out
    assert "20 examples, 0 failed" in run.out
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "answers.jsonl",
        "scores.jsonl",
        "report.json",
        "report.md",
        "report.html",
    }
    assert "| evidence_hit | 100.00 | 100.00 to 100.00 | 20 | 4 |" in (tmp_path / "run" / "report.md").read_text()


def test_parity_metrics_and_limit_are_taken_from_the_command_line(
    docqa: DocqaCommand, squad: Path, tmp_path: Path
) -> None:
    names = "str_em, citation_f1(at_most=1)"
    options = ["--mode", "parity", "--metrics", names, "--limit", "7", "--workers", "3"]
    run = docqa("eval", "squad", "--data", str(squad), "--out", str(tmp_path / "run"), *options)
    assert "mode parity, judge lexical, splitter punkt-en" in run.out
    assert "citation_f1(at_most=1)" in run.out
    assert "7 examples" in run.out


def test_a_generated_task_needs_no_data(docqa: DocqaCommand, tmp_path: Path) -> None:
    run = docqa("eval", "ruler/niah", "--limit", "3", "--out", str(tmp_path / "run"))
    assert "ruler_all                 100.00" in run.out


def test_the_lengths_and_depths_of_a_generated_task_may_be_chosen(docqa: DocqaCommand, tmp_path: Path) -> None:
    shape = ["--lengths", "300,900", "--depths", "0,1", "--each", "2"]
    run = docqa("eval", "ruler/injection", *shape, "--out", str(tmp_path / "run"))
    assert run.code == 0, run.err
    assert "8 examples, 0 failed" in run.out
    assert "injection_rate              0.00" in run.out
    assert "lengths 300, 900, depths 0, 1, each 2" in run.out
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert ">300<" in report
    assert ">900<" in report
    other = docqa("eval", "ruler/injection", "--lengths", "400", "--out", str(tmp_path / "run"))
    assert other.code == 2
    assert "lengths" in other.err


def test_questions_over_files_go_through_the_library(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mm"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "lease.pdf").write_bytes(lease.read_bytes())
    sample = {"doc_id": "lease.pdf", "question": "What is the yearly rent?", "answer": "48,500 dollars"}
    sample |= {"evidence_pages": "[1]", "answer_format": "Str"}
    (folder / "samples.json").write_text(json.dumps([sample]), encoding="utf-8")
    run = docqa("eval", "mmlongbench-doc", "--data", str(folder), "--out", str(tmp_path / "run"))
    assert "evidence_hit              100.00" in run.out
    assert "str_em                    100.00" in run.out
    assert "lease.pdf" in docqa("list").out


def test_failed_questions_are_asked_again_on_request(docqa: DocqaCommand, tmp_path: Path) -> None:
    folder = tmp_path / "mm"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "rent.txt").write_text(" ", encoding="utf-8")
    sample = {"doc_id": "rent.txt", "question": "What is the yearly rent?", "answer": "48,500 dollars"}
    (folder / "samples.json").write_text(
        json.dumps([{**sample, "evidence_pages": "[1]", "answer_format": "Str"}]), encoding="utf-8"
    )
    command = ["eval", "mmlongbench-doc", "--data", str(folder), "--out", str(tmp_path / "run")]
    assert "1 examples, 1 failed" in docqa(*command).out
    (folder / "documents" / "rent.txt").write_text("The yearly rent is 48,500 dollars.", encoding="utf-8")
    assert "1 examples, 1 failed" in docqa(*command).out
    assert "1 examples, 0 failed" in docqa(*command, "--retry-failed").out


def test_two_runs_are_compared(docqa: DocqaCommand, squad: Path, tmp_path: Path) -> None:
    for name, strategy in (("a", "rag"), ("b", "retrieve_then_reason")):
        run = docqa("eval", "squad", "--data", str(squad), "--strategy", strategy, "--out", str(tmp_path / name))
        assert run.code == 0, run.err
    run = docqa("eval", "compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert run.code == 0
    assert "| metric | b − a | 95 % interval | p | documents |" in run.out
    assert "| evidence_hit | +0.00 |" in run.out
    assert "| a | rag | embedded | " in run.out


def test_several_runs_are_compared_in_a_file_with_a_plot(docqa: DocqaCommand, squad: Path, tmp_path: Path) -> None:
    for name, strategy in (("a", "rag"), ("b", "retrieve_then_reason"), ("c", "chain")):
        docqa("eval", "squad", "--data", str(squad), "--strategy", strategy, "--out", str(tmp_path / name))
    folders = [str(tmp_path / name) for name in "abc"]
    run = docqa("eval", "compare", *folders, "--out", str(tmp_path / "together"))
    assert run.code == 0
    page = (tmp_path / "together" / "comparison.html").read_text(encoding="utf-8")
    assert "evidence_hit against cost" in page
    for words in ("b − a", "c − a", "seconds per question"):
        assert words in page
        assert words in run.out
    assert (tmp_path / "together" / "comparison.md").read_text(encoding="utf-8") in run.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "known: covidqa"),
        (["squad"], "needs --data"),
        (["squad", "--data", "absent.json"], "absent.json: not found"),
        (["ruler/niah", "--strategy", "magic"], "unknown strategy 'magic'"),
        (["ruler/niah", "--strategy", "closed_book"], "asks a language model"),
        (["ruler/niah", "--mode", "kind"], "known: strict, parity"),
        (["ruler/niah", "--judge", "oracle"], "unknown judge"),
        (["ruler/niah", "--metrics", "luck"], "unknown metric"),
        (["ruler/niah", "extra"], "name one task"),
        (["compare", "one"], "name two runs"),
        (["ruler/niah", "--lengths", "ten"], "no list of numbers"),
        (["ruler/niah", "--depths", "2"], "depths run from 0"),
        (["squad", "--data", ".", "--lengths", "500"], "for generated tasks"),
        (["compare", "one", "two"], "scores of a run"),
    ],
)
def test_a_mistake_is_one_clear_line(docqa: DocqaCommand, arguments: list[str], message: str) -> None:
    run = docqa("eval", *arguments)
    assert run.code == 2
    assert message in run.err
    assert run.err.count("\n") == 1


def test_five_hundred_questions_survive_a_kill_and_end_with_the_same_report(
    docqa: DocqaCommand, tmp_path: Path
) -> None:
    data = tmp_path / "towns.json"
    data.write_text(json.dumps({"data": articles(25, 20)}), encoding="utf-8")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    asked = ("eval", "squad", "--data", str(data), "--model", "embedded:lexical", "-q", "--out")
    assert docqa(*asked, str(whole)).code == 0
    command = [sys.executable, "-m", "docqa.app.cli", *asked, str(killed)]
    n_kept = [_killed_at(command, killed / "answers.jsonl", n) for n in (60, 250)]
    assert n_kept[0] < n_kept[1] < 500
    assert not (killed / "report.md").exists()
    assert docqa(*asked, str(killed)).code == 0
    for name in ("report.md", "scores.jsonl"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    lines = (killed / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 501
    assert len({json.loads(line).get("id") for line in lines[1:]}) == 500


def _killed_at(command: list[str], answers: Path, n_lines: int) -> int:
    """Run until the file has so many lines, then kill -9; gives the number of whole lines."""
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not answers.exists() or answers.read_bytes().count(b"\n") < n_lines:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return answers.read_bytes().count(b"\n")
