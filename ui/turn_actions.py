"""What one can do with a turn: see its evidence, ask again another way, take it away as a file."""

from __future__ import annotations

import json
from dataclasses import replace

import streamlit as st

from docqa.answers import Answer
from docqa.app.evidence_html import html
from docqa.app.evidence_markdown import markdown
from docqa.app.run_log import Run
from docqa.app.settings_choices import models_at_hand, route_label, routes
from docqa.errors import DocqaError
from docqa.ui import window
from docqa.ui.shared import workspace


def draw(run: Run) -> None:
    """A row of small buttons under the turn."""
    with st.container(horizontal=True, gap="xsmall", key=f"actions-{run.id}"):
        if run.answer is not None and st.button(
            "Evidence", key=f"evidence-{run.id}", type="tertiary", icon=":material/fact_check:"
        ):
            window.select(run.id)
            st.rerun()
        if run.state == "interrupted" and run.checkpoint and st.button("Go on", key=f"go-on-{run.id}", type="tertiary"):
            _go_on(run)
        with st.popover("Ask again", type="tertiary", icon=":material/replay:", key=f"again-{run.id}"):
            _draw_again(run)
        if run.answer is not None:
            with st.popover("Save", type="tertiary", icon=":material/download:", key=f"save-{run.id}"):
                _draw_downloads(run, run.answer)


def _draw_again(run: Run) -> None:
    current = window.settings()
    models = models_at_hand(current)
    model = st.selectbox("What answers", list(models), format_func=models.__getitem__, key=f"again-model-{run.id}")
    known = routes(model)
    route = st.selectbox("Way of reading", known, format_func=route_label, key=f"again-route-{run.id}")
    if st.button("Ask again", key=f"again-go-{run.id}", type="primary"):
        window.ask(run.question, replace(current, model=model, route=route), run.understood)
        st.rerun()


def _go_on(run: Run) -> None:
    try:
        workspace().go_on(run.id, window.settings())
    except DocqaError as error:
        window.complain(error)
    st.rerun()


def _draw_downloads(run: Run, answer: Answer) -> None:
    """Files are made when they are asked for."""
    name = f"docqa-{run.id[:8]}"
    st.caption("With the evidence, every quote checked again:")
    for label, suffix, media_type, make in (
        ("Web page", "html", "text/html", lambda: workspace().evidence_file(answer, html)),
        ("Markdown", "md", "text/markdown", lambda: workspace().evidence_file(answer, markdown)),
        ("JSON", "json", "application/json", lambda: json.dumps(answer.to_json(), ensure_ascii=False, indent=2)),
    ):
        st.download_button(
            label, make, f"{name}.{suffix}", media_type, key=f"{suffix}-{run.id}", on_click="ignore", width="stretch"
        )
