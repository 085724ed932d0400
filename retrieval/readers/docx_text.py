"""The text of one Word paragraph: runs, links, fields, tracked changes, notes and text boxes."""

from __future__ import annotations

from dataclasses import dataclass, field

from docqa.retrieval.readers.cleaning import clean_lines
from docqa.retrieval.readers.docx_styles import Styles, is_hidden
from docqa.retrieval.readers.packages import chosen
from docqa.retrieval.readers.safe_xml import Element, attribute, child, local

# Deletions and the old places of moved text are gone; field codes are instructions; properties hold no text.
_SKIPPED = frozenset({
    "del", "moveFrom", "delText", "instrText", "delInstrText", "pPr", "rPr", "sdtPr", "sdtEndPr", "fldData", "rt",
    "annotationRef", "footnoteRef", "endnoteRef", "separator", "continuationSeparator", "ctrlPr",
})  # fmt: skip
_LITERAL = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}


@dataclass(slots=True)
class ParagraphText:
    """What a paragraph holds: what it shows, what it hides, the (part, id) of its notes, and its text boxes."""

    shown: str = ""
    hidden: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)


class _Collector:
    def __init__(self, styles: Styles, hidden: bool) -> None:
        self._styles = styles
        self._hidden = hidden
        self._hidden_paragraph = hidden
        self._shown_parts: list[str] = []
        self._hidden_parts: list[str] = []
        # One entry for each open field: whether we are still in its code and not yet in its result.
        self._in_code: list[bool] = []
        self._found = ParagraphText()

    def collect(self, paragraph: Element) -> ParagraphText:
        self._nested(paragraph)
        self._found.shown = clean_lines("".join(self._shown_parts))
        self._found.hidden = clean_lines("".join(self._hidden_parts))
        return self._found

    def _special(self, element: Element, name: str) -> None:
        if name == "AlternateContent":
            branch = chosen(element)
            if branch is not None:
                self._nested(branch)
        elif name == "txbxContent":
            self._found.boxes.append(element)
        elif name == "fldChar":
            self._field(attribute(element, "fldCharType"))
        elif name == "sym":
            self._symbol(attribute(element, "char") or "")
        elif name in _NOTES:
            self._found.notes.append((_NOTES[name], attribute(element, "id") or ""))
        else:
            self._nested(element)

    def _nested(self, element: Element) -> None:
        for each in element:
            name = local(each)
            if name == "r":
                self._run(each)
            elif name == "t":
                self._say(each.text or "")
            elif name in _LITERAL:
                self._say(_LITERAL[name])
            elif name not in _SKIPPED:
                self._special(each, name)

    def _run(self, run: Element) -> None:
        properties = child(run, "rPr")
        outer = self._hidden
        own = is_hidden(properties)
        if own is None:
            style = child(properties, "rStyle")
            own = self._styles.get(attribute(style, "val")).hidden if style is not None else None
        self._hidden = self._hidden_paragraph if own is None else own
        self._nested(run)
        self._hidden = outer

    def _say(self, text: str) -> None:
        if not any(self._in_code):
            (self._hidden_parts if self._hidden else self._shown_parts).append(text)

    def _field(self, kind: str | None) -> None:
        if kind == "begin":
            self._in_code.append(True)
        elif kind == "separate" and self._in_code:
            self._in_code[-1] = False
        elif kind == "end" and self._in_code:
            self._in_code.pop()

    def _symbol(self, code: str) -> None:
        # Symbol fonts sit in the private use area, where a character means nothing without its font.
        if len(code) == 4 and not code.upper().startswith("F0"):
            try:
                self._say(chr(int(code, 16)))
            except ValueError:
                return


def paragraph_text(paragraph: Element, styles: Styles, hidden: bool) -> ParagraphText:
    """Read one paragraph; `hidden` is what its style says about text that does not say otherwise."""
    return _Collector(styles, hidden).collect(paragraph)
