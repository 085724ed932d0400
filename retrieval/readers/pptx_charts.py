"""Charts as tables: the title, the categories and the series with the values that the file keeps."""

from __future__ import annotations

from collections.abc import Iterator

from docqa.retrieval.readers.blocks import Block, Paragraph, Row, Table, row_text
from docqa.retrieval.readers.cleaning import clean_line
from docqa.retrieval.readers.number_formats import plain, shower
from docqa.retrieval.readers.safe_xml import Element, child, descendants, integer, local

_MAX_POINTS = 10_000
_CACHES = ("{*}strCache", "{*}numCache", "{*}strLit", "{*}numLit", "{*}lvl")


def chart_table(root: Element) -> Iterator[Block]:
    """The chart's title as a paragraph and its data as one table; nothing for a chart that keeps no values."""
    chart = child(root, "chart")
    title = clean_line(" ".join(text.text or "" for text in descendants(child(chart, "title"), "t")))
    if title:
        yield Paragraph(title)
    series = list(descendants(child(chart, "plotArea"), "ser"))
    names = [" ".join(_points(child(each, "tx")).values()) for each in series]
    values = [_points(_first(each, "val", "yVal")) for each in series]
    categories = [_points(_first(each, "cat", "xVal")) for each in series]
    labels = {index: label for each in reversed(categories) for index, label in each.items()}
    indices = sorted({index for each in values for index in each})[:_MAX_POINTS]
    if indices:
        header = ("", *names)
        rows = [Row(header)] if any(names) else []
        rows += [Row((labels.get(i, str(i + 1)), *(each.get(i, "") for each in values))) for i in indices]
        yield Table(tuple(rows), row_text(header) if any(names) else "", title)


def _first(element: Element, *names: str) -> Element | None:
    return next((found for name in names if (found := child(element, name)) is not None), None)


def _points(source: Element | None) -> dict[int, str]:
    """The cached points of a reference by their index; categories of several levels are joined."""
    found: dict[int, str] = {}
    for cache in source.iter(*_CACHES) if source is not None else ():
        code = child(cache, "formatCode")
        for point in (each for each in cache if local(each) == "pt"):
            value = child(point, "v")
            text = _shown(value.text or "" if value is not None else "", code.text or "" if code is not None else "")
            index = integer(point, "idx")
            found[index] = f"{text} {found[index]}" if index in found else text
    return found


def _shown(value: str, code: str) -> str:
    try:
        return (shower(code) if code and code != "General" else plain)(float(value))
    except (ValueError, OverflowError):
        return clean_line(value)
