"""What belongs to one window of the page: the conversation and run in its address, the ticked documents, the settings.

All else is shared by every window, in the workspace. What stands in the address survives a reload.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from docqa.app.config import Settings
from docqa.app.run_log import Run
from docqa.app.workspace import Question
from docqa.errors import DocqaError, UsageError
from docqa.ui.shared import workspace


def conversation() -> str:
    """The conversation that is open, "" for a new one; at first the one in the address."""
    if "conversation" not in st.session_state:
        _read_address()
    current: str = st.session_state.conversation
    return current


def open_conversation(conversation: str, run: str = "") -> None:
    """Show a conversation, or an empty one."""
    st.session_state.conversation, st.session_state.selected = conversation, run
    forget_complaint()
    write_address()


def follow_history() -> None:
    """Show what the address says after the browser's Back or Forward.

    Whatever else a browser sends may be older than what was shown since, so the address is read only then, and when a
    window is new.
    """
    if getattr(get_script_run_ctx(), "is_history_navigation", False):
        before = st.session_state.get("conversation", "")
        _read_address()
        if st.session_state.conversation not in ("", before):
            tick(workspace().documents_of(st.session_state.conversation))


def write_address() -> None:
    """Let the address say what is shown, so that a reload or another tab shows the same."""
    shown = {"conversation": conversation(), "run": st.session_state.selected}
    wanted = {name: value for name, value in shown.items() if value}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def selected(runs: Iterable[Run]) -> Run | None:
    """The run whose evidence is shown: the one that was picked, else the last that has an answer."""
    answered = [run for run in runs if run.answer is not None]
    picked = [run for run in answered if run.id == st.session_state.get("selected")]
    return next(iter(picked or answered[-1:]), None)


def select(run_id: str) -> None:
    """Show the evidence of a run."""
    st.session_state.selected = run_id


def settings() -> Settings:
    """The settings of this window, at first those that were applied last."""
    if "settings" not in st.session_state:
        st.session_state.settings = workspace().preferred
    current: Settings = st.session_state.settings
    return current


def apply(settings: Settings) -> None:
    """Use other settings from the next question on; windows that are opened later begin with them."""
    st.session_state.settings = settings
    workspace().preferred = settings


def ticked() -> set[str]:
    """The ids of the documents that questions are about; at first those of the open conversation, or the last used."""
    if "ticked" not in st.session_state:
        last_used = [entry.id for entry in workspace().documents()[:1]]
        st.session_state.ticked = set(workspace().documents_of(conversation()) or last_used)
    current: set[str] = st.session_state.ticked
    return current


def tick(document_ids: Iterable[str]) -> None:
    """Let questions be about exactly these documents."""
    st.session_state.ticked = set(document_ids)
    st.session_state.n_ticks = st.session_state.get("n_ticks", 0) + 1


def follow_box(document_id: str, key: str) -> None:
    """Tick a document, or untick it, as its box is: a change of the box may be told more than once."""
    (ticked().add if st.session_state.get(key) else ticked().discard)(document_id)
    forget_complaint()


def box_key(document_id: str) -> str:
    """The key of a document's box: a new one whenever `tick` was called, as an old box keeps what it had."""
    return f"tick-{document_id}-{st.session_state.get('n_ticks', 0)}"


def ask(text: str, settings_of_this: Settings | None = None, understood: str = "") -> None:
    """Ask the ticked documents, in the open conversation if it is about the same ones, and show the run.

    What cannot be read or was removed since is left out: the list shows it. What cannot be asked is the window's
    complaint.
    """
    chosen = tuple(sorted(ticked() & _at_hand()))
    question = Question(text, chosen, settings_of_this or settings(), _conversation_about(chosen), understood)
    try:
        run = workspace().ask(question)
    except DocqaError as error:
        complain(error)
    else:
        open_conversation(run.conversation, run.id)


def complain(error: DocqaError) -> None:
    """Keep what went wrong until the window shows another conversation, or is asked for something else."""
    st.session_state.complaint = str(error)


def complaint() -> str:
    """What went wrong last, "" if nothing did."""
    said: str = st.session_state.get("complaint", "")
    return said


def forget_complaint() -> None:
    """What went wrong is no matter any more."""
    st.session_state.pop("complaint", None)


def _at_hand() -> set[str]:
    """The ids of the documents that can be asked: those in the list, and those that are being read for it."""
    readings = workspace().readings.readings()
    coming = {reading.path.parent.name for reading in readings if reading.state != "failed"}
    return coming | {entry.id for entry in workspace().documents()}


def _conversation_about(document_ids: tuple[str, ...]) -> str:
    """The open conversation, "" where it is about other documents."""
    before = tuple(sorted(workspace().documents_of(conversation())))
    return conversation() if before in ((), document_ids) else ""


def _read_address() -> None:
    run = st.query_params.get("run", "")
    st.session_state.selected = run
    st.session_state.conversation = st.query_params.get("conversation", "") or _conversation_of(run)


def _conversation_of(run_id: str) -> str:
    try:
        return workspace().runs.run(run_id).conversation if run_id else ""
    except UsageError:  # an address from somewhere else, or of a conversation that was deleted
        return ""
