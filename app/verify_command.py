"""`docqa verify`: every citation of a saved answer checked again, from the documents alone.

No model is asked, and the answer's own verdicts count for nothing. It knows which place the answer names to its reader;
where words stand and what they bear out is for `docqa.agents.verifying`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docqa.answers import Answer, one_line
from docqa.app import exit_codes, streams
from docqa.documents import Document, Span, locator
from docqa.errors import UsageError

if TYPE_CHECKING:
    from docqa.agents.locating import Located
    from docqa.agents.verifying import CheckedCitation

SCHEMA = "docqa.verify/1"

_STDIN = "-"
_MAX_ANSWER_BYTES = 50_000_000
_MAX_QUOTE_CHARS = 72
_NO_MODEL = {"model": "embedded", "base_url": "", "encoder": "none", "route": "auto"}


def verify_answer(  # noqa: PLR0913 - every option of a command is an argument
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="What docqa ask --json printed, or - for it.")],
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files, folders, patterns, or - for stdin.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    password: Annotated[str | None, typer.Option("--password", show_default=False)] = None,
    ocr: Annotated[str | None, typer.Option("--ocr", help="auto, off or force.", show_default=False)] = None,
    ocr_languages: Annotated[str | None, typer.Option("--ocr-languages", show_default=False)] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
    offline: Annotated[bool | None, typer.Option("--offline", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings.")] = False,
) -> None:
    """Check every citation of a saved answer again, with no model and no network.

      docqa ask report.pdf "What was the revenue in 2021?" --json > answer.json

      docqa verify answer.json report.pdf

    Ends with 0 when every citation holds, 5 when some do not, 4 when none does.
    """
    saved = _saved_answer(answer, files)
    flags = {"ocr": ocr, "ocr_languages": ocr_languages, "cache_dir": cache_dir, "offline": offline, **_NO_MODEL}
    from docqa.agents.verifying import verify
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help

    session = Session.start(flags, as_json=as_json, quiet=quiet)
    with ExitStack() as resources:
        resources.callback(session.agent.close)
        documents = session.read(files, password, resources)
        for name in _not_given(saved, documents):
            session.warn(f"{name}: none of the given documents has the bytes that the answer was made from")
        known = {document.id: document for document in documents}
        rows = [_row(checked, known) for checked in verify(saved, documents)]
    n_uncited = sum(not statement.citations for statement in saved.statements)
    if as_json:
        sys.stdout.write(streams.json_text(_report(saved, rows, n_uncited)) + "\n")
    else:
        session.out.print("\n".join([*map(_line, range(1, len(rows) + 1), rows), _summary(rows, n_uncited)]))
    raise typer.Exit(_exit_code(rows))


def _saved_answer(name: str, files: Sequence[str]) -> Answer:
    """The answer of a file or of standard input; raises UsageError, with its name, when it is none."""
    if name == _STDIN and _STDIN in files:
        raise UsageError("only one of answer and document can come from standard input")
    shown = "standard input" if name == _STDIN else name
    try:
        answer = Answer.from_json(json.loads(_bytes_of(name).decode("utf-8-sig")))
        _check_types(answer)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{shown}: no JSON; the saved answer comes first: docqa verify answer.json FILES..."
        ) from error
    except OSError as error:
        raise UsageError(f"{shown}: the answer cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from error
    return answer


def _bytes_of(name: str) -> bytes:
    if name == _STDIN:
        read = streams.stdin_bytes().read(_MAX_ANSWER_BYTES + 1)
    else:
        with open(name, "rb") as file:
            read = file.read(_MAX_ANSWER_BYTES + 1)
    if len(read) > _MAX_ANSWER_BYTES:
        raise UsageError(f"more than {_MAX_ANSWER_BYTES:,} bytes are no saved answer")
    return read


def _check_types(answer: Answer) -> None:
    """Raise UsageError where a value that is looked up or shown is of the wrong type: an edited file may hold any."""
    for number, statement in enumerate(answer.statements, start=1):
        texts = [statement.text, *(t for c in statement.citations for t in (c.document, c.sha256, c.locator, c.quote))]
        numbers = [n for c in statement.citations for n in (c.part, c.start_char)]
        if not all(isinstance(t, str) for t in texts) or not all(isinstance(n, int) for n in numbers):
            raise UsageError(f"the saved answer is damaged: a value of the wrong type in statement {number}")


def _not_given(answer: Answer, documents: Sequence[Document]) -> list[str]:
    """Names of the documents that are cited and not at hand."""
    given = {document.id for document in documents}
    return list(dict.fromkeys(c.document for c in answer.citations if c.sha256 not in given))


def _row(checked: CheckedCitation, known: Mapping[str, Document]) -> dict[str, Any]:
    """One citation as plain values: what the answer says, the verdict now, and where the words were found.

    Words that stand on the part that was claimed, while the answer shows its reader another page or place, are
    `other_page`: the reader would look in vain.
    """
    citation, located = checked.citation, checked.located
    found = _found(located, known)
    said = {name: getattr(citation, name) for name in ("page", "page_label", "locator")}
    misplaced = found is not None and any(found[name] != value for name, value in said.items())
    here = located.verdict in ("verbatim", "close")
    return {
        "statement": checked.statement,
        "quote": citation.quote,
        "document": citation.document,
        "sha256": citation.sha256,
        "part": citation.part,
        **said,
        "holds": checked.holds and not misplaced,
        "verdict": "other_page" if here and misplaced else located.verdict,
        "support": checked.support,
        "similarity": round(located.similarity, 4),
        "saved_verdict": citation.verdict,
        "found": found,
    }


def _found(located: Located, known: Mapping[str, Document]) -> dict[str, Any] | None:
    """The place of the real words, None where they have none."""
    if located.part is None or located.span is None:
        return None
    document = known[located.document_id]
    page, span = document.pages[located.part], Span(*located.span)
    return {
        "document": document.name,
        "sha256": document.id,
        "part": page.index,
        "page": page.number,
        "page_label": page.label,
        "locator": locator(page, span),
        "start_char": span.start_char,
        "end_char": span.end_char,
    }


def _report(answer: Answer, rows: Sequence[Mapping[str, Any]], n_uncited: int) -> dict[str, Any]:
    """The whole check, schema `docqa.verify/1`."""
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "citations": list(rows),
        "citations_checked": len(rows),
        "citations_that_hold": _n_holding(rows),
        "statements_without_citation": n_uncited,
    }


def _line(number: int, row: Mapping[str, Any]) -> str:
    """One citation for a person: whether it holds, the place that the answer names, why, and the words."""
    found = row["found"]
    elsewhere = "" if row["holds"] or found is None else f"; found in {found['document']}, {found['locator']}"
    place = one_line(f"{row['document']}, {row['locator']} ({row['verdict']}, {row['support']}{elsewhere})")
    return f"[{number}] {'holds' if row['holds'] else 'fails'}: {place}: “{_shortened(row['quote'])}”"


def _shortened(quote: str) -> str:
    shown = one_line(quote)
    return shown if len(shown) <= _MAX_QUOTE_CHARS else f"{shown[: _MAX_QUOTE_CHARS - 1].rstrip()}…"


def _summary(rows: Sequence[Mapping[str, Any]], n_uncited: int) -> str:
    held = f"{_n_holding(rows)} of {len(rows)} {'citation holds' if len(rows) == 1 else 'citations hold'}"
    uncited = f"; {n_uncited} statement{' has' if n_uncited == 1 else 's have'} no citation" if n_uncited else ""
    return (held if rows else "the answer has no citations to check") + uncited


def _n_holding(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(row["holds"] for row in rows)


def _exit_code(rows: Sequence[Mapping[str, Any]]) -> int:
    n_holding = _n_holding(rows)
    if not n_holding:
        return exit_codes.NOT_FOUND
    return exit_codes.ANSWERED if n_holding == len(rows) else exit_codes.PARTIAL
