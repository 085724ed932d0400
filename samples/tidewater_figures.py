"""Tables, chart, cover and scan of the sample report; every figure in its prose can be found or worked out here."""

from __future__ import annotations

import io
import random
import textwrap
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

TEAL = HexColor("#0b4f5c")
SEA = HexColor("#2f8fa3")
FOAM = HexColor("#b9dde3")
GREY = HexColor("#5b6770")

NONE = "\u2013"

# Caption, header and rows; a row whose name ends in ":" opens a group, one in capitals of "Total" is set bold.
TABLES: dict[str, tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "operations": (
        "Table 1: Generation, availability and capacity factor of the plants",
        ("", "2022", "2023", "2024"),
        (
            ("Generation (GWh):", "", "", ""),
            ("Kestrel Narrows", "96.4", "101.8", "108.2"),
            ("Harrow Bay", "71.5", "69.9", "74.3"),
            ("Pell Island", NONE, "1.1", "2.6"),
            ("Total generation", "167.9", "172.8", "185.1"),
            ("Availability (per cent):", "", "", ""),
            ("Kestrel Narrows", "91.2", "93.0", "94.6"),
            ("Harrow Bay", "95.1", "92.4", "95.8"),
            ("Pell Island", NONE, "84.0", "90.3"),
            ("Capacity factor (per cent):", "", "", ""),
            ("Kestrel Narrows", "30.6", "32.3", "34.2"),
            ("Harrow Bay", "22.7", "22.2", "23.5"),
            ("Pell Island", NONE, NONE, "29.6"),
        ),
    ),
    "environment": (
        "Table 2: Results of the monitoring programme",
        ("Observation", "2022", "2023", "2024"),
        (
            ("Harbour seals counted in August", "418", "431", "446"),
            ("Days with porpoises near the array", "203", "198", "211"),
            ("Tagged smolts that passed the lagoon (%)", "96.8", "97.4", "98.1"),
            ("Sound at 100 m from the turbines (dB)", "118", "117", "115"),
            ("Stations of the sea-bed survey", "42", "42", "48"),
            ("Confirmed collisions", "0", "0", "0"),
        ),
    ),
    "income": (
        "Table 3: Statement of income (thousands of euros)",
        ("Year ended 31 December", "2022", "2023", "2024"),
        (
            ("Electricity sales", "24,180", "25,610", "28,940"),
            ("Grid services", "1,320", "1,755", "2,210"),
            ("Grants", "900", "640", "480"),
            ("Other income", "310", "295", "365"),
            ("Total revenue", "26,710", "28,300", "31,995"),
            ("Maintenance and vessels", "(6,940)", "(7,860)", "(7,415)"),
            ("Staff", "(6,120)", "(6,480)", "(6,905)"),
            ("Grid and market fees", "(1,870)", "(1,940)", "(2,105)"),
            ("Insurance", "(1,240)", "(1,385)", "(1,460)"),
            ("Environmental monitoring", "(560)", "(615)", "(690)"),
            ("Depreciation", "(5,980)", "(6,105)", "(6,340)"),
            ("Total operating costs", "(22,710)", "(24,385)", "(24,915)"),
            ("Operating surplus", "4,000", "3,915", "7,080"),
            ("Finance costs", "(1,510)", "(1,690)", "(1,580)"),
            ("Surplus before distribution", "2,490", "2,225", "5,500"),
            ("Dividend to members", "(1,200)", "(1,200)", "(2,300)"),
            ("Community fund", "(249)", "(223)", "(550)"),
            ("Total retained", "1,041", "802", "2,650"),
        ),
    ),
    "balance": (
        "Table 4: Balance sheet at 31 December (thousands of euros)",
        ("", "2022", "2023", "2024"),
        (
            ("Turbines and lagoon works", "118,400", "116,900", "114,200"),
            ("Vessels and equipment", "8,300", "9,150", "8,870"),
            ("Spares", "3,120", "3,480", "4,060"),
            ("Receivables", "3,940", "4,110", "4,725"),
            ("Cash", "6,250", "5,480", "9,345"),
            ("Total assets", "140,010", "139,120", "141,200"),
            ("Member shares", "62,000", "63,400", "66,100"),
            ("Retained earnings", "11,209", "12,011", "14,661"),
            ("Bank loans", "52,300", "48,700", "44,900"),
            ("Provision for decommissioning", "9,800", "10,350", "10,930"),
            ("Payables", "4,701", "4,659", "4,609"),
            ("Total equity and liabilities", "140,010", "139,120", "141,200"),
        ),
    ),
    "years": (
        "Table 5: The years in figures",
        ("Year", "Capacity (MW)", "Generation (GWh)", "Households", "Employees"),
        (
            ("2016", "18", "31.2", "4,120", "61"),
            ("2017", "18", "46.5", "4,870", "66"),
            ("2018", "18", "47.9", "5,640", "72"),
            ("2019", "54", "81.3", "7,010", "128"),
            ("2020", "54", "113.0", "8,230", "139"),
            ("2021", "72", "138.4", "9,350", "158"),
            ("2022", "72", "167.9", "10,480", "169"),
            ("2023", "73", "172.8", "11,210", "178"),
            ("2024", "73", "185.1", "11,840", "187"),
        ),
    ),
}


