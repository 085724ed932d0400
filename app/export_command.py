"""`docqa export`: a saved answer as an evidence file that anybody can open, print and check again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docqa.answers import Answer, one_line
from docqa.app import exit_codes
from docqa.documents import Document
from docqa.errors import UsageError

if TYPE_CHECKING:
    from docqa.app.evidence import Evidence
    from docqa.app.session import Session

_HTML, _MARKDOWN = frozenset((".html", ".htm")), frozenset((".md", ".markdown"))


def export_answer(  # noqa: PLR0913 - every option of a command is an argument
    answer: Annotated[
        str, typer.Argument(metavar="ANSWER", help="What docqa ask --json printed, an evidence file, or - for one.")
    ],
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files, folders, patterns, or - for stdin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write: .html or .md.")] = Path("evidence.html"),
    password: Annotated[str | None, typer.Option("--password", show_default=False)] = None,
    ocr: Annotated[str | None, typer.Option("--ocr", help="auto, off or force.", show_default=False)] = None,
    ocr_languages: Annotated[str | None, typer.Option("--ocr-languages", show_default=False)] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
    offline: Annotated[bool | None, typer.Option("--offline", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings.")] = False,
) -> None:
    """Write an evidence file: the answer, its verdicts, and the pages that prove it with the quoted words marked.

      docqa ask report.pdf "What was the revenue in 2021?" --json > answer.json

      docqa export answer.json report.pdf -o evidence.html

      docqa verify evidence.html report.pdf

    The file needs nothing from outside, and every quote is looked up again while it is written. Ends with 0 when every
    quote stands where the answer says, 5 when some do not, 4 when none does.
    """
    from docqa.app.saved_texts import read_answer
    from docqa.app.verify_command import NO_MODEL, not_given

    check_suffix(out)
    saved = read_answer(answer, files)
    flags = {"ocr": ocr, "ocr_languages": ocr_languages, "cache_dir": cache_dir, "offline": offline, **NO_MODEL}
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help

    session = Session.start(flags, as_json=False, quiet=quiet)
    with ExitStack() as resources:
        resources.callback(session.agent.close)
        documents = session.read(files, password, resources)
        for name in not_given(saved, documents):
            session.warn(f"{name}: none of the given documents has the bytes that the answer was made from")
        evidence = export(session, saved, documents, out)
    if evidence.n_standing == len(evidence.rows):
        raise typer.Exit(exit_codes.ANSWERED)
    raise typer.Exit(exit_codes.PARTIAL if evidence.n_standing else exit_codes.NOT_FOUND)


def check_suffix(out: Path) -> None:
    """Raise UsageError for a file of a kind that cannot be written."""
    if out.suffix.lower() not in _HTML | _MARKDOWN:
        raise UsageError(f"{out}: an evidence file is .html or .md")


def export(session: Session, answer: Answer, documents: Sequence[Document], out: Path) -> Evidence:
    """Write the evidence file, whole or not at all, and say where it is."""
    from docqa.app.evidence import gather
    from docqa.app.evidence_html import html
    from docqa.app.evidence_markdown import markdown
    from docqa.retrieval.page_images import PageImages

    evidence = gather(answer, documents, PageImages(session.agent.library.picture))
    text = html(evidence) if out.suffix.lower() in _HTML else markdown(evidence)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from error
    if evidence.n_standing < len(evidence.rows):
        session.warn(f"only {evidence.verified}; {out} says which")
    if not session.quiet:
        session.err.print(f"docqa: evidence in {one_line(str(out))}")
    return evidence
