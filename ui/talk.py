"""The talk in the middle: every question with the steps on the way to its answer, the answer, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from docqa.answers import Absence, Answer
from docqa.app.evidence_cards import low_evidence
from docqa.app.literal_text import literal
from docqa.app.page_data import answer_data
from docqa.app.run_log import Run
from docqa.app.step_lines import Step, coverage_line, headline, steps
from docqa.errors import DocqaError
from docqa.ui import elements, turn_actions, window
from docqa.ui.shared import workspace

_POLL_S = 0.4
_LINGER_S = 0.5
_DOCQA = ":material/find_in_page:"


def draw(runs: Sequence[Run]) -> None:
    """All turns of the open conversation."""
    elsewhere = workspace().said_elsewhere(window.conversation())
    if not runs and not elsewhere:
        _draw_welcome()
    for turn in elsewhere:
        _draw_question(turn.asked)
        with st.chat_message("docqa", avatar=_DOCQA):
            st.text(turn.answer or "Not found.")
            st.caption("Asked on the command line; ask it here to see the evidence.")
    for run in runs:
        _draw_question(run.question)
        with st.chat_message("docqa", avatar=_DOCQA):
            if run.state == "running":
                st.fragment(_draw_live, run_every=_POLL_S)(run.id)
            else:
                _draw_outcome(run)


def linger(runs: Sequence[Run]) -> None:
    """Once all is drawn, wait a moment for a run that is nearly over, and draw its outcome at once."""
    running = next((run for run in reversed(runs) if run.state == "running"), None)
    if running is not None and workspace().runs.wait(running.id, _LINGER_S):
        st.rerun()


def _draw_welcome() -> None:
    st.title("Ask your documents", anchor=False)
    st.markdown(
        "Every sentence of an answer is proved on the page it comes from: you see the quoted words marked in the "
        "document itself. If the answer is not there, docqa says so and shows where it looked."
    )
    st.markdown(
        "1. **Add a document** on the left, or drop it into the box below.\n"
        "2. **Ask** in your own words: *What was the revenue in 2021? When does the lease end?*\n"
        "3. **Look** at the evidence on the right. A click on it opens the whole page."
    )
    st.caption("Documents stay on this machine.")


def _draw_question(question: str) -> None:
    with st.chat_message("you", avatar=":material/person:"):
        st.text(question)


def _draw_live(run_id: str) -> None:
    """The steps of a run that goes on, drawn again and again until it is over."""
    run = workspace().runs.run(run_id)
    if run.state != "running":
        st.rerun()
    stopping = workspace().runs.is_stopping(run_id)
    said = "Stopping" if stopping else headline(run.events)
    _draw_steps(st.status(literal(said), expanded=True), steps(run.events))
    if st.button("Stop", key=f"stop-{run_id}", icon=":material/stop_circle:", disabled=stopping):
        try:
            workspace().runs.stop(run_id)
        except DocqaError as error:
            window.complain(error)
        st.rerun()


def _draw_outcome(run: Run) -> None:
    if run.events:
        _draw_steps(st.expander(literal(headline(run.events)), icon=":material/route:"), steps(run.events))
    match run.state:
        case "failed":
            st.error(literal(run.error), icon=":material/error:")
        case "interrupted":
            st.warning("docqa was ended while it worked on this question.", icon=":material/power_off:")
        case "stopped" if run.answer is None:
            st.info("Stopped before anything was proved.", icon=":material/stop_circle:")
    if run.answer is not None:
        _draw_answer(run, run.answer)
    turn_actions.draw(run)


def _draw_steps(box: DeltaGenerator, all_steps: Iterable[Step]) -> None:
    """Write the steps into a box; entered by `with`, a status would be complete when it is left."""
    for step in all_steps:
        box.text(step.text)
        if step.share is not None:
            box.progress(min(1.0, step.share))
        if step.details:
            box.caption("  \n".join(map(literal, step.details)))


def _draw_answer(run: Run, answer: Answer) -> None:
    if answer.absence is not None:
        _draw_absence(answer, answer.absence)
    if answer.statements:
        elements.answer(answer_data(run.id, answer), f"answer-{run.id}", partial(_on_shown, run.id))
    if answer.status == "partial":
        st.warning(f"This is a partial answer. {literal(coverage_line(answer.coverage))}.", icon=":material/timelapse:")
    for warning in filter(None, (low_evidence(answer), *answer.warnings)):
        st.warning(literal(warning), icon=":material/warning:")


def _draw_absence(answer: Answer, absence: Absence) -> None:
    """That it is not there, and what that is worth."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{literal(absence.reason)}**")
        if absence.terms:
            st.caption(f"Searched for: {literal(', '.join(absence.terms))}")
        if absence.missing_terms:
            st.caption(f"Nowhere in the documents: {literal(', '.join(absence.missing_terms))}")
        st.caption(literal(coverage_line(answer.coverage)))
        if absence.nearest:
            st.caption("The passages that come nearest stand on the right.")


def _on_shown(run_id: str) -> None:
    window.select(run_id)
