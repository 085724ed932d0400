"""The calls of PDFium that run once per word or line, bound so that a call costs half a microsecond.

The raw bindings alone are imported (`pypdfium2_raw`, which every pypdfium2 brings): with its wrapper a child would
take twice as long to start. Handles are plain integers: a wrapper object for each would cost more than PDFium's own
work on a page of text.
Import this in a child process only: PDFium is neither thread-safe nor safe against every file.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import pypdfium2_raw as raw

Handle = int

_VOID, _INT, _DOUBLE, _FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_float


raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=2))


def _bind(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    address = ctypes.cast(function, _VOID).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, *arguments)(address)


load_page = _bind(raw.FPDF_LoadPage, _VOID, _VOID, _INT)
close_page = _bind(raw.FPDF_ClosePage, None, _VOID)
page_width = _bind(raw.FPDF_GetPageWidthF, _FLOAT, _VOID)
page_height = _bind(raw.FPDF_GetPageHeightF, _FLOAT, _VOID)
rotation = _bind(raw.FPDFPage_GetRotation, _INT, _VOID)
set_rotation = _bind(raw.FPDFPage_SetRotation, None, _VOID, _INT)
load_text = _bind(raw.FPDFText_LoadPage, _VOID, _VOID)
close_text = _bind(raw.FPDFText_ClosePage, None, _VOID)
count_chars = _bind(raw.FPDFText_CountChars, _INT, _VOID)
get_text = _bind(raw.FPDFText_GetText, _INT, _VOID, _INT, _INT, _VOID)
char_of_text_index = _bind(raw.FPDFText_GetCharIndexFromTextIndex, _INT, _VOID, _INT)
is_hyphen = _bind(raw.FPDFText_IsHyphen, _INT, _VOID, _INT)
is_unmapped = _bind(raw.FPDFText_HasUnicodeMapError, _INT, _VOID, _INT)
font_size = _bind(raw.FPDFText_GetFontSize, _DOUBLE, _VOID, _INT)
font_weight = _bind(raw.FPDFText_GetFontWeight, _INT, _VOID, _INT)
text_object = _bind(raw.FPDFText_GetTextObject, _VOID, _VOID, _INT)
render_mode = _bind(raw.FPDFTextObj_GetTextRenderMode, _INT, _VOID)
count_objects = _bind(raw.FPDFPage_CountObjects, _INT, _VOID)
get_object = _bind(raw.FPDFPage_GetObject, _VOID, _VOID, _INT)
object_type = _bind(raw.FPDFPageObj_GetType, _INT, _VOID)
count_form_objects = _bind(raw.FPDFFormObj_CountObjects, _INT, _VOID)
get_form_object = _bind(raw.FPDFFormObj_GetObject, _VOID, _VOID, ctypes.c_ulong)

_count_rects = _bind(raw.FPDFText_CountRects, _INT, _VOID, _INT, _INT)
_get_rect = _bind(raw.FPDFText_GetRect, _INT, _VOID, _INT, _VOID, _VOID, _VOID, _VOID)
_char_box = _bind(raw.FPDFText_GetCharBox, _INT, _VOID, _INT, _VOID, _VOID, _VOID, _VOID)
_matrix = _bind(raw.FPDFText_GetMatrix, _INT, _VOID, _INT, _VOID)
_fill_colour = _bind(raw.FPDFText_GetFillColor, _INT, _VOID, _INT, _VOID, _VOID, _VOID, _VOID)
_object_colour = _bind(raw.FPDFPageObj_GetFillColor, _INT, _VOID, _VOID, _VOID, _VOID, _VOID)
_bounds = _bind(raw.FPDFPageObj_GetBounds, _INT, _VOID, _VOID, _VOID, _VOID, _VOID)
_font_info = _bind(raw.FPDFText_GetFontInfo, ctypes.c_ulong, _VOID, _INT, _VOID, ctypes.c_ulong, _VOID)
_to_device = _bind(raw.FPDF_PageToDevice, _INT, _VOID, _INT, _INT, _INT, _INT, _INT, _DOUBLE, _DOUBLE, _VOID, _VOID)

# One set of output buffers for the whole process: PDFium is used by one thread only.
_doubles = (_DOUBLE * 4)()
_floats = (_FLOAT * 6)()
_uints = (ctypes.c_uint * 4)()
_D = [ctypes.addressof(_doubles) + 8 * i for i in range(4)]
_LEFT_TOP_RIGHT_BOTTOM = (_D[0], _D[3], _D[2], _D[1])
_F = [ctypes.addressof(_floats) + 4 * i for i in range(4)]
_U = [ctypes.addressof(_uints) + 4 * i for i in range(4)]


class Rect(NamedTuple):
    """A rectangle in PDF user space: points, origin bottom left, y upwards."""

    left: float
    bottom: float
    right: float
    top: float


Extent = tuple[float, float, float, float]
"""Left, bottom, right and top, as in `Rect`, where the names would cost more than PDFium's own work."""


