"""The page for asking: documents and conversations on the left, the talk in the middle, its evidence on the right."""

from __future__ import annotations

import streamlit as st

from docqa.app.files import SUFFIXES
from docqa.app.literal_text import literal
from docqa.ui import documents, evidence_column, history, settings_panel, talk, window
from docqa.ui.shared import workspace


def draw() -> None:
    """Draw the three areas, and take the next question."""
    window.follow_history()
    with st.sidebar:
        documents.draw()
        history.draw()
        settings_panel.draw_button()
    window.write_address()
    runs = workspace().runs.of_conversation(window.conversation()) if window.conversation() else ()
    middle, right = st.columns([6, 5], gap="medium")
    with middle:
        talk.draw(runs)
        if complaint := window.complaint():
            st.error(literal(complaint))
    with right:
        evidence_column.draw(window.selected(runs))
    _take_question(goes_on=bool(runs))


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
    st.rerun()
