"""The command line: what goes where, exit codes, and one clear line for every mistake."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from docqa.answers import Answer
from docqa.app.doctor import one_page_pdf
from tests.retrieval.library_samples import write_pdf

from .conftest import LEASE, DocqaCommand

QUESTION = "When does it end unless it is renewed in writing?"


def test_the_answer_is_the_documents_own_words_with_page_and_boxes(docqa: DocqaCommand, lease: Path) -> None:
    done = docqa("ask", str(lease), QUESTION, "--json")
    assert done.code == 0, done.err
    answer = Answer.from_json(json.loads(done.out))
    quotes = {citation.quote for citation in answer.citations}
    assert LEASE[1] in quotes
    for citation in answer.citations:
        assert (citation.document, citation.page, citation.verdict) == ("lease.pdf", 1, "verbatim")
        assert citation.boxes
    assert answer.coverage.pages == answer.coverage.pages_read == 1


def test_standard_output_is_the_answer_alone_without_colour(docqa: DocqaCommand, lease: Path) -> None:
    done = docqa("ask", str(lease), QUESTION)
    assert LEASE[1] in done.out
    assert "lease.pdf, p. 1 (verbatim, supports)" in done.out
    assert "\x1b" not in done.out + done.err
    assert done.err == ""


def test_a_question_about_something_else_is_not_found_with_proof(docqa: DocqaCommand, lease: Path) -> None:
    done = docqa("ask", str(lease), "What is the capital of Mongolia?", "--json")
    assert done.code == 4
    data = json.loads(done.out)
    assert data["status"] == "not_found"
    assert data["statements"] == []
    assert set(data["absence"]["missing_terms"]) == {"capital", "Mongolia"}


def test_a_second_question_reads_nothing_again(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docqa("index", str(lease))
    from docqa.retrieval.readers.pdf.reader import PdfReader

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the file was opened for reading again")

    monkeypatch.setattr(PdfReader, "open", refuse)
    assert docqa("ask", str(lease), QUESTION).code == 0


def test_documents_come_from_folders_patterns_and_standard_input(
    docqa: DocqaCommand, lease: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "notes.md").write_text(
        "# Rent\n\nThe landlord lowers the rent of the garage by ten percent.\n"
    )
    found = docqa("ask", str(tmp_path / "papers"), "By how much is the rent of the garage lowered?")
    assert (found.code, "notes.md" in found.out) == (0, True)
    assert docqa("ask", f"{tmp_path}/*.pdf", QUESTION).code == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lease.read_bytes())))
    assert LEASE[1] in docqa("ask", "-", QUESTION).out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(QUESTION.encode())))
    assert LEASE[1] in docqa("ask", str(lease), "-").out


def test_a_question_over_two_documents_cites_the_one_that_answers(
    docqa: DocqaCommand, lease: Path, tmp_path: Path
) -> None:
    other = tmp_path / "garage.pdf"
    other.write_bytes(one_page_pdf(["The garage in Mill Lane was bought in 2004 for 12,000 dollars."]))
    done = docqa("ask", str(lease), str(other), "When was the garage in Mill Lane bought?", "--json")
    assert json.loads(done.out)["statements"][0]["citations"][0]["document"] == "garage.pdf"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ask", "lease.pdf"], 2, "a question is missing"),
        (["ask", "lease.pdf", "  "], 2, "the question is empty"),
        (["ask", "-", "-"], 2, "only one of"),
        (["ask", "Who pays?", "lease.pdf"], 2, "the question comes last"),
        (["ask", "lease.pdf", "x?", "--model", "no-such"], 2, "known: embedded"),
        (["ask", "lease.pdf", "x?", "--encoder", "no-such"], 2, "known: embedded, none, sentence-transformers"),
        (["ask", "lease.pdf", "x?", "--ocr", "perhaps"], 2, "auto, off, force"),
        (["ask", "lease.pdf", "x?", "--no-such-option"], 2, "--no-such-option"),
        (["ask", "lease.pdf", "-5 degrees?"], 2, "write -- before"),
        (["no-such-command"], 2, "no-such-command"),
        (["ask", "absent.pdf", "x?"], 3, "absent.pdf"),
        (["ask", "empty.pdf", "x?"], 3, "empty.pdf"),
        (["ask", "picture.pdf", "x?"], 3, "picture.pdf"),
        (["show", "lease.pdf", "--page", "9"], 2, "no page 9"),
        (["show", "never-read"], 2, "never-read"),
    ],
)
def test_a_mistake_is_one_line_and_a_documented_exit_code(
    docqa: DocqaCommand, lease: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    done = docqa(*arguments)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert done.err.startswith("docqa: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(docqa: DocqaCommand, tmp_path: Path) -> None:
    from docqa.app.cli import main
    from docqa.errors import UnreadableDocument

    with pytest.raises(UnreadableDocument):
        main(["ask", str(tmp_path / "absent.pdf"), "x?", "--debug"])


def test_a_bad_file_in_a_folder_is_warned_of_and_left_out(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    done = docqa("ask", str(tmp_path), QUESTION)
    assert done.code == 0
    assert "broken.pdf" in done.err
    assert LEASE[1] in done.out


def test_show_gives_the_health_of_the_document_and_the_text_of_a_page(docqa: DocqaCommand, lease: Path) -> None:
    assert "1 page: 1 text" in docqa("show", str(lease)).out
    assert docqa("show", str(lease), "--page", "1").out.splitlines() == list(LEASE)
    data = json.loads(docqa("show", str(lease), "--json").out)
    assert data["schema"] == "docqa.health/1"
    assert [page["source"] for page in data["page_health"]] == ["text"]
    assert docqa("show", data["sha256"][:8]).code == 0


def test_list_search_and_gc_work_on_what_was_read(docqa: DocqaCommand, lease: Path) -> None:
    docqa("index", str(lease))
    assert "lease.pdf" in docqa("list").out
    found = json.loads(docqa("search", str(lease), "rent", "--json").out)
    assert found["passages"][0]["page"] == 1
    assert docqa("search", str(lease), "zeppelin").code == 4
    lease.unlink()
    assert json.loads(docqa("gc", "--json").out)["documents"] == ["lease.pdf"]
    assert docqa("list").out == ""


def test_the_settings_are_shown_with_their_origin(docqa: DocqaCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCQA_OCR", "off")
    assert "ocr = off  (DOCQA_OCR)" in docqa("config", "show").out
    assert json.loads(docqa("config", "show", "--json").out)["schema"] == "docqa.config/1"


def test_the_doctor_answers_a_whole_question(docqa: DocqaCommand) -> None:
    done = docqa("doctor", "--json")
    states = {check["name"]: check["state"] for check in json.loads(done.out)["checks"]}
    assert done.code == 0
    assert states["question"] == states["cache"] == states["tokens"] == "ok"


def test_a_file_name_that_is_not_unicode_is_named_and_not_stumbled_over(docqa: DocqaCommand, lease: Path) -> None:
    odd = os.fsdecode(os.fsencode(lease.parent) + b"/od\xffd.pdf")
    os.rename(lease, odd)
    assert docqa("ask", odd, QUESTION).code == 0


def test_the_doctor_proves_that_no_network_is_needed(tmp_path: Path) -> None:
    environment = {**os.environ, "DOCQA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "docqa.app.cli", "doctor", "--offline", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout + done.stderr
    assert checks["network"]["detail"] == "every connection was forbidden, and none was attempted"
    assert checks["question"]["state"] == "ok"


def test_a_document_is_called_as_the_file_that_was_named(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docqa("index", str(lease))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lease.read_bytes())))
    docqa("ask", "-", QUESTION)
    assert "lease.pdf" in docqa("show", str(lease)).out
    assert "lease.pdf" in docqa("index", str(lease)).out
    assert "lease.pdf" in docqa("list").out


def test_an_interrupted_ingest_says_so_and_is_listed_as_unfinished(tmp_path: Path) -> None:
    write_pdf(tmp_path / "long.pdf", 400)
    environment = {**os.environ, "DOCQA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "docqa.app.cli"]
    running = subprocess.Popen(
        [*command, "index", str(tmp_path / "long.pdf")], stderr=subprocess.PIPE, env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    database = tmp_path / "cache" / "library.sqlite"
    deadline = time.monotonic() + 60
    while not (database.exists() and _n_pages(database)) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert (running.returncode, stderr) == (130, b"docqa: interrupted; what was read so far is kept\n")
    listed = subprocess.run([*command, "list"], capture_output=True, env=environment, timeout=60, check=True)
    assert b"long.pdf  not read to the end" in listed.stdout


def _n_pages(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM pages").fetchone()[0])
        except sqlite3.OperationalError:  # the tables are still being made
            return 0
