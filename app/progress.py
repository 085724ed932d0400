"""Progress of an ingest on standard error: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from docqa.answers import one_line
from docqa.app.front_door import OnProgress
from docqa.retrieval.ingest import Progress


@contextmanager
def progress_bar(console: Console, quiet: bool) -> Iterator[OnProgress | None]:
    """A callback that draws one bar per stage; None when nobody could see it."""
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=console, transient=True) as bar:
        tasks: dict[tuple[str, str], int] = {}

        def draw(name: str, progress: Progress) -> None:
            key = (name, progress.stage)
            if key not in tasks:
                tasks[key] = bar.add_task(f"{progress.stage} {one_line(name)}", total=progress.total)
            bar.update(tasks[key], completed=progress.done, total=progress.total)  # type: ignore[arg-type]

        yield draw