def table(name: str, caption_style: ParagraphStyle) -> list[Flowable]:
    """Return a table with its caption above it."""
    caption, header, rows = TABLES[name]
    data = [header, *rows]
    bold = [i for i, row in enumerate(data) if i == 0 or row[0].startswith(("Total", "Operating surplus", "Surplus"))]
    groups = [i for i, row in enumerate(data) if row[0].endswith(":")]
    style = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 9.4),
        ("ALIGN", (0, 0), (0, -1), "LEFT"),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("TOPPADDING", (0, 0), (-1, -1), 3.4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, TEAL),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, TEAL),
        ("TEXTCOLOR", (0, 0), (-1, 0), TEAL),
        *(("FONT", (0, i), (-1, i), "Helvetica-Bold", 9.4) for i in bold),
        *(("FONT", (0, i), (0, i), "Helvetica-Oblique", 9.4) for i in groups),
        *(("LINEABOVE", (0, i), (-1, i), 0.3, GREY) for i in bold[1:]),
    ]
    widths = [232, 69, 69, 69] if len(header) == 4 else [79, 90, 90, 90, 90]
    body = Table(data, colWidths=widths, style=TableStyle(style), hAlign="LEFT")
    return [KeepTogether([Spacer(1, 6), Paragraph(caption, caption_style), body, Spacer(1, 10)])]


def chart() -> Drawing:
    """Draw the generation of the plants in the last three years as stacked bars."""
    rows = {row[0]: [0.0 if v == NONE else float(v) for v in row[1:]] for row in TABLES["operations"][2][1:4]}
    drawing = Drawing(438, 178)
    bars = VerticalBarChart()
    bars.x, bars.y, bars.width, bars.height = 34, 24, 270, 142
    bars.data = list(rows.values())
    bars.categoryAxis.style = "stacked"
    bars.categoryAxis.categoryNames = ["2022", "2023", "2024"]
    bars.valueAxis.valueMin, bars.valueAxis.valueMax, bars.valueAxis.valueStep = 0, 200, 50
    bars.barWidth, bars.groupSpacing = 22, 34
    legend = Legend()
    legend.x, legend.y, legend.fontName, legend.fontSize = 326, 120, "Helvetica", 8.5
    colors = [TEAL, SEA, FOAM]
    legend.colorNamePairs = [(color, f"{name} (GWh)") for color, name in zip(colors, rows, strict=True)]
    for labels in (bars.categoryAxis.labels, bars.valueAxis.labels):
        labels.fontName, labels.fontSize = "Helvetica", 8.5
    for i, color in enumerate(colors):
        bars.bars[i].fillColor, bars.bars[i].strokeColor = color, None
    drawing.add(bars)
    drawing.add(legend)
    return drawing


def draw_cover(canvas: Canvas) -> None:
    """Draw the cover: the title on teal above three swells."""
    width, height = A4
    canvas.setFillColor(TEAL)
    canvas.rect(0, 0, width, height, stroke=0, fill=1)
    for level, color in ((300, SEA), (225, HexColor("#5fb0bf")), (150, FOAM)):
        path = canvas.beginPath()
        path.moveTo(0, level)
        path.curveTo(width * 0.3, level + 90, width * 0.55, level - 80, width, level + 45)
        path.lineTo(width, 0)
        path.lineTo(0, 0)
        path.close()
        canvas.setFillColor(Color(color.red, color.green, color.blue, alpha=0.85))
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 34)
    canvas.drawString(64, height - 190, "Annual Report 2024")
    canvas.setFont("Helvetica", 17)
    canvas.drawString(64, height - 222, "Tidewater Energy Cooperative")
    canvas.setFillColor(TEAL)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(64, 56, "Port Merrow, Skerry Sound")


def scan(paragraphs: list[str]) -> bytes:
    """Return a page as a scanner sees it: text in a picture, a little crooked, grey and speckled (JPEG, 150 dpi)."""
    fonts = Path(reportlab.__file__).parent / "fonts"
    page = Image.new("L", (1240, 1754), 248)
    draw = ImageDraw.Draw(page)
    y = 150
    for i, paragraph in enumerate(paragraphs):
        bold = i < 2
        font = ImageFont.truetype(str(fonts / ("VeraBd.ttf" if bold else "Vera.ttf")), 30 if i == 0 else 25)
        for line in textwrap.wrap(paragraph, 62, subsequent_indent="" if bold or i == len(paragraphs) - 1 else " " * 7):
            draw.text((130, y), line, font=font, fill=38)
            y += 42
        y += 26
    draw.rectangle((96, 110, 1144, y + 20), outline=120, width=2)
    page = page.rotate(0.35, resample=Image.Resampling.BICUBIC, fillcolor=248).filter(ImageFilter.GaussianBlur(0.6))
    dust = random.Random(14)
    pixels = ImageDraw.Draw(page)
    for _ in range(420):
        pixels.point((dust.randrange(1240), dust.randrange(1754)), fill=dust.randrange(90, 200))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=38, dpi=(150, 150))
    return out.getvalue()
