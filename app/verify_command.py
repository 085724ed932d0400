"""`docqa verify`: every citation of a saved answer, or every quote of somebody's Markdown, checked from the documents.

No model is asked, and the answer's own verdicts count for nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docqa.answers import Answer
from docqa.app import streams
from docqa.documents import Document
from docqa.errors import UsageError

if TYPE_CHECKING:
    from docqa.app.saved_texts import Markdown
    from docqa.app.verification import Row
    from docqa.llm.reader import ClaimJudge

NO_MODEL = {"model": "embedded", "base_url": "", "encoder": "none", "route": "auto"}


def verify_answer(  # noqa: PLR0913 - every option of a command is an argument
    answer: Annotated[
        str, typer.Argument(metavar="ANSWER", help="A saved --json answer, an evidence file, Markdown, or - for one.")
    ],
    files: Annotated[list[str], typer.Argument(metavar="FILES", help="Files, folders, patterns, or - for stdin.")],
    judge: Annotated[
        str, typer.Option("--judge", help="What judges statements in other words: none, embedded or nli:MODEL.")
    ] = "none",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    password: Annotated[str | None, typer.Option("--password", show_default=False)] = None,
    ocr: Annotated[str | None, typer.Option("--ocr", help="auto, off or force.", show_default=False)] = None,
    ocr_languages: Annotated[str | None, typer.Option("--ocr-languages", show_default=False)] = None,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
    offline: Annotated[bool | None, typer.Option("--offline", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings.")] = False,
) -> None:
    """Check every citation of a saved answer, or every quote of a text, with no model and no network.

    Whether a statement in other words is borne out, words alone cannot tell: --judge embedded asks the networks that
    ship with docqa.

      docqa ask report.pdf "What was the revenue in 2021?" --json > answer.json

      docqa verify answer.json report.pdf

      docqa verify evidence.html report.pdf

      docqa verify essay.md report.pdf

    Of Markdown it checks quotes with page numbers: "…" (p. 12), “…” [pp. 3-4], blockquotes, footnotes.

    Ends with 0 when every citation holds, 5 when some do not, 4 when none does.
    """
    from docqa.app import verification
    from docqa.app.saved_texts import read_saved

    saved = read_saved(answer, files)
    flags = {"ocr": ocr, "ocr_languages": ocr_languages, "cache_dir": cache_dir, "offline": offline, **NO_MODEL}
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help

    session = Session.start(flags, as_json=as_json, quiet=quiet)
    with ExitStack() as resources:
        resources.callback(session.agent.close)
        documents = session.read(files, password, resources)
        if isinstance(saved, Answer):
            for name in not_given(saved, documents):
                session.warn(f"{name}: none of the given documents has the bytes that the answer was made from")
        rows = checked(saved, documents, claim_judge(judge))
    n_uncited = sum(not statement.citations for statement in saved.statements) if isinstance(saved, Answer) else 0
    if as_json:
        question = saved.question if isinstance(saved, Answer) else ""
        sys.stdout.write(streams.json_text(verification.report(rows, question, n_uncited)) + "\n")
    elif not rows and not isinstance(saved, Answer):
        session.out.print('the text has no quotes to check; write "…" (p. 12), [p. 12], blockquotes or footnotes')
    else:
        session.out.print("\n".join(verification.lines(rows, n_uncited)))
    raise typer.Exit(verification.exit_code(rows))


def claim_judge(name: str) -> ClaimJudge | None:
    """The judge of that name, None for none; raises UsageError for another name."""
    kind, _, argument = name.partition(":")
    if kind == "none":
        return None
    from docqa.app.build import JUDGES

    local = [known for known in sorted(JUDGES) if known != "model"]
    if kind not in local:
        raise UsageError(f"unknown judge {name!r}; known: none, {', '.join(local)}")
    return JUDGES[kind](argument)


def checked(saved: Answer | Markdown, documents: Sequence[Document], judge: ClaimJudge | None = None) -> list[Row]:
    """Every citation or quote, checked, in order; a `judge` is asked about statements in other words."""
    from docqa.app.verification import citation_row, quote_row

    known = {document.id: document for document in documents}
    if isinstance(saved, Answer):
        from docqa.agents.verifying import verify

        return [citation_row(citation, known) for citation in verify(saved, documents, judge)]
    from docqa.agents.quote_checks import check_quotes
    from docqa.agents.quoted_text import quotes_in

    return [quote_row(quote, known) for quote in check_quotes(quotes_in(saved.text), documents)]


def not_given(answer: Answer, documents: Sequence[Document]) -> list[str]:
    """Names of the documents that are cited and not at hand."""
    given = {document.id for document in documents}
    return list(dict.fromkeys(c.document for c in answer.citations if c.sha256 not in given))
