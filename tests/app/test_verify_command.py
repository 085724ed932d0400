"""`docqa verify`: an untouched answer holds, a tampered one does not, and a damaged one is one line."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docqa.app.doctor import one_page_pdf
from tests.llm.nli_model import make_nli_model
from tests.retrieval.library_samples import write_pdf

from .conftest import LEASE, DocqaCommand, Run

QUESTION = "When does it end unless it is renewed in writing?"


@dataclass(frozen=True)
class Saved:
    """An answer that was saved, with the document it came from."""

    path: Path
    document: Path

    def change(self, changed: Callable[[dict[str, Any]], object]) -> None:
        """Tamper with the file."""
        data = json.loads(self.path.read_text(encoding="utf-8"))
        changed(data)
        self.path.write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def saved(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> Saved:
    """An answer with one statement and one citation."""
    answer = Saved(tmp_path / "answer.json", lease)
    answer.path.write_text(docqa("ask", str(lease), QUESTION, "--json").out, encoding="utf-8")
    answer.change(lambda data: data.update(statements=[s for s in data["statements"] if s["text"] == LEASE[1]]))
    return answer


def citation(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["statements"][0]["citations"][0]
    return found


def verdicts(run: Run) -> list[tuple[str, bool]]:
    return [(row["verdict"], row["holds"]) for row in json.loads(run.out)["citations"]]


def test_an_untouched_answer_holds(docqa: DocqaCommand, saved: Saved) -> None:
    done = docqa("verify", str(saved.path), str(saved.document))
    assert done.out.splitlines() == [
        f"[1] holds: lease.pdf, p. 1 (verbatim, supports): “{LEASE[1]}”",
        "1 of 1 citation holds",
    ]
    assert (done.code, done.err) == (0, "")


def test_every_citation_as_it_was_printed_holds(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    table = tmp_path / "rents.csv"
    table.write_text("street,rent\nDock Street,48500\nMill Lane,12000\n", encoding="utf-8")
    (tmp_path / "answer.json").write_text(
        docqa("ask", str(table), str(lease), "What is the rent of Mill Lane?", "--json").out, encoding="utf-8"
    )
    done = docqa("verify", "answer.json", str(lease), str(table), "--json")
    assert done.code == 0
    assert verdicts(done)
    assert set(verdicts(done)) == {("verbatim", True)}


def test_the_answer_may_come_from_standard_input(
    docqa: DocqaCommand, saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(saved.path.read_bytes())))
    assert docqa("verify", "-", str(saved.document)).code == 0


def test_the_json_names_the_words_and_where_they_stand(docqa: DocqaCommand, saved: Saved) -> None:
    data = json.loads(docqa("verify", str(saved.path), str(saved.document), "--json").out)
    row = data["citations"][0]
    assert data["schema"] == "docqa.verify/1"
    assert (data["citations_checked"], data["citations_that_hold"], data["statements_without_citation"]) == (1, 1, 0)
    assert (row["quote"], row["support"], row["saved_verdict"]) == (LEASE[1], "supports", "verbatim")
    assert (row["found"]["page"], row["found"]["locator"]) == (1, "p. 1")
    text = docqa("show", str(saved.document), "--page", "1").out
    assert text[row["found"]["start_char"] : row["found"]["end_char"]] == LEASE[1]


def test_a_changed_digit_in_a_quote_is_absent(docqa: DocqaCommand, saved: Saved) -> None:
    saved.change(lambda data: citation(data).update(quote=LEASE[1].replace("2027", "2028")))
    done = docqa("verify", str(saved.path), str(saved.document))
    assert done.code == 4
    assert done.out.startswith("[1] fails: lease.pdf, p. 1 (absent, ")
    assert done.out.endswith("\n0 of 1 citation holds\n")


def test_a_changed_digit_in_a_statement_is_no_longer_supported(docqa: DocqaCommand, saved: Saved) -> None:
    saved.change(lambda data: data["statements"][0].update(text=LEASE[1].replace("2027", "2028")))
    done = docqa("verify", str(saved.path), str(saved.document))
    assert done.code == 4
    assert "(verbatim, contradicts; found in lease.pdf, p. 1)" in done.out


@pytest.mark.parametrize(
    "place",
    [
        {"part": 1, "page": 2, "locator": "p. 2"},
        {"part": 1},
        {"page": 2},
        {"page_label": "ii"},
        {"locator": "p. 2"},
    ],
    ids=str,
)
def test_a_swapped_page_is_noticed_in_whichever_field(
    docqa: DocqaCommand, tmp_path: Path, saved: Saved, place: dict[str, Any]
) -> None:
    saved.change(lambda data: citation(data).update(place))
    done = docqa("verify", str(saved.path), str(saved.document))
    assert done.code == 4
    assert "(other_page, supports; found in lease.pdf, p. 1)" in done.out


def test_another_file_with_the_same_words_is_another_document(
    docqa: DocqaCommand, saved: Saved, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(one_page_pdf([*LEASE, "Signed in Dock Street."]))
    done = docqa("verify", str(saved.path), str(copy), "--json")
    assert (done.code, verdicts(done)) == (4, [("other_document", False)])
    assert "lease.pdf: none of the given documents" in done.err


def test_a_file_without_the_words_proves_nothing(docqa: DocqaCommand, saved: Saved, tmp_path: Path) -> None:
    write_pdf(tmp_path / "other.pdf", 2)
    done = docqa("verify", str(saved.path), str(tmp_path / "other.pdf"), "--json", "--quiet")
    assert (done.code, verdicts(done), done.err) == (4, [("absent", False)], "")


def test_one_good_and_one_bad_citation_end_with_5(docqa: DocqaCommand, saved: Saved) -> None:
    def forge(data: dict[str, Any]) -> None:
        invented = "The tenant may keep an elephant."
        data["statements"].append({"text": invented, "citations": [{**citation(data), "quote": invented}]})
        data["statements"].append({"text": "Nobody proves this.", "citations": []})

    saved.change(forge)
    done = docqa("verify", str(saved.path), str(saved.document))
    assert done.code == 5
    assert [line[:9] for line in done.out.splitlines()] == ["[1] holds", "[2] fails", "1 of 2 ci"]
    assert done.out.endswith("1 of 2 citations hold; 1 statement has no citation\n")


def test_an_answer_without_citations_has_nothing_that_holds(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    answer = docqa("ask", str(lease), "What is the capital of Mongolia?", "--json").out
    (tmp_path / "answer.json").write_text(answer, encoding="utf-8")
    done = docqa("verify", "answer.json", str(lease))
    assert (done.code, done.out) == (4, "the answer has no citations to check\n")


def test_a_long_quote_is_shortened_and_cannot_steer_the_terminal(docqa: DocqaCommand, saved: Saved) -> None:
    saved.change(lambda data: citation(data).update(quote="\x1b[2J" + "word " * 100, locator="p. 1\n[9] holds"))
    first, _ = docqa("verify", str(saved.path), str(saved.document)).out.splitlines()
    assert "\x1b" not in first
    assert first.endswith("…”")
    assert len(first) < 160


def test_a_statement_in_other_words_is_for_a_judge_and_a_false_one_fails_all_the_same(
    docqa: DocqaCommand, saved: Saved
) -> None:
    arguments = ("verify", str(saved.path), str(saved.document))
    saved.change(
        lambda data: data["statements"][0].update(text="It ends on 31 May 2027 unless it gets renewed in writing.")
    )
    assert "(verbatim, partly" in docqa(*arguments).out
    assert docqa(*arguments).code == 4
    assert docqa(*arguments, "--judge", "embedded").code == 0
    saved.change(
        lambda data: data["statements"][0].update(text="It ends on 31 May 2028 unless it gets renewed in writing.")
    )
    assert docqa(*arguments, "--judge", "embedded").code == 4
    one_line_of(docqa(*arguments, "--judge", "oracle"), 2, "known: none, embedded, nli")


def test_a_cross_encoder_on_the_disk_judges_statements_in_other_words(docqa: DocqaCommand, tmp_path: Path) -> None:
    model = make_nli_model(tmp_path / "nli")
    (tmp_path / "sea.txt").write_text("the sea is calm today", encoding="utf-8")
    saved = Saved(tmp_path / "answer.json", tmp_path / "sea.txt")
    saved.path.write_text(docqa("ask", "sea.txt", "How is the sea?", "--json").out, encoding="utf-8")
    saved.change(lambda data: data["statements"][0].update(text="today the sea is calm"))
    assert docqa("verify", "answer.json", "sea.txt").code == 4
    judged = docqa("verify", "answer.json", "sea.txt", "--judge", f"nli:{model}")
    assert (judged.code, judged.out.splitlines()[-1]) == (0, "1 of 1 citation holds"), judged.err
    saved.change(lambda data: data["statements"][0].update(text="the sea is rough"))
    assert docqa("verify", "answer.json", "sea.txt", "--judge", f"nli:{model}").code == 4
    one_line_of(docqa("verify", "answer.json", "sea.txt", "--judge", "nli:absent"), 2, "downloads none")


ESSAY = """
The lease "ends on 31 May 2027" (p. 1). Its rent is “48,500 dollars” [p. 1].[^1]

