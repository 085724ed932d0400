"""PowerPoint presentations (PPTX): a page for each slide, its shapes in reading order, then its speaker notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from docqa.documents import Health, Page
from docqa.retrieval.readers import flow
from docqa.retrieval.readers.archive import Archive
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.blocks import Block, Paragraph
from docqa.retrieval.readers.packages import Relation, main_part, related, relation_id, relations
from docqa.retrieval.readers.pptx_charts import chart_table
from docqa.retrieval.readers.pptx_shapes import Layout, Shape, in_reading_order, layout_of, shapes
from docqa.retrieval.readers.pptx_text import shape_blocks, shape_text
from docqa.retrieval.readers.reading import PagedReading
from docqa.retrieval.readers.safe_xml import Element, attribute, child, children, descendants, parse

_HIDDEN_SLIDE = "hidden slide"
_ONLY_PICTURES = "only pictures; docqa does not read text inside the pictures of a slide"
_TITLES = ("title", "ctrTitle")
# Page number, date and footer stand on every slide.
_FURNITURE = ("sldNum", "dt", "ftr", "hdr")


class PptxReader:
    """Reads .pptx, .pptm, .ppsx, .ppsm and .potx."""

    version = "pptx-2"

    def open(self, path: Path, options: ReadOptions, first_page: int = 0) -> PagedReading:
        """Raises `UnreadableDocument` for damage, `UnsafeDocument` for bombs and XML tricks, `NoTextFound`."""
        return PagedReading(path, options, first_page, lambda: _pages(path, options))


@dataclass(frozen=True, slots=True)
class _Slide:
    archive: Archive
    links: dict[str, Relation]
    layout: Layout


def _pages(path: Path, options: ReadOptions) -> Iterator[Page]:
    with Archive(path, options.limits) as archive:
        part = main_part(archive)
        links = relations(archive, part)
        layouts: dict[str, Layout] = {}
        slides = (links.get(relation_id(each)) for each in children(child(parse(archive, part), "sldIdLst"), "sldId"))
        for number, link in enumerate(slides, 1):
            if link is not None and link.target in archive:
                yield from _slide_pages(archive, link.target, number, layouts)


def _slide_pages(archive: Archive, part: str, number: int, layouts: dict[str, Layout]) -> Iterator[Page]:
    root = parse(archive, part)
    links = relations(archive, part)
    layout_part = next((each for each in related(links, "slideLayout") if each in archive), "")
    if layout_part not in layouts:
        layouts[layout_part] = layout_of(archive, layout_part)
    slide = _Slide(archive, links, layouts[layout_part])
    is_hidden = attribute(root, "show") in ("0", "false")
    naming = flow.Naming(fixed=f"slide {number} (hidden)" if is_hidden else f"slide {number}")
    pages = list(flow.pages(_slide_blocks(slide, root), naming)) or [_empty_page(root, naming)]
    for page in pages:
        yield _marked_hidden(page) if is_hidden else page


def _marked_hidden(page: Page) -> Page:
    note = "; ".join(filter(None, (_HIDDEN_SLIDE, page.health.note)))
    return replace(page, health=replace(page.health, n_hidden_chars=len(page.text), note=note))


def _empty_page(root: Element, naming: flow.Naming) -> Page:
    has_picture = next(descendants(root, "blip"), None) is not None
    health = Health("unreadable", note=_ONLY_PICTURES) if has_picture else Health("blank")
    return Page(0, "", place=naming.fixed or "", health=health)


def _slide_blocks(slide: _Slide, root: Element) -> Iterator[Block]:
    found = list(shapes(child(root, "cSld", "spTree"), slide.layout))
    titles = [each for each in found if each.placeholder in _TITLES]
    others = [each for each in found if each.placeholder not in _TITLES]
    for shape in (*titles, *in_reading_order(others)):
        yield from _shape_blocks(slide, shape)
    yield from _notes(slide)


def _shape_blocks(slide: _Slide, shape: Shape) -> Iterator[Block]:
    if shape.placeholder in _FURNITURE:
        text = shape_text(shape.element)
        yield from [Paragraph(text, "furniture")] if text else []
    elif shape.is_hidden:
        text = shape_text(shape.element)
        yield from [Paragraph(text, "hidden")] if text else []
    else:
        yield from shape_blocks(shape.element, is_title=shape.placeholder in _TITLES)
        for chart in descendants(shape.element, "chart"):
            link = slide.links.get(relation_id(chart))
            if link is not None and link.target in slide.archive:
                yield from chart_table(parse(slide.archive, link.target))
        yield from _diagram(slide, shape.element)


def _diagram(slide: _Slide, element: Element) -> Iterator[Block]:
    """SmartArt keeps its words in a part of its own, one point for each node."""
    for ids in descendants(element, "relIds"):
        link = slide.links.get(attribute(ids, "dm") or "")
        if link is not None and link.target in slide.archive:
            for body in descendants(parse(slide.archive, link.target), "t"):
                yield from shape_blocks(body) if len(body) else ()


def _notes(slide: _Slide) -> Iterator[Block]:
    for part in related(slide.links, "notesSlide")[:1]:
        if part not in slide.archive:
            continue
        tree = child(parse(slide.archive, part), "cSld", "spTree")
        bodies = [each for each in shapes(tree, Layout()) if each.placeholder == "body"]
        texts = [text for body in bodies if (text := shape_text(body.element))]
        if texts:
            yield Paragraph("Notes: " + "\n".join(texts))
