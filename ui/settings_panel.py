"""The settings: what answers, how it reads, what it may cost, with a button that tries it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from docqa.app.config import Settings, with_changes
from docqa.app.literal_text import literal
from docqa.app.model_check import check_model
from docqa.app.settings_choices import ModelChoice, chosen_model, model_choices, route_label, routes
from docqa.errors import DocqaError
from docqa.ui import window
from docqa.ui.shared import workspace


def draw_button() -> None:
    """The button on the left, with what is set now."""
    st.subheader("Answering", anchor=False)
    name, argument = chosen_model(window.settings())
    label = model_choices()[name].label
    st.caption(
        literal(f"{label}: {argument}" if argument else label) + f" · {literal(route_label(window.settings().route))}"
    )
    if st.button("Settings", icon=":material/tune:", key="settings-button", width="stretch"):
        st.dialog("Settings", width="medium")(draw)()


def draw() -> None:
    """All settings, as the window has them."""
    current, choices = window.settings(), model_choices()
    name, argument = chosen_model(current)
    picked = st.radio(
        "What answers",
        list(choices),
        index=list(choices).index(name),
        format_func=lambda key: choices[key].label,
        captions=[choice.help for choice in choices.values()],
    )
    changes: dict[str, Any] = {"model": picked, **_model_fields(choices[picked], current, argument)}
    known = routes(picked)
    route = current.route if current.route in known else "auto"
    changes["route"] = st.selectbox("Way of reading", known, index=known.index(route), format_func=route_label)
    changes |= _budget_fields(current)
    if changes.get("argument"):
        changes["model"] = f"{picked}:{changes['argument']}"
    changes.pop("argument", None)
    _draw_buttons(current, changes)


def _model_fields(choice: ModelChoice, current: Settings, argument: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if choice.argument:
        found["argument"] = st.text_input(choice.argument, argument).strip()
    if choice.needs_server:
        found["base_url"] = st.text_input("Address", current.base_url, placeholder="http://127.0.0.1:8000/v1").strip()
        found["api_key"] = st.text_input(
            "Key", current.api_key, type="password", help="Kept in this process only, never written down."
        )
    return found


def _budget_fields(current: Settings) -> dict[str, Any]:
    st.markdown("**Limits of one question** (0 for none)")
    tokens, seconds, cost = st.columns(3)
    return {
        "max_tokens": tokens.number_input("Tokens", 0, value=current.max_tokens, step=1_000),
        "max_seconds": seconds.number_input("Seconds", 0.0, value=current.max_seconds, step=10.0),
        "max_cost": cost.number_input("Cost", 0.0, value=current.max_cost, step=0.1),
    }


def _draw_buttons(current: Settings, changes: dict[str, Any]) -> None:
    with st.container(horizontal=True):
        use, try_it = st.button("Use these", type="primary"), st.button("Try the model", icon=":material/bolt:")
    if not (use or try_it):
        return
    try:
        wanted = with_changes(current, changes)
        answering = workspace().answering(wanted)
        answering.router()  # an unknown route is a mistake too
        if use:
            window.apply(wanted)
            st.rerun()
        with st.spinner("Asking it"):
            st.success(literal(check_model(replace(answering, settings=wanted))), icon=":material/check_circle:")
    except DocqaError as error:
        st.error(literal(str(error)), icon=":material/error:")
