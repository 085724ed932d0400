"""Makers of small PDFs for the tests: by reportlab, by pypdf, and by hand where a file must be odd."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import reportlab
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)

LEFT = (
    "The harbour was built in 1874 by a company of nine merchants. It had two piers of oak and a small lighthouse. "
    "Fishing boats paid four pence a day, and coal ships paid a shilling. In the winter of 1881 a storm broke the "
    "outer pier. The merchants rebuilt it in granite, which took three years. Since then no storm has moved a stone."
)
RIGHT = (
    "A railway reached the town in 1890 and the harbour lost its trade. The last coal ship left in the spring of 1902. "
    "Gulls nested in the empty warehouses for thirty years. A painter bought the largest of them and lived there "
    "alone. Her pictures of the grey water hang in the town hall today. Visitors come to see them from far away."
)
LIGATURES = (
    "The \ufb01rst of\ufb01ce \ufb01lled \ufb01ve \ufb02oors. Its \ufb02ag was \ufb02own in \ufb01ne weather. "
    "A baf\ufb02ed \ufb01sher\u00a0of\u00a0men \ufb02ed. The af\ufb01davit was \ufb01nally \ufb01led on the \ufb01fth."
)


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one sentence on one line, at their place on the page (points, origin bottom left)."""

    text: str
    x: float
    y: float
    sentence: int


@dataclass(frozen=True, slots=True)
class Column:
    """Where a text is set."""

    x: float
    top: float
    width: float
    size: float = 10.0
    font: str = "Helvetica"


@dataclass(frozen=True, slots=True)
class Sample:
    """A PDF whose first page is whole and whose page k + 1 shows only sentence k, each word in the same place."""

    path: Path
    sentences: tuple[str, ...] = field(default=())


def sentences_of(text: str) -> list[str]:
    """Split at full stops."""
    return [s.strip() + "." for s in text.split(".") if s.strip()]


def vera() -> str:
    """Register the TrueType font that comes with reportlab and has fi and fl as glyphs; return its name."""
    folder = Path(reportlab.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont("Vera", str(folder / "Vera.ttf")))
    return "Vera"


def set_text(text: str, column: Column, first_sentence: int = 0) -> list[Run]:
    """Break a text into lines of a column; a line that holds two sentences is two runs."""
    words = [(w, first_sentence + k) for k, s in enumerate(sentences_of(text)) for w in s.split(" ")]
    runs: list[Run] = []
    x, y = 0.0, column.top
    space = pdfmetrics.stringWidth(" ", column.font, column.size)
    for word, sentence in words:
        width = pdfmetrics.stringWidth(word, column.font, column.size)
        if x and x + width > column.width:
            x, y = 0.0, y - 1.4 * column.size
        last = runs[-1] if runs else None
        if last and x and last.sentence == sentence:
            runs[-1] = Run(f"{last.text} {word}", last.x, y, sentence)
        else:
            runs.append(Run(word, column.x + x, y, sentence))
        x += width + space
    return runs


def save_sentences(path: Path, runs: Sequence[Run], column: Column) -> None:
    """Draw all runs on the first page and each sentence alone on a page of its own."""
    canvas = Canvas(str(path), pagesize=A4)
    for only in [None, *sorted({r.sentence for r in runs})]:
        canvas.setFont(column.font, column.size)
        for run in runs:
            if only is None or run.sentence == only:
                canvas.drawString(run.x, run.y, run.text)
        canvas.showPage()
    canvas.save()


def two_columns(path: Path, row_by_row: bool = False) -> Sample:
    """A page of two columns, written column after column, or line by line across both."""
    left, right = Column(60, 760, 220), Column(315, 760, 220)
    n_left = len(sentences_of(LEFT))
    runs = [*set_text(LEFT, left), *set_text(RIGHT, right, n_left)]
    if row_by_row:
        runs.sort(key=lambda r: (-r.y, r.x))
    save_sentences(path, runs, left)
    return Sample(path, (*sentences_of(LEFT), *sentences_of(RIGHT)))


