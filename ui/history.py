"""The conversations on the left: begin a new one, find an old one, delete it."""

from __future__ import annotations

import streamlit as st

from docqa.app.literal_text import literal
from docqa.ui import window
from docqa.ui.shared import workspace

_N_SHOWN = 30


def draw() -> None:
    """The list, with a search above it."""
    st.subheader("Conversations", anchor=False)
    if st.button("New conversation", icon=":material/add:", width="stretch", disabled=not window.conversation()):
        _open("")
    known = workspace().conversations()
    words = ""
    if len(known) > 1:
        words = st.text_input(
            "Search conversations", key="search", placeholder="Search", label_visibility="collapsed", live=True
        )
    found = workspace().conversations(words) if words else known
    if words and not found:
        st.caption(f"Nothing with “{literal(words)}”.")
    with st.container(key="conversations", gap=None):
        for entry in found[:_N_SHOWN]:
            is_open = entry.id == window.conversation()
            label = literal(entry.title)
            if st.button(
                f"**{label}**" if is_open else label, key=f"open-{entry.id}", type="tertiary", width="stretch"
            ):
                _open(entry.id)
    if len(found) > _N_SHOWN:
        st.caption(f"{len(found) - _N_SHOWN} older ones: search for their words.")
    if window.conversation():
        with st.popover("Delete this conversation", type="tertiary", icon=":material/delete:", key="deletion"):
            st.caption("Its questions and answers are deleted for good. The documents stay.")
            if st.button("Delete", key="delete"):
                workspace().forget_conversation(window.conversation())
                _open("")


def _open(conversation: str) -> None:
    window.open_conversation(conversation)
    if conversation:
        window.tick(workspace().documents_of(conversation))
    st.rerun()