> It ends on 31 May 2027 unless it is renewed in writing.
> — lease.pdf, p. 1

[^1]: lease.pdf, p. 1
"""


def test_quotes_in_somebody_elses_markdown_are_checked(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    essay = tmp_path / "essay.md"
    essay.write_text(ESSAY, encoding="utf-8")
    done = docqa("verify", "essay.md", str(lease))
    assert done.code == 0, done.out
    assert done.out.startswith("[1] holds: line 2, p. 1 (verbatim, supports): “ends on 31 May 2027”\n")
    assert done.out.endswith("3 of 3 citations hold\n")
    essay.write_text(ESSAY.replace('ends on 31 May 2027"', 'ends on 30 May 2027"'), encoding="utf-8")
    assert docqa("verify", "essay.md", str(lease)).code == 5
    essay.write_text(ESSAY.replace("p. 1", "p. 2"), encoding="utf-8")
    rows = json.loads(docqa("verify", "essay.md", str(lease), "--json").out)["citations"]
    assert [(row["verdict"], row["holds"], row["pages"], row["line"]) for row in rows] == [
        ("other_page", False, ["2"], 2),
        ("other_page", False, ["2"], 2),
        ("other_page", False, ["2"], 4),
    ]


def test_markdown_may_come_from_standard_input(
    docqa: DocqaCommand, lease: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ESSAY.encode())))
    assert docqa("verify", "-", str(lease)).code == 0


def test_markdown_without_quotes_says_what_is_read(docqa: DocqaCommand, lease: Path, tmp_path: Path) -> None:
    (tmp_path / "essay.md").write_text("Nothing is quoted here.", encoding="utf-8")
    done = docqa("verify", "essay.md", str(lease))
    assert done.code == 4
    assert "no quotes to check" in done.out


def test_no_model_is_asked_whatever_the_settings_say(
    docqa: DocqaCommand, saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCQA_MODEL", "openai:none")
    monkeypatch.setenv("DOCQA_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("DOCQA_ENCODER", "sentence-transformers:none")
    assert docqa("verify", str(saved.path), str(saved.document)).code == 0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "no JSON"),
        (b'{"schema": "docqa.ans', "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "not a saved answer"),
        (b'{"schema": "docqa.answer/2"}', "not a saved answer"),
        (b'{"schema": "docqa.answer/1"}', "damaged: KeyError"),
        (b'{"schema": "docqa.answer/1", "statements": [1]}', "damaged: TypeError"),
    ],
)
def test_a_damaged_answer_is_one_line(
    docqa: DocqaCommand, lease: Path, tmp_path: Path, written: bytes, said: str
) -> None:
    (tmp_path / "answer.json").write_bytes(written)
    one_line_of(docqa("verify", "answer.json", str(lease)), 2, "docqa: answer.json: ", said)


@pytest.mark.parametrize("values", [{"quote": 5}, {"quote": None}, {"part": "1"}, {"start_char": []}, {"locator": {}}])
def test_a_value_of_another_type_is_one_line(docqa: DocqaCommand, saved: Saved, values: dict[str, Any]) -> None:
    saved.change(lambda data: citation(data).update(values))
    one_line_of(docqa("verify", str(saved.path), str(saved.document)), 2, "wrong type in statement 1")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent.json", "lease.pdf"], 2, "absent.json: the answer cannot be read"),
        ([".", "lease.pdf"], 2, "the answer cannot be read"),
        (["lease.pdf", "answer.json"], 2, "the saved answer comes first"),
        (["-", "-"], 2, "only one of"),
        (["answer.json"], 2, "FILES"),
        (["answer.json", "absent.pdf"], 3, "absent.pdf"),
    ],
)
def test_a_mistake_is_one_line_and_a_documented_exit_code(
    docqa: DocqaCommand, saved: Saved, arguments: list[str], code: int, said: str
) -> None:
    one_line_of(docqa("verify", *arguments), code, said)


def one_line_of(done: Run, code: int, *said: str) -> None:
    assert (done.code, done.out) == (code, "")
    assert all(words in done.err for words in said)
    assert done.err.startswith("docqa: ")
    assert done.err.count("\n") == 1
