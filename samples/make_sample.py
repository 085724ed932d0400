"""Write the sample document: `python samples/make_sample.py` makes `samples/tidewater-annual-report.pdf` anew.

The cooperative and everything about it are invented. The prose stands in `tidewater-annual-report.txt`, one paragraph
a line: `# title` opens a chapter, `## title` a section, `!table name` and `!chart` insert a figure, `; term: meaning`
is an entry of the glossary, `{1}` refers to the footnote `~1 text`. The same input gives the same bytes.
"""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents
from tidewater_figures import GREY, TEAL, chart, draw_cover, scan, table

_HERE = Path(__file__).parent
_N_FRONT = 5
_LEFT, _BOTTOM, _WIDTH, _HEIGHT = 78, 84, 439, 672
_SIDES = ("LEFT", "RIGHT", "TOP", "BOTTOM")
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii")

_BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11.4, leading=16.6, spaceAfter=9, alignment=TA_JUSTIFY)
_NARROW = ParagraphStyle("narrow", parent=_BODY, fontSize=10.6, leading=14.6)
_CHAPTER = ParagraphStyle("chapter", fontName="Helvetica-Bold", fontSize=20, leading=25, spaceAfter=16, textColor=TEAL)
_SECTION = ParagraphStyle(
    "section",
    fontName="Helvetica-Bold",
    fontSize=12,
    leading=16,
    spaceBefore=9,
    spaceAfter=4,
    textColor=TEAL,
    keepWithNext=1,
)
_CAPTION = ParagraphStyle("caption", fontName="Helvetica-Bold", fontSize=9.5, leading=13, spaceAfter=4)
_NOTE = ParagraphStyle("note", parent=_BODY, fontSize=8.8, leading=11.4, spaceAfter=3)
_TERM = ParagraphStyle(
    "term", parent=_BODY, fontSize=11, leading=15.2, leftIndent=14, firstLineIndent=-14, spaceAfter=6
)
_TOC = [
    ParagraphStyle("toc", fontName="Helvetica-Bold", fontSize=9.6, leading=12.6, textColor=TEAL, spaceBefore=3),
    ParagraphStyle("toc2", fontName="Times-Roman", fontSize=10, leading=11, leftIndent=18),
]


@dataclass
class Chapter:
    """A chapter: its kind ("", "front", "columns", "scan" or "annex"), its title and the lines of its text."""

    kind: str
    title: str
    lines: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """The footnotes, with their numbers."""
        return [line[1:] for line in self.lines if line.startswith("~")]


def label(page: int) -> str:
    """Return the printed number of a physical page: roman in the front matter, then from 1."""
    return _ROMAN[page] if page <= _N_FRONT else str(page - _N_FRONT)


