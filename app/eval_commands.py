"""`docqa eval`: a task over an answerer, resumable, with a report; and the comparison of two runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docqa import __version__
from docqa.errors import UsageError

if TYPE_CHECKING:
    from docqa.app.answering import Answering
    from docqa.app.config import Settings
    from docqa.app.eval_corpus import EvalCorpus
    from docqa.app.session import Session
    from docqa.eval.closed_book import ClosedBook
    from docqa.eval.examples import Example
    from docqa.eval.runner import OnProgress
    from docqa.eval.scoring import Evaluation
    from docqa.eval.tasks import Task

STRATEGIES = ("auto", "rag", "retrieve_then_reason", "chain", "full_context", "closed_book")
MODES = ("strict", "parity")
_SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run is: these decide its answers or its figures."""

    task: str
    strategy: str
    judge: str
    mode: str
    metrics: tuple[str, ...]
    limit: int | None
    seed: int
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    n_each: int | None
    n_workers: int
    retries_failed: bool


def evaluate(
    arguments: Annotated[
        list[str], typer.Argument(metavar="TASK | compare A B...", help="A task, or --out folders of runs.")
    ],
    data: Annotated[Path | None, typer.Option("--data", help="Folder or file of the benchmark.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for answers, scores and reports.")] = None,
    strategy: Annotated[str, typer.Option("--strategy", help=f"{', '.join(STRATEGIES)}.")] = "auto",
    model: Annotated[str | None, typer.Option("--model", help="What answers.", show_default=False)] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Of the model server.", show_default=False)] = None,
    encoder: Annotated[str | None, typer.Option("--encoder", show_default=False)] = None,
    judge: Annotated[
        str, typer.Option("--judge", help="lexical, embedded, nli:MODEL, openai:NAME or local:FOLDER.")
    ] = "lexical",
    mode: Annotated[str, typer.Option("--mode", help="strict, or parity with the original scorers.")] = "strict",
    metrics: Annotated[str, typer.Option("--metrics", help="Names with commas in between.", show_default=False)] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many examples.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which examples --limit takes; of generated tasks, which.")] = 0,
    lengths: Annotated[str, typer.Option("--lengths", help="Words of generated documents: 1000,16000.")] = "",
    depths: Annotated[str, typer.Option("--depths", help="Where the needle lies, 0 to 1: 0,0.5,1.")] = "",
    each: Annotated[int | None, typer.Option("--each", min=1, help="Generated examples of each kind.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Questions at the same time.")] = 1,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what failed before.")] = False,
    cache_dir: Annotated[Path | None, typer.Option("--cache-dir", show_default=False)] = None,
    offline: Annotated[bool | None, typer.Option("--offline", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Measure docqa on a benchmark that lies on the disk; nothing is downloaded.

      docqa eval lciteeval/niah --data lciteeval/cases --mode parity

      docqa eval squad --data squad/dev-v2.0.json --limit 500 --workers 4 --out runs/rag

      docqa eval compare runs/rag runs/chain

    A run that was interrupted goes on when the same command is given again.
    """
    if arguments[0] == "compare":
        _compare(arguments[1:], out)
        return
    if len(arguments) != 1:
        raise UsageError(f"name one task, not {len(arguments)}: {' '.join(arguments)}")
    shape = tuple(map(int, _numbers(lengths))), _numbers(depths), each
    chosen = Choice(arguments[0], strategy, judge, mode, _split(metrics), limit, seed, *shape, workers, retry_failed)
    flags = {"model": model, "base_url": base_url, "encoder": encoder, "cache_dir": cache_dir, "offline": offline}
    from docqa.app.session import Session  # numpy, the store and rich: not needed for --help

    session = Session.start(flags, as_json=False, quiet=quiet)
    folder = out or Path("runs") / f"{chosen.task.replace('/', '-')}-{strategy}"
    evaluation = _evaluated(session, chosen, data, folder)
    _write(evaluation, folder)
    session.out.print(_terminal(evaluation, folder))


def _split(names: str) -> tuple[str, ...]:
    """Names at commas that stand in no brackets."""
    import re

    return tuple(name for name in re.split(r",\s*(?![^()]*\))", names) if name)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is no list of numbers; write them with commas: 1000,16000") from error


def _examples(known: Task, chosen: Choice, data: Path | None) -> Iterable[Example]:
    """The examples of a benchmark; those of a generated task by the design that was asked for."""
    from docqa.eval.loaders.synthetic import Design
    from docqa.eval.tasks import hay

    if known.generate is None:
        if chosen.lengths or chosen.depths or chosen.n_each:
            raise UsageError(f"--lengths, --depths and --each are for generated tasks; {known.name} comes from --data")
        return known.load(data)
    default = Design()
    lengths, depths = chosen.lengths or default.lengths, chosen.depths or default.depths
    return known.generate(Design(lengths, depths, chosen.n_each or default.n_each, chosen.seed, hay(data)))


def _evaluated(session: Session, chosen: Choice, data: Path | None, folder: Path) -> Evaluation:
    from docqa.app.build import build_corpus
    from docqa.app.eval_corpus import EvalCorpus
    from docqa.app.eval_judges import judge
    from docqa.eval.cited_text import docqa_sentences, punkt
    from docqa.eval.metrics import Setting, parse
    from docqa.eval.runner import RecordFile, Run, first
    from docqa.eval.scoring import evaluate as score
    from docqa.eval.tasks import task

    known = task(chosen.task)
    metrics = tuple(parse(name) for name in chosen.metrics) or known.metrics
    if chosen.mode not in MODES:
        raise UsageError(f"unknown mode {chosen.mode!r}; known: {', '.join(MODES)}")
    splitter = punkt() if chosen.mode == "parity" else docqa_sentences()
    setting = Setting(
        "parity" if chosen.mode == "parity" else "strict", splitter, judge(chosen.judge, session.settings)
    )
    corpus = EvalCorpus(build_corpus(session.settings, session.agent.library))
    answerer = build_strategy(session.settings, chosen.strategy, corpus)
    examples = first(_examples(known, chosen, data), chosen.limit, chosen.seed)
    if not examples:
        raise UsageError(f"{data}: holds no examples of {chosen.task}")
    about = _about(session, chosen)
    with closing(setting.judge), closing(session.agent), closing(answerer):
        with RecordFile(folder / "answers.jsonl", about) as file, _progress(session) as on_progress:
            run = Run(answerer, corpus.open, chosen.n_workers, chosen.retries_failed, on_progress)
            records = run(examples, file)
        return score(about, examples, records, metrics, setting)


def _about(session: Session, chosen: Choice) -> dict[str, str]:
    settings = session.settings
    return {
        "task": chosen.task,
        "strategy": chosen.strategy,
        "model": settings.model,
        "encoder": settings.encoder,
        "docqa": __version__,
        **_design(chosen),
    }


def _design(chosen: Choice) -> dict[str, str]:
    """What was asked of a generated task, as far as it is not the default."""
    asked = {"lengths": chosen.lengths, "depths": chosen.depths, "each": (chosen.n_each,) if chosen.n_each else ()}
    return {name: ", ".join(f"{value:g}" for value in values) for name, values in asked.items() if values}


def build_strategy(settings: Settings, strategy: str, corpus: EvalCorpus) -> Answering | ClosedBook:
    """What answers: the route of that name with the model of the settings, or the closed-book control.

    Raises UsageError for a name that is not known, and for a control that the model cannot give.
    """
    from docqa.app.build import LLMS, build_answerer

    if strategy not in STRATEGIES:
        raise UsageError(f"unknown strategy {strategy!r}; known: {', '.join(STRATEGIES)}")
    if strategy != "closed_book":
        return build_answerer(replace(settings, route=strategy), corpus)
    name, _, argument = settings.model.partition(":")
    if name not in LLMS:
        raise UsageError("closed_book asks a language model without the documents; the embedded reader knows nothing")
    from docqa.app.answering import close
    from docqa.eval.closed_book import ClosedBook

    llm = LLMS[name](settings, argument)
    return ClosedBook(llm, partial(close, llm))


@contextmanager
def _progress(session: Session) -> Iterator[OnProgress]:
    """A bar with the time still to go on a terminal, a line every ten seconds elsewhere, nothing under --quiet."""
    from docqa.eval.runner import Progress

    if session.quiet:
        yield lambda _: None
        return
    if session.err.is_terminal:
        from rich.progress import Progress as Bar

        with Bar(console=session.err, transient=True) as bar:
            row = bar.add_task("questions", total=None)
            yield lambda p: bar.update(row, completed=p.n_done, total=p.n_total)
        return
    last = [time.monotonic()]

    def report(progress: Progress) -> None:
        if time.monotonic() - last[0] >= _SECONDS_BETWEEN_LINES:
            last[0] = time.monotonic()
            failed = f", {progress.n_failed} failed" if progress.n_failed else ""
            session.err.print(
                f"docqa eval: {progress.n_done} of {progress.n_total}{failed}, {progress.remaining_s:.0f} s to go"
            )

    yield report


def _write(evaluation: Evaluation, folder: Path) -> None:
    from docqa.eval import report
    from docqa.eval.saved_report import write_report
    from docqa.eval.scoring import write_scores, write_whole

    write_report(evaluation, folder)
    write_scores(evaluation, folder / "scores.jsonl")
    write_whole(folder / "report.md", report.markdown(evaluation))
    write_whole(folder / "report.html", report.html(evaluation))


def _terminal(evaluation: Evaluation, folder: Path) -> str:
    """What a person sees at the end: the figures, and where the rest is."""
    described: Mapping[str, Any] = evaluation.described
    lines = [", ".join(f"{key} {value}" for key, value in described.items())]
    for metric in evaluation.rows:
        i, factor = evaluation.interval(metric), 100 if metric.family.unit == "share" else 1
        lines.append(f"{metric!s:<24} {factor * i.value:7.2f}  ({factor * i.low:.2f} to {factor * i.high:.2f})")
    n = len(evaluation.records)
    lines.append(f"{n} examples, {evaluation.n_failed} failed; {folder}/report.html, report.md, scores.jsonl")
    return "\n".join(lines)


def _compare(folders: list[str], out: Path | None) -> None:
    from docqa.eval import comparison
    from docqa.eval.scoring import write_whole

    if len(folders) < 2:
        raise UsageError("name two runs or more: docqa eval compare runs/a runs/b")
    runs = [comparison.read_run(Path(folder)) for folder in folders]
    text = comparison.markdown(runs)
    if out is not None:
        write_whole(out / "comparison.md", text)
        write_whole(out / "comparison.html", comparison.html(runs))
    typer.echo(text)
