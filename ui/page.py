"""What Streamlit runs for every window: the two pages of docqa. Start it by `docqa ui`."""

from __future__ import annotations

import streamlit as st

from docqa.ui import asking, evaluations, look

st.set_page_config(page_title="docqa", page_icon=str(look.ICON), layout="wide")
look.apply_style()
pages = [
    st.Page(asking.draw, title="Ask", url_path="", default=True),
    st.Page(evaluations.draw, title="Evaluations", url_path="evaluations"),
]
st.navigation(pages, position="top").run()
