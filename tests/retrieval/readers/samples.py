"""Real files of every format, written by independent writers, for the tests of the readers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pptx
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from docqa.documents import Page
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.registry import open_document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def read(path: Path, options: ReadOptions | None = None) -> list[Page]:
    """All pages of a file, through the front of the readers."""
    with open_document(path, options or ReadOptions()) as reading:
        pages = list(reading)
    assert len(pages) == reading.n_pages
    return pages


def marked(page: Page, kind: str) -> list[str]:
    """The texts of a page's regions of one kind."""
    return [page.text[region.start_char : region.end_char] for region in page.regions if region.kind == kind]


def whole(pages: list[Page]) -> str:
    return "\n".join(page.text for page in pages)


def word_paragraph(inner: str) -> object:
    """A paragraph element from the XML of its content."""
    return parse_xml(f'<w:p xmlns:w="{WORD}">{inner}</w:p>')


def write_docx(path: Path) -> Path:
    document = docx.Document()
    document.core_properties.title = "Annual report"
    document.add_paragraph("Before any heading.")
    document.add_heading("Methods", 1)
    document.add_heading("Data", 2)
    document.add_paragraph("We counted turbines.")
    document.add_paragraph("We counted them again.")
    document.add_paragraph("wind", style="List Bullet")
    document.add_heading("Results", 1)
    table = document.add_table(3, 3)
    for row, texts in enumerate((("Year", "Revenue", "Cost"), ("2020", "41.5", "7"), ("2021", "48.2", "9"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    document.add_paragraph("Costs rose.")
    document.save(str(path))
    return path


def write_pptx(path: Path) -> Path:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Outlook"
    first.placeholders[1].text_frame.text = "Demand grows"
    first.placeholders[1].text_frame.add_paragraph().text = "Prices fall"
    first.notes_slide.notes_text_frame.text = "Say this slowly."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Figures"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in enumerate((("Region", "Sales"), ("North", "12"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    data = CategoryChartData()
    data.categories = ["Q1", "Q2"]
    data.add_series("Output", (1.5, 2.5))
    box = (Inches(1), Inches(4), Inches(4), Inches(2))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *box, data)
    deck.save(str(path))
    return path


def write_xlsx(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sales"
    sheet.append(["Day", "Region", "Amount", "Share"])
    sheet.append([date(2021, 3, 5), "North", 1234.5, 0.125])
    sheet.append([])
    sheet.append([date(2021, 3, 6), "South", 99, 0.5])
    for row in (2, 4):
        sheet.cell(row, 1).number_format = "dd/mm/yyyy"
        sheet.cell(row, 3).number_format = "#,##0.00"
        sheet.cell(row, 4).number_format = "0.0%"
    book.create_sheet("Empty")
    book.save(path)
    return path


HTML = """<!DOCTYPE html><html><head><title>Harbour</title><style>p{color:red}</style></head><body>
<nav>Home | About</nav><main><h1>Harbour</h1><p>Ships &amp; boats arrive<br>daily.</p>
<h2>Rules</h2><ul><li>No fires</li><li>No noise</li></ul>
<table><tr><th>Berth</th><th>Depth</th></tr><tr><td>A</td><td>9 m</td></tr></table>
<p>See <a href="http://example.org">the map</a>.</p></main><script>alert(1)</script></body></html>"""

MARKDOWN = """---
title: Field notes
---
Intro text.

# Site

The **site** is [dry](http://example.org).

Soil
----

- clay
- sand

| Layer | Depth |
|-------|------:|
| top   | 1 m   |

```
keep   this
  as it is
```
"""

CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="two"/><itemref idref="one"/></spine></package>"""
NAVIGATION = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<body><nav epub:type="toc">
<ol><li><a href="text/two%20b.xhtml">The Storm</a></li><li><a href="text/one.xhtml#a">The Calm</a></li></ol></nav>
</body></html>"""


def chapter(body: str) -> str:
    """A chapter as producers write it: self-closing elements that HTML does not have, entities without a DTD."""
    head = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
    return f"{head}<head><title/><script src='a.js'/></head><body><a id='a'/>{body}</body></html>"


EPUB_PARTS = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": NAVIGATION,
    "OEBPS/text/one.xhtml": chapter("<p>The sea was flat.</p>"),
    "OEBPS/text/two b.xhtml": chapter(
        "<h1>The Storm</h1><p>The wind rose&nbsp;fast.</p><h2>Night</h2><p>It was dark.</p>"
    ),
}


def write_parts(path: Path, parts: dict[str, str]) -> Path:
    """A ZIP container of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def replace_part(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Rewrite a container with one part changed; a part that is not there is made."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[name] = change(parts.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in parts.items():
            archive.writestr(each, data)
    return path


def write_epub(path: Path) -> Path:
    return write_parts(path, EPUB_PARTS)


def write_html(path: Path) -> Path:
    path.write_text(HTML, encoding="utf-8")
    return path


def write_markdown(path: Path) -> Path:
    path.write_text(MARKDOWN, encoding="utf-8")
    return path


def write_csv(path: Path) -> Path:
    path.write_text('name;note;count\nAda;"two\nlines; quoted";3\n\nBob;"";4\n', encoding="utf-8")
    return path


def write_plain(path: Path) -> Path:
    path.write_text("First paragraph\nof two lines.\n\nSecond one.\n\x0cThird, on a new page.\n", encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "a.docx": write_docx,
    "a.pptx": write_pptx,
    "a.xlsx": write_xlsx,
    "a.epub": write_epub,
    "a.html": write_html,
    "a.md": write_markdown,
    "a.csv": write_csv,
    "a.txt": write_plain,
}
