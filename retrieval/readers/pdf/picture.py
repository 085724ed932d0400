"""Draw a page with PDFium and write the picture as PNG, with nothing but the standard library."""

from __future__ import annotations

import ctypes
import struct
import zlib
from dataclasses import dataclass

import pypdfium2_raw as raw

from docqa.retrieval.readers.pdf import pdfium
from docqa.retrieval.readers.pdf.page_text import PageFailed
from docqa.retrieval.readers.pdf.pdfium import Handle

_MAX_PIXELS = 40_000_000
_INCHES_PER_METRE = 39.3701
_WHITE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Picture:
    """A page drawn as PNG. `dpi` may be lower than asked for, for very large pages."""

    png: bytes
    width: int
    height: int
    dpi: float


def draw(document: Handle, index: int, dpi: float, grey: bool = False) -> Picture:
    """Draw a page as it is displayed, on white, with its annotations. Raises PageFailed."""
    page = pdfium.load_page(document, index)
    if not page:
        raise PageFailed(f"PDFium cannot load page {index + 1}")
    try:
        return _drawn(page, dpi, grey)
    finally:
        pdfium.close_page(page)


def _drawn(page: Handle, dpi: float, grey: bool) -> Picture:
    width_pt, height_pt = pdfium.page_width(page), pdfium.page_height(page)
    dpi = min(dpi, 72 * (_MAX_PIXELS / max(1.0, width_pt * height_pt)) ** 0.5)
    width, height = (max(1, round(points * dpi / 72)) for points in (width_pt, height_pt))
    bitmap = raw.FPDFBitmap_CreateEx(width, height, raw.FPDFBitmap_Gray if grey else raw.FPDFBitmap_BGR, None, 0)
    if not bitmap:
        raise PageFailed("the page is too large to be drawn")
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, _WHITE)
        flags = raw.FPDF_ANNOT | (0 if grey else raw.FPDF_REVERSE_BYTE_ORDER)
        handle = ctypes.cast(page, raw.FPDF_PAGE)
        raw.FPDF_RenderPageBitmap(bitmap, handle, 0, 0, width, height, 0, flags)
        stride = raw.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(raw.FPDFBitmap_GetBuffer(bitmap), stride * height)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    n_channels = 1 if grey else 3
    rows = [pixels[y * stride : y * stride + width * n_channels] for y in range(height)]
    return Picture(_png(rows, width, n_channels, dpi), width, height, dpi)


def _png(rows: list[bytes], width: int, n_channels: int, dpi: float) -> bytes:
    """Write 8-bit grey or RGB rows as PNG (ISO/IEC 15948), each row with filter type 0."""
    colour_type = 0 if n_channels == 1 else 2
    header = struct.pack(">IIBBBBB", width, len(rows), 8, colour_type, 0, 0, 0)
    per_metre = round(dpi * _INCHES_PER_METRE)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows), 1)
    chunks = (
        (b"IHDR", header),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        (b"IDAT", data),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
