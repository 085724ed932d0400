"""A PDF whose words stand where the tests know them to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from docqa.documents import Box

_FONT, _SIZE, _LEADING = "Helvetica", 12.0, 18.0
_LEFT, _TOP, _HEIGHT = 72.0, 100.0, 842.0
_ASCENT, _DESCENT = 0.72, 0.21  # of Helvetica's letters, in sizes

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Where the file lies, and the lines of each page."""

    path: Path
    pages: tuple[Lines, ...]

    def box_of(self, words: str) -> tuple[int, Box]:
        """The page (from 0) and the box of the letters of words that stand on one line."""
        for index, lines in enumerate(self.pages):
            for number, line in enumerate(lines):
                if words in line:
                    x0 = _LEFT + stringWidth(line[: line.index(words)], _FONT, _SIZE)
                    x1 = x0 + stringWidth(words, _FONT, _SIZE)
                    base = _TOP + number * _LEADING
                    return index, Box(x0, base - _ASCENT * _SIZE, x1, base + _DESCENT * _SIZE)
        raise AssertionError(f"{words!r} is on no page")


def write_report(path: Path, pages: tuple[Lines, ...]) -> Report:
    """Write the lines into a PDF in A4, page by page."""
    canvas = Canvas(str(path), pagesize=(595.0, _HEIGHT), invariant=1)  # the same bytes, the same document
    for lines in pages:
        canvas.setFont(_FONT, _SIZE)
        for number, line in enumerate(lines):
            canvas.drawString(_LEFT, _HEIGHT - _TOP - number * _LEADING, line)
        canvas.showPage()
    canvas.save()
    return Report(path, pages)


BRIDGE: tuple[Lines, ...] = (
    ("The harbour of Ostwick", "The harbour has two piers and one bridge, which is told about below."),
    (
        "The bridge",
        "The harbour bridge was opened to traffic in 1932.",
        "Its main arch spans 503 metres between the two pylons.",
        "Repainting the steel takes a crew of forty about nine months.",
    ),
    ("The ferry", "A ferry still crosses every hour, and it carries forty passengers."),
)