def raw_text(text: Handle) -> str:
    """Return the text of a page as PDFium gives it, lines apart by CR LF, at one code point per character."""
    n_chars = count_chars(text)
    if n_chars <= 0:
        return ""
    buffer = ctypes.create_string_buffer(2 * n_chars + 2)
    n_units = get_text(text, 0, n_chars, ctypes.addressof(buffer))
    return buffer.raw[: max(0, 2 * (n_units - 1))].decode("utf-16-le", "surrogatepass")


def rects(text: Handle, first: int, n_chars: int) -> list[Rect]:
    """Return the rectangles around a range of characters, one for each stretch of one line and one text object."""
    found = []
    for k in range(_count_rects(text, first, n_chars)):
        _get_rect(text, k, *_LEFT_TOP_RIGHT_BOTTOM)
        found.append(Rect._make(_doubles[:]))
    return found


def line_extent(text: Handle, first: int, n_chars: int, mark_width: float) -> tuple[Extent, float, int] | None:
    """Return the rectangle around a level line, its widest inner gap in heights of the line, and how many stretches of
    one text object it has.

    A gap that begins nearer to the left end than `mark_width` heights does not count: it stands behind a bullet or a
    number. None when nothing of the line is drawn.
    """
    n_rects = _count_rects(text, first, n_chars)
    if n_rects <= 0:
        return None
    _get_rect(text, 0, *_LEFT_TOP_RIGHT_BOTTOM)
    left, bottom, right, top = _doubles[:]
    if n_rects == 1:
        return (left, bottom, right, top), 0.0, 1
    gap = 0.0
    for k in range(1, n_rects):
        _get_rect(text, k, *_LEFT_TOP_RIGHT_BOTTOM)
        x0, y0, x1, y1 = _doubles[:]
        if x0 - right > gap and right - left > mark_width * (y1 - y0):
            gap = x0 - right
        left, right = left if left < x0 else x0, right if right > x1 else x1
        bottom, top = bottom if bottom < y0 else y0, top if top > y1 else y1
    return (left, bottom, right, top), gap / max(4.0, top - bottom), n_rects


def extent(text: Handle, first: int, n_chars: int) -> Extent | None:
    """Return left, bottom, right and top of a range of characters, None when none of them is drawn."""
    n_rects = _count_rects(text, first, n_chars)
    if n_rects == 1:
        _get_rect(text, 0, *_LEFT_TOP_RIGHT_BOTTOM)
        left, bottom, right, top = _doubles[:]  # a slice is read three times as fast as the array itself
        return left, bottom, right, top
    found = rects(text, first, n_chars) if n_rects > 1 else []
    if not found:
        return None
    lefts, bottoms, rights, tops = zip(*found, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def char_box(text: Handle, index: int) -> Rect | None:
    """Return the box of a glyph's ink, None for a character that PDFium made up (spaces, line ends)."""
    if not _char_box(text, index, _D[0], _D[2], _D[1], _D[3]):  # left, right, bottom, top
        return None
    box = Rect._make(_doubles[:])
    return box if box.right > box.left or box.top > box.bottom else None


def displayed_size(text: Handle, index: int) -> float:
    """Return the size in points at which a character is drawn: font size times the scale of its matrix."""
    size = float(font_size(text, index))
    if _matrix(text, index, _F[0]):
        c, d = _floats[2], _floats[3]
        size *= (c * c + d * d) ** 0.5 or 1.0
    return size


def quarter_turns(text: Handle, index: int) -> int | None:
    """Return how many quarter turns counterclockwise a character's line runs in user space, None if no whole ones."""
    if not _matrix(text, index, _F[0]):
        return None
    a, b = _floats[0], _floats[1]
    if abs(a) > 20 * abs(b):
        return 0 if a > 0 else 2
    if abs(b) > 20 * abs(a):
        return 1 if b > 0 else 3
    return None


def font_name(text: Handle, index: int) -> str:
    """Return the name of a character's font, "" when it has none."""
    buffer = ctypes.create_string_buffer(128)
    n_bytes = _font_info(text, index, ctypes.addressof(buffer), 128, _U[0])
    return buffer.value.decode("latin-1") if 0 < n_bytes <= len(buffer) else ""


def fill_colour(text: Handle, index: int) -> tuple[int, int, int, int] | None:
    """Return red, green, blue and alpha from 0 to 255 of a character's fill."""
    if not _fill_colour(text, index, _U[0], _U[1], _U[2], _U[3]):
        return None
    red, green, blue, alpha = _uints[:]
    return red, green, blue, alpha


def object_colour(page_object: Handle) -> tuple[int, int, int, int] | None:
    """Return red, green, blue and alpha from 0 to 255 of a page object's fill."""
    if not _object_colour(page_object, *_U):
        return None
    return _uints[0], _uints[1], _uints[2], _uints[3]


def bounds(page_object: Handle) -> Rect | None:
    """Return the bounding box of a page object."""
    return Rect(_floats[0], _floats[1], _floats[2], _floats[3]) if _bounds(page_object, *_F) else None


def to_device(page: Handle, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    """Return where PDFium would draw a point of user space on a picture of `size` pixels, origin top left."""
    _to_device(page, 0, 0, size[0], size[1], 0, x, y, _U[0], _U[1])
    return ctypes.c_int(_uints[0]).value, ctypes.c_int(_uints[1]).value
