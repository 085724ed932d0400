"""The evidence on the right: the cards of one answer, and what was refused or taken out, if one wants to see it."""

from __future__ import annotations

import streamlit as st

from docqa.app.evidence_cards import evidence
from docqa.app.page_data import evidence_data
from docqa.app.run_log import Run
from docqa.ui import elements


def draw(run: Run | None) -> None:
    """The evidence of a run; what will stand here where there is none yet."""
    with st.container(key="evidence", gap="small"):
        st.subheader("Evidence", anchor=False)
        if run is None or run.answer is None:
            st.caption("The quotes that prove an answer stand here, cut out of their pages.")
            return
        found = evidence(run.answer)
        if found.cited:
            elements.evidence(evidence_data(run.id, found.cited), f"cited-{run.id}")
        if found.nearest:
            st.caption("No answer was found. These passages come nearest to the question.")
            elements.evidence(evidence_data(run.id, found.nearest), f"nearest-{run.id}")
        if found.refused and st.toggle(f"Show what was refused ({len(found.refused)})", key=f"refused-{run.id}"):
            elements.evidence(evidence_data(run.id, found.refused), f"refused-cards-{run.id}")
