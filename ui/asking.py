"""The page for asking: documents and conversations on the left, the talk in the middle, its evidence on the right."""

from __future__ import annotations

import streamlit as st

from docqa.app.files import SUFFIXES
from docqa.app.literal_text import literal
from docqa.app.run_log import Run
from docqa.ui import documents, evidence_column, history, settings_panel, talk, window
from docqa.ui.shared import workspace


def draw() -> None:
    """Take the next question, and draw the three areas with what has become of it by then."""
    window.follow_history()
    _take_question(goes_on=bool(_runs()))
    with st.sidebar:
        documents.draw()
        history.draw()
        settings_panel.draw_button()
    window.write_address()
    runs = _runs()
    middle, right = st.columns([6, 5], gap="medium")
    with middle:
        talk.draw(runs)
        if complaint := window.complaint():
            st.error(literal(complaint))
    with right:
        evidence_column.draw(window.selected(runs))
    talk.linger(runs)


def _runs() -> tuple[Run, ...]:
    """The runs of the open conversation."""
    return workspace().runs.of_conversation(window.conversation()) if window.conversation() else ()


def _take_question(goes_on: bool) -> None:
    said = st.chat_input(
        "Ask a follow-up, or add documents" if goes_on else "Ask your documents, or drop files here",
        accept_file="multiple",
        file_type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        key="question",
    )
    if said is None:
        return
    documents.take(said.files)
    if said.text.strip():
        window.ask(said.text)
