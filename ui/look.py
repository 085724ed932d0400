"""How the page looks beyond the theme: our own style sheet, which holds nothing of any document."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ICON = Path(__file__).with_name("icon.svg")
_NAME = Path(__file__).with_name("name.svg")
_STYLE = Path(__file__).with_name("page.css")


def apply_style() -> None:
    """Put the style sheet and the name into the page."""
    st.logo(str(_NAME), size="large", icon_image=str(ICON))
    st.html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
