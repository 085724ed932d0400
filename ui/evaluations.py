"""The page for evaluations: the saved report of a `docqa eval` run, its figures and its plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from docqa.app.literal_text import literal
from docqa.errors import DocqaError
from docqa.eval.saved_report import FILE, SavedReport, read_report

_PLOTS = {
    "figures": "Every figure with its 95 % interval",
    "cost": "Quality against cost",
    "length": "Quality by length",
    "depth": "Quality by depth of the evidence",
    "calibration": "Calibration of the support scores",
}
_RUNS = Path("runs")


def draw() -> None:
    """Ask for a run and draw its report."""
    st.title("Evaluations", anchor=False)
    found = sorted(str(path.parent) for path in _RUNS.glob(f"*/{FILE}"))
    folder = st.selectbox(
        "Folder of a run",
        found,
        index=0 if found else None,
        accept_new_options=True,
        placeholder="The --out folder of docqa eval",
        help="What docqa eval wrote: report.json is read, nothing else.",
    )
    if not folder:
        st.caption("No run was found under runs/. Measure docqa on a benchmark that lies on your disk:")
        st.code("docqa eval squad --data dev-v2.0.json --limit 100 --out runs/squad", language="shell")
        return
    try:
        report = read_report(Path(folder).expanduser())
    except DocqaError as error:
        st.error(literal(str(error)))
        return
    _draw_report(report)


def _draw_report(report: SavedReport) -> None:
    st.caption(" · ".join(f"{literal(name)} **{literal(value)}**" for name, value in report.about.items()))
    _draw_table(report.figures)
    for remark in filter(None, report.remarks):
        st.caption(literal(remark))
    names = [name for name in _PLOTS if name in report.drawings]
    for left, right in zip(names[::2], [*names[1::2], ""], strict=False):
        for column, name in zip(st.columns(2), (left, right), strict=True):
            if name:
                column.image(report.drawings[name], width="stretch", alt=_PLOTS[name], caption=_PLOTS[name])
    if report.by_task:
        st.subheader("By task", anchor=False)
        _draw_table(report.by_task)
    if report.failures:
        st.subheader("Failures", anchor=False)
        for example, error in report.failures:
            st.text(f"{example}: {error}")


def _draw_table(rows: Sequence[Sequence[str]]) -> None:
    head, *body = rows
    st.table({name: [row[i] for row in body] for i, name in enumerate(head)}, hide_index=True)
