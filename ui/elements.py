"""The page's own parts, which the browser draws from plain data: the answer's sentences and the cards of evidence.

Their programs stand beside this file. They put text into the page as text only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def answer(data: dict[str, Any], key: str, on_shown: Callable[[], None]) -> Any:
    """Draw the sentences; `shown` of the result names the evidence that a person asked for."""
    return _part("answer")(data=data, key=key, on_shown_change=on_shown)


def evidence(data: dict[str, Any], key: str) -> None:
    """Draw the cards."""
    _part("evidence")(data=data, key=key)


@cache
def _part(name: str) -> Callable[..., Any]:
    program = "\n".join(_read(file) for file in ("dom.js", f"{name}.js"))
    made: Callable[..., Any] = st.components.v2.component(
        f"docqa_{name}", html=f'<div class="{name}"></div>', css=_read("parts.css"), js=program
    )
    return made


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
