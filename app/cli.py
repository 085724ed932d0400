"""The command line: parse, call, print. Standard output is the result alone; everything else goes to standard error.

Heavy parts are imported inside the commands, so that `docqa --help` starts at once.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from docqa import __version__
from docqa.answers import one_line
from docqa.app import exit_codes, streams
from docqa.app.eval_commands import evaluate
from docqa.app.export_command import check_suffix, export, export_answer
from docqa.app.serve_command import serve_model
from docqa.app.ui_command import ui
from docqa.app.verify_command import verify_answer
from docqa.errors import DocqaError, UsageError

if TYPE_CHECKING:
    from docqa.app.session import Session

cli = typer.Typer(
    name="docqa",
    help="Ask long documents questions; every answer is proved on the page.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_commands = typer.Typer(help="Settings and where they come from.", no_args_is_help=True)
cli.add_typer(config_commands, name="config")
cli.command("eval")(evaluate)
cli.command("verify")(verify_answer)
cli.command("export")(export_answer)
cli.command("ui")(ui)
cli.command("serve-model")(serve_model)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Password = Annotated[str | None, typer.Option("--password", help="Password of encrypted files.", show_default=False)]
Offline = Annotated[bool | None, typer.Option("--offline", help="Forbid every network connection.", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no warnings.")]
Ocr = Annotated[str | None, typer.Option("--ocr", help="auto, off or force.", show_default=False)]
OcrLanguages = Annotated[
    str | None,
    typer.Option("--ocr-languages", help="Languages of scans, as tesseract names them: eng,deu.", show_default=False),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="What answers: embedded, embedded:lexical, local:PATH_OR_ID, openai:NAME.", show_default=False
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="How meaning is compared: embedded, none, or sentence-transformers:NAME_OR_PATH (extra `local`).",
        show_default=False,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Address of the model's server: http://host/v1.", show_default=False)
]
Route = Annotated[
    str | None,
    typer.Option(
        "--route", help="auto, rag, retrieve_then_reason, chain or full_context (with a model).", show_default=False
    ),
]
PassageOrder = Annotated[
    str | None,
    typer.Option(
        "--passage-order",
        help="How rag shows passages to a model: rank, edges, document or best_last.",
        show_default=False,
    ),
]
ChainWindow = Annotated[
    int | None,
    typer.Option("--chain-window", help="Tokens that a worker of a chain takes at a time.", min=1, show_default=False),
]
ChainOrder = Annotated[
    str | None,
    typer.Option(
        "--chain-order",
        help="document, reversed, bidirectional, chow_liu or shuffled; of several with commas a judge takes an answer.",
        show_default=False,
    ),
]
Sentences = Annotated[
    int | None,
    typer.Option(
        "--sentences", help="Sentences quoted at most without a model (3; a summary 10).", min=1, show_default=False
    ),
]
Clarify = Annotated[
    bool | None,
    typer.Option("--clarify", help="Clear up a question of the model's own before answering.", show_default=False),
]
Export = Annotated[
    Path | None,
    typer.Option("--export", help="Also write an evidence file: .html or .md.", show_default=False),
]
Judge = Annotated[
    str | None,
    typer.Option("--judge", help="What checks a model's statements: embedded, model or nli:MODEL.", show_default=False),
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", help="Tokens that one question may cost.", min=1, show_default=False)
]
MaxSeconds = Annotated[
    float | None, typer.Option("--max-seconds", help="Seconds that one question may take.", show_default=False)
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", help="Money that one question may cost, by price_input/output.", show_default=False),
]
CacheDir = Annotated[Path | None, typer.Option("--cache-dir", help="Where what was read is kept.", show_default=False)]
Files = Annotated[list[str], typer.Argument(help="Files, folders, patterns, or - for standard input.")]


@cli.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False,
) -> None:
    """Ask long documents questions; every answer is proved on the page."""
    if version:
        typer.echo(f"docqa {__version__}")
        raise typer.Exit


@cli.command()
def ask(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="FILES... QUESTION", help="Files, folders or patterns, and the question last."),
    ],
    as_json: Json = False,
    model: Model = None,
    base_url: BaseUrl = None,
    route: Route = None,
    sentences: Sentences = None,
    judge: Judge = None,
    passage_order: PassageOrder = None,
    chain_window: ChainWindow = None,
    chain_order: ChainOrder = None,
    clarify: Clarify = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    max_cost: MaxCost = None,
    encoder: Encoder = None,
    password: Password = None,
    ocr: Ocr = None,
    ocr_languages: OcrLanguages = None,
    export_to: Export = None,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """Answer a question from documents, with page numbers and the exact words.

    Either FILES or QUESTION may be - for standard input:

      docqa ask report.pdf "What was the revenue in 2021?"

      docqa ask reports/ contract.docx "When does the lease end?" --json

      cat report.pdf | docqa ask - "Who audited the accounts?"
    """
    if len(arguments) < 2:
        raise UsageError(f'a question is missing; write: docqa ask {arguments[0]} "your question"')
    *files, question = arguments
    if question == "-":
        if "-" in files:
            raise UsageError("only one of document and question can come from standard input")
        question = streams.stdin_text()
    if export_to is not None:
        check_suffix(export_to)
    session = _session(
        as_json,
        quiet,
        model=model,
        base_url=base_url,
        route=route,
        sentences=sentences,
        judge=judge,
        passage_order=passage_order,
        chain_window=chain_window,
        chain_order=chain_order,
        clarify=clarify,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
        max_cost=max_cost,
        encoder=encoder,
        ocr=ocr,
        ocr_languages=ocr_languages,
        cache_dir=cache_dir,
        offline=offline,
    )
    with ExitStack() as resources:
        resources.callback(session.agent.close)
        answer = session.ask(files, question, password, resources)
        if export_to is not None:
            documents = [session.agent.library.document(asked.sha256) for asked in answer.documents]
            export(session, answer, documents, export_to)
    session.show_answer(answer)
    raise typer.Exit(exit_codes.OF_STATUS[answer.status])


@cli.command()
def chat(
    files: Annotated[list[str] | None, typer.Argument(help="Files, folders or patterns.", show_default=False)] = None,
    again: Annotated[
        str | None, typer.Option("--continue", help="Go on with the conversation of this id.", show_default=False)
    ] = None,
    model: Model = None,
    base_url: BaseUrl = None,
    route: Route = None,
    clarify: Clarify = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    max_cost: MaxCost = None,
    encoder: Encoder = None,
    password: Password = None,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """Ask one question after the other; a follow-up may point back to what was asked before.

    Questions come from standard input, one a line; an empty line or the end of the input ends the conversation.
    """
    if bool(files) == bool(again):
        raise UsageError("name the files to talk about, or a conversation with --continue, one of the two")
    if "-" in (files or ()):
        raise UsageError("the questions come from standard input, so no document can")
    session = _session(
        False,
        quiet,
        model=model,
        base_url=base_url,
        route=route,
        clarify=clarify,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
        max_cost=max_cost,
        encoder=encoder,
        cache_dir=cache_dir,
        offline=offline,
    )
    with ExitStack() as resources:
        resources.callback(session.agent.close)
        talk = (
            session.agent.continue_chat(again)
            if again
            else session.agent.chat_about(session.read(files or [], password, resources))
        )
        session.talk(talk, streams.typed_questions())


@cli.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id that the interrupted run was begun with.")],
    as_json: Json = False,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """Take up a question that was interrupted while a language model was working on it.

    What the model had already replied is not asked for again.
    """
    from docqa.app.config import load_settings
    from docqa.app.runs import kept_with

    _, kept = kept_with(load_settings({"cache_dir": cache_dir}).settings.cache_dir, run)
    session = _session(as_json, quiet, **{**kept, "cache_dir": cache_dir, "offline": offline})
    with closing(session.agent):
        answer = session.resume(run)
    session.show_answer(answer)
    raise typer.Exit(exit_codes.OF_STATUS[answer.status])


@cli.command()
def index(
    files: Files,
    as_json: Json = False,
    encoder: Encoder = None,
    password: Password = None,
    ocr: Ocr = None,
    ocr_languages: OcrLanguages = None,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """Read and index documents, so that the first question comes back at once.

    With --encoder, every passage is encoded ahead as well, which takes half a minute for 300 pages and finds no more.
    """
    session = _session(
        as_json, quiet, encoder=encoder, ocr=ocr, ocr_languages=ocr_languages, cache_dir=cache_dir, offline=offline
    )
    with ExitStack() as resources:
        found = session.index(files, password, resources, encodes=encoder is not None)
        session.show_documents("docqa.index/1", found)


@cli.command("list")
def list_documents(as_json: Json = False, cache_dir: CacheDir = None) -> None:
    """List the documents that have been read, with their health."""
    session = _session(as_json, cache_dir=cache_dir)
    session.show_documents("docqa.list/1", session.agent.library.documents())


@cli.command()
def show(
    file: Annotated[str, typer.Argument(help="A file, - , or the name or hash of a document that was read before.")],
    page: Annotated[int | None, typer.Option("--page", "-p", help="Print the clean text of this page.", min=1)] = None,
    as_json: Json = False,
    password: Password = None,
    ocr: Ocr = None,
    ocr_languages: OcrLanguages = None,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """Show the health of every page of a document, or the text of one page."""
    session = _session(as_json, quiet, ocr=ocr, ocr_languages=ocr_languages, cache_dir=cache_dir, offline=offline)
    with ExitStack() as resources:
        document = session.document(file, password, resources)
        if page is not None:
            session.show_page(document, page)
        else:
            session.show_health(document)


@cli.command()
def search(
    arguments: Annotated[
        list[str], typer.Argument(metavar="FILES... QUERY", help="Files, folders or patterns, and the query last.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1, max=1000)] = 5,
    as_json: Json = False,
    encoder: Encoder = None,
    password: Password = None,
    ocr: Ocr = None,
    ocr_languages: OcrLanguages = None,
    cache_dir: CacheDir = None,
    offline: Offline = None,
    quiet: Quiet = False,
) -> None:
    """List the passages that bear most on a query, without composing an answer."""
    if len(arguments) < 2:
        raise UsageError(f'a query is missing; write: docqa search {arguments[0]} "your words"')
    *files, query = arguments
    session = _session(
        as_json, quiet, encoder=encoder, ocr=ocr, ocr_languages=ocr_languages, cache_dir=cache_dir, offline=offline
    )
    with ExitStack() as resources:
        found = session.search(files, query, k, password, resources)
    session.show_passages(query, found)
    raise typer.Exit(exit_codes.ANSWERED if found else exit_codes.NOT_FOUND)


@cli.command()
def doctor(as_json: Json = False, cache_dir: CacheDir = None, offline: Offline = None) -> None:
    """Check what works on this machine; with --offline, prove that it works without a network."""
    from docqa.app.doctor import examine  # runs a whole question: loads everything

    session = _session(as_json, cache_dir=cache_dir, offline=offline)
    checks = examine(session.settings, session.guard)
    session.show_checks(checks)
    raise typer.Exit(exit_codes.FAILED if any(check.state == "fails" for check in checks) else exit_codes.ANSWERED)


@config_commands.command("show")
def config_show(as_json: Json = False) -> None:
    """Print every setting, its value and where it comes from."""
    from docqa.app.config import describe, load_settings  # not needed for --help

    rows = describe(load_settings())
    if as_json:
        typer.echo(json.dumps({"schema": "docqa.config/1", "settings": rows}, indent=2))
    else:
        typer.echo("\n".join(f"{row['name']} = {row['value']}  ({row['origin']})" for row in rows))


@cli.command()
def gc(
    older_than_days: Annotated[
        float | None, typer.Option("--older-than-days", help="Also drop documents not used for so long.", min=0)
    ] = None,
    as_json: Json = False,
    cache_dir: CacheDir = None,
) -> None:
    """Drop from the cache the documents whose files are gone, and what interrupted runs left."""
    session = _session(as_json, cache_dir=cache_dir)
    session.show_collected(session.collect(older_than_days))


def _session(as_json: bool, quiet: bool = False, **flags: Any) -> Session:
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help

    return Session.start(flags, as_json=as_json, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `docqa` command: errors become one line and a documented exit code."""
    streams.prepare()
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given  # taken wherever it stands, as people add it to the end of what just failed
    try:
        code = cli(args=[word for word in given if word != "--debug"], prog_name="docqa", standalone_mode=False)
        streams.flush()
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = _report(end.__context__)  # typer makes this of it
    except Exception as error:
        if debug:
            raise
        code = _report(error)
    if code == exit_codes.INTERRUPTED:  # typer turns Ctrl-C into this code without a word
        typer.echo("docqa: interrupted; what was read so far is kept", err=True)
    sys.exit(code)


def _report(error: Exception) -> int:
    """Print one line for any failure and give its exit code."""
    if isinstance(error, typer.Abort):
        return exit_codes.INTERRUPTED
    if isinstance(error, OSError):
        streams.abandon_stdout()
    if isinstance(error, BrokenPipeError):
        return exit_codes.ANSWERED  # the reader of our output has seen enough
    if isinstance(error, TyperException):
        code, said = exit_codes.USAGE, error.format_message()
        if said.startswith("No such option"):
            said = f"{said.rstrip('.')} (write -- before a question or file that begins with -)"
    elif isinstance(error, DocqaError):
        code, said = exit_codes.of_error(error), str(error)
    elif isinstance(error, OSError) and error.errno in _FULL:
        code, said = exit_codes.FAILED, f"{error.filename or 'a file'} cannot be written: {error.strerror}"
    else:
        code = exit_codes.FAILED
        said = f"unexpected {type(error).__name__}: {error}; run again with --debug and report it"
    typer.echo(f"docqa: {one_line(said)}", err=True)
    return code


if __name__ == "__main__":
    main()