def ligature_rich(path: Path) -> Sample:
    """A page set in a TrueType font with ligature glyphs, no-break spaces and large type."""
    column = Column(60, 760, 300, 18.0, vera())
    save_sentences(path, set_text(LIGATURES, column), column)
    plain = LIGATURES.replace("\ufb01", "fi").replace("\ufb02", "fl").replace("\u00a0", " ")
    return Sample(path, tuple(sentences_of(plain)))


def turned(path: Path, degrees: int, crop: tuple[float, float, float, float] | None = None) -> Sample:
    """One column on pages that are shown turned and cropped; `crop` is left, bottom, right, top."""
    column = Column(120, 700, 300)
    save_sentences(path, set_text(LEFT, column), column)

    def change(writer: PdfWriter) -> None:
        for page in writer.pages:
            page.rotate(degrees)
            if crop:
                page.cropbox = RectangleObject(crop)

    rewrite(path, change)
    return Sample(path, tuple(sentences_of(LEFT)))


def rewrite(path: Path, change: Callable[[PdfWriter], None]) -> None:
    """Change a PDF in place by pypdf."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(path.read_bytes())))
    change(writer)
    writer.write(path)
    writer.close()


def drawn(path: Path, pages: Iterable[Callable[[Canvas], None]]) -> Path:
    """Save one page for each drawing function; text is set in Helvetica 11 unless it says otherwise."""
    canvas = Canvas(str(path), pagesize=A4)
    for draw in pages:
        canvas.setFont("Helvetica", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return path


def text_page(*lines: str, top: float = 760) -> Callable[[Canvas], None]:
    """Return a drawing function that writes lines from the top."""

    def draw(canvas: Canvas) -> None:
        for i, line in enumerate(lines):
            canvas.drawString(60, top - 16 * i, line)

    return draw


def picture(text: str, size: tuple[int, int] = (1240, 1754)) -> ImageReader:
    """Return a grey picture with large printed text on it."""
    from PIL import Image, ImageDraw, ImageFont

    vera()
    image = Image.new("L", size, 255)
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 34)
    ImageDraw.Draw(image).multiline_text((120, 150), text, fill=0, font=font, spacing=24)
    return ImageReader(image)


def by_hand(content: bytes, to_unicode: Mapping[str, str] | None = None, more: Sequence[bytes] = ()) -> bytes:
    """Write a one-page PDF (600 x 400 points) from its content stream.

    Font F1 is Helvetica whose codes mean what `to_unicode` says, F2 is plain Helvetica. `more` are the bodies of
    further objects from number 8; number 8 can be drawn as /X0.
    """
    mapping = _to_unicode(to_unicode or {})
    fonts = b"/Font<</F1 5 0 R/F2 7 0 R>>" + (b"/XObject<</X0 8 0 R>>" if more else b"")
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 400]/Resources<<" + fonts + b">>/Contents 4 0 R>>",
        stream(content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        stream(mapping),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    ]
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % o for o in offsets)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table) + trailer


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Write a stream object's body."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def endless_page() -> bytes:
    """Write a page that takes any parser for ever: forms that draw forms that draw forms, ten times each."""
    forms = []
    for k in range(12):
        draws = b"/X0 Do " * 10 if k < 11 else b"BT /F2 9 Tf (x) Tj ET"
        inner = b"/XObject<</X0 %d 0 R>>/Font<</F2 7 0 R>>" % (9 + k)
        forms.append(stream(draws, b"/Type/XObject/Subtype/Form/BBox[0 0 600 400]/Resources<<%s>>" % inner))
    return by_hand(b"/X0 Do", more=forms)


def merged(path: Path, *parts: bytes) -> Path:
    """Put the pages of several PDFs into one file."""
    writer = PdfWriter()
    for part in parts:
        writer.append(PdfReader(io.BytesIO(part)))
    writer.write(path)
    writer.close()
    return path


def _to_unicode(mapping: Mapping[str, str]) -> bytes:
    codes = b" ".join(b"<%02x><%s>" % (ord(k), v.encode("utf-16-be").hex().encode()) for k, v in mapping.items())
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <00><ff> endcodespacerange "
        + (b"%d beginbfchar %s endbfchar " % (len(mapping), codes) if mapping else b"")
        + b"endcmap end end"
    )