class Report(BaseDocTemplate):  # type: ignore[misc]
    """The document: page templates, running heads, outline and entries for the contents page."""

    def __init__(self, out: io.BytesIO, chapters: list[Chapter]) -> None:
        super().__init__(
            out, pagesize=A4, title="Annual Report 2024", author="Tidewater Energy Cooperative", lang="en-GB"
        )
        self.running_head = ""
        notes = next(c.notes for c in chapters if c.notes)
        picture = scan(next(c.lines for c in chapters if c.kind == "scan"))
        column = (_WIDTH - 22) / 2
        columns = [Frame(_LEFT + k * (column + 22), _BOTTOM, column, _HEIGHT, 0, 0, 0, 0) for k in (0, 1)]
        whole = [Frame(_LEFT, _BOTTOM, _WIDTH, _HEIGHT, 0, 0, 0, 0)]
        above_notes = [Frame(_LEFT, _BOTTOM + 90, _WIDTH, _HEIGHT - 90, 0, 0, 0, 0)]
        self.addPageTemplates(
            [
                PageTemplate("cover", whole, onPage=lambda canvas, _: draw_cover(canvas)),
                PageTemplate("whole", whole, onPageEnd=_furniture),
                PageTemplate("columns", columns, onPageEnd=_furniture),
                PageTemplate("notes", above_notes, onPageEnd=lambda canvas, page: _end_with_notes(canvas, page, notes)),
                PageTemplate("scan", whole, onPage=lambda canvas, _: _draw_scan(canvas, picture)),
            ]
        )

    def beforeDocument(self) -> None:  # noqa: N802 (reportlab's name)
        """Start over: the document is laid out several times, until the page numbers in its contents are right."""
        self.running_head = "Contents"

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Note chapters and sections for the outline and the contents page."""
        level = getattr(flowable, "level", None)
        if level is None:
            return
        title, key = flowable.title, f"s{self.page}-{flowable.title}"
        self.running_head = title if level == 0 else self.running_head
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(title, key, level, closed=level > 0)
        self.notify("TOCEntry", (level, title, self.page, key))


def _furniture(canvas: Canvas, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(GREY)
    canvas.drawString(_LEFT, A4[1] - 52, "Tidewater Energy Cooperative | Annual Report 2024")
    canvas.drawRightString(_LEFT + _WIDTH, A4[1] - 52, document.running_head)
    canvas.setLineWidth(0.4)
    canvas.setStrokeColor(GREY)
    canvas.line(_LEFT, A4[1] - 58, _LEFT + _WIDTH, A4[1] - 58)
    canvas.drawCentredString(_LEFT + _WIDTH / 2, 48, label(document.page))
    canvas.restoreState()


def _end_with_notes(canvas: Canvas, document: Any, notes: list[str]) -> None:
    canvas.setLineWidth(0.4)
    canvas.line(_LEFT, _BOTTOM + 78, _LEFT + 120, _BOTTOM + 78)
    y = _BOTTOM + 72.0
    for note in notes:
        number, text = note.split(" ", 1)
        paragraph = Paragraph(f"<super>{number}</super> {text}", _NOTE)
        _, height = paragraph.wrap(_WIDTH, 80)
        y -= height + 2
        paragraph.drawOn(canvas, _LEFT, y)
    _furniture(canvas, document)


def _draw_scan(canvas: Canvas, picture: bytes) -> None:
    canvas.drawImage(ImageReader(io.BytesIO(picture)), 0, 0, *A4)


class Mark(Spacer):  # type: ignore[misc]
    """Nothing to see: makes an entry in the outline for a page that is a picture."""


def _heading(title: str, level: int) -> Flowable:
    paragraph = Paragraph(title, (_CHAPTER, _SECTION)[level])
    paragraph.level, paragraph.title = level, title
    return paragraph


def _flowables(chapter: Chapter, title: str) -> list[Flowable]:
    template = {"columns": "columns", "scan": "scan"}.get(chapter.kind, "notes" if chapter.notes else "whole")
    opening: list[Flowable] = [NextPageTemplate(template), PageBreak()]
    if chapter.kind == "scan":
        mark = Mark(1, 1)
        mark.level, mark.title = 0, title
        return [*opening, mark]
    body = _NARROW if chapter.kind == "columns" else _BODY
    return [*opening, _heading(title, 0), *(f for line in chapter.lines for f in _line(line, body))]


def _line(line: str, body: ParagraphStyle) -> list[Flowable]:
    if line.startswith("## "):
        return [_heading(line[3:], 1)]
    if line.startswith("!table "):
        return table(line.removeprefix("!table "), _CAPTION)
    if line == "!chart":
        return [Paragraph("Figure 1: Generation of the three plants", _CAPTION), chart(), Spacer(1, 6)]
    if line.startswith("; "):
        term, meaning = line[2:].split(": ", 1)
        return [Paragraph(f"<b>{term}</b>: {meaning}", _TERM)]
    if line.startswith("~"):
        return []
    return [Paragraph(re.sub(r"\{(\d)\}", r"<super>\1</super>", line), body)]


def _chapters(text: str) -> list[Chapter]:
    chapters: list[Chapter] = []
    for line in filter(None, text.splitlines()):
        if line.startswith("# "):
            found = re.match(r"# (?:(front|columns|scan|annex): )?(.*)", line)
            assert found is not None
            chapters.append(Chapter(found[1] or "", found[2]))
        else:
            chapters[-1].lines.append(line)
    return chapters


def _contents() -> list[Flowable]:
    flat = [(side + "PADDING", (0, 0), (-1, -1), 1.6 if side in ("TOP", "BOTTOM") else 0) for side in _SIDES]
    toc = TableOfContents(
        levelStyles=_TOC, dotsMinLevel=0, rightColumnWidth=30, formatter=label, tableStyle=TableStyle(flat)
    )
    return [NextPageTemplate("whole"), PageBreak(), Paragraph("Contents", _CHAPTER), toc]


def _canvas(*args: Any, **kwargs: Any) -> Canvas:
    canvas = Canvas(*args, **kwargs)
    canvas.addPageLabel(0, "ROMAN_LOWER", 1)
    canvas.addPageLabel(_N_FRONT, "ARABIC", 1)
    canvas.showOutline()
    return canvas


def make_report() -> bytes:
    """Return the sample report as a PDF."""
    rl_config.invariant, rl_config.useA85 = 1, 0
    chapters = _chapters((_HERE / "tidewater-annual-report.txt").read_text(encoding="utf-8"))
    story: list[Flowable] = [Spacer(1, 1), *_contents()]
    number = 0
    for chapter in chapters:
        numbered = chapter.kind in ("", "columns")
        number += numbered
        story += _flowables(chapter, f"{number} {chapter.title}" if numbered else chapter.title)
    out = io.BytesIO()
    Report(out, chapters).multiBuild(story, canvasmaker=_canvas)
    return out.getvalue()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE / "tidewater-annual-report.pdf"
    target.write_bytes(make_report())
