"""The documents on the left: add, tick, see how well each could be read, remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from docqa.app.background_readings import Reading
from docqa.app.files import SUFFIXES
from docqa.app.literal_text import literal
from docqa.app.reports import health_lines, size_and_health
from docqa.app.uploads import MAX_UPLOAD_BYTES
from docqa.errors import DocqaError
from docqa.retrieval.catalogue import LibraryEntry
from docqa.ui import window
from docqa.ui.shared import workspace

_POLL_S = 0.5


def draw() -> None:
    """The list, with what is being read above it."""
    st.subheader("Documents", anchor=False)
    _uploader()
    readings = [reading for reading in workspace().readings.readings() if reading.state != "read"]
    if readings:
        st.fragment(run_every=_POLL_S if any(r.state == "reading" for r in readings) else None)(_draw_readings)()
    entries = workspace().documents()
    if not entries and not readings:
        st.caption(
            "None yet. Add a report, a contract, a manual: PDF, Word, PowerPoint, Excel, HTML, EPUB or text, "
            f"each of at most {MAX_UPLOAD_BYTES // 1_000_000} MB."
        )
    with st.container(key="documents", gap="xsmall"):
        for entry in entries:
            _draw_document(entry)


def take(files: Iterable[BinaryIO]) -> None:
    """Keep uploaded files, begin to read them and tick them."""
    window.forget_complaint()
    for file in files:
        try:
            path = workspace().upload(file.name, file)
        except DocqaError as error:
            window.complain(error)
        else:
            window.tick({*window.ticked(), path.parent.name})


def _uploader() -> None:
    n_taken = st.session_state.setdefault("n_taken", 0)
    files = st.file_uploader(
        "Add documents",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        key=f"upload-{n_taken}",
        label_visibility="collapsed",
    )
    if files:
        take(files)
        st.session_state.n_taken = n_taken + 1  # an empty uploader again: the bytes are on the disk now
        st.rerun()


def _draw_readings() -> None:
    readings = workspace().readings.readings()
    for reading in readings:
        if reading.state == "reading":
            _draw_progress(reading)
        elif reading.state != "read":
            _draw_trouble(reading)
    shown = st.session_state.get("n_reading", 0)
    st.session_state.n_reading = sum(reading.state == "reading" for reading in readings)
    if st.session_state.n_reading < shown:
        st.rerun()  # one more is read: the list beneath changes


def _draw_progress(reading: Reading) -> None:
    progress = reading.progress
    share = progress.done / progress.total if progress.total else 0.0
    stage = {"reading": "reading", "ocr": "reading scans", "passages": "splitting", "index": "indexing"}
    said = f"{literal(reading.name)}: {stage.get(progress.stage, progress.stage)} {progress.done} of {progress.total}"
    st.progress(min(1.0, share), said if progress.total else f"{literal(reading.name)}: waiting")


def _draw_trouble(reading: Reading) -> None:
    st.error(f"**{literal(reading.name)}**: {literal(reading.error)}")
    if reading.state == "locked":
        password = st.text_input(
            f"Password of {literal(reading.name)}", type="password", key=f"password-{reading.path}"
        )
        if password:
            workspace().readings.begin(reading.path, password)
            st.rerun()
    if st.button("Dismiss", key=f"dismiss-{reading.path}", type="tertiary"):
        workspace().readings.dismiss(reading.path)
        window.tick(window.ticked() - {reading.path.parent.name})
        st.rerun()


def _draw_password(path: Path | None) -> None:
    """Ask for the password of an encrypted file, which is needed once for as long as the server runs."""
    if path is None:
        st.caption("It is encrypted and its file is gone, so no password can be checked.")
        return
    password = st.text_input(f"Password of {literal(path.name)}", type="password", key=f"password-{path}")
    if password and password != st.session_state.get(f"tried-{path}"):
        st.session_state[f"tried-{path}"] = password
        workspace().readings.begin(path, password)
        st.rerun()


def _draw_document(entry: LibraryEntry) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="top", gap="xsmall"):
        key = window.box_key(entry.id)
        st.checkbox(
            literal(entry.name),
            value=entry.id in window.ticked(),
            key=key,
            on_change=lambda: window.follow_box(entry.id, key),
            width="stretch",
        )
        with st.popover("⋯", key=f"about-{entry.id}", type="tertiary", help="Health and removal"):
            _draw_details(entry)
    st.caption(literal(size_and_health(entry)))


def _draw_details(entry: LibraryEntry) -> None:
    st.markdown(f"**{literal(entry.name)}**")
    lines: Sequence[str] = health_lines(workspace().library.health(entry.id))
    for line in lines[:40]:
        st.caption(literal(line))
    if len(lines) > 40:
        st.caption(f"and {len(lines) - 40} lines more: docqa show {entry.id[:12]}")
    if entry.encrypted:
        _draw_password(workspace().library.file(entry.id))
    if st.button("Remove from docqa", key=f"remove-{entry.id}", help="Your own file stays where it is."):
        try:
            workspace().remove(entry.id)
        except DocqaError as error:
            window.complain(error)
        window.tick(window.ticked() - {entry.id})
        st.rerun()
