"""Where the shapes of a slide stand, groups and inherited places included, and how a person reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from docqa.retrieval.readers.archive import Archive
from docqa.retrieval.readers.packages import chosen, related, relations
from docqa.retrieval.readers.safe_xml import Element, attribute, child, descendants, integer, local, parse

_SHAPES = ("sp", "graphicFrame", "pic", "cxnSp")
# Shapes whose tops differ by less than a quarter of an inch (914,400 EMU) stand in one line.
_SAME_LINE_EMU = 914_400 // 4
_NOWHERE = (1 << 40, 0)

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape with the type of its placeholder ("" for none) and the (top, left) of its box in EMU."""

    element: Element
    placeholder: str
    place: Place
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Where placeholders stand on slides that do not say so, by index and by type."""

    by_index: dict[str, Place] = field(default_factory=dict)
    by_type: dict[str, Place] = field(default_factory=dict)


def layout_of(archive: Archive, part: str) -> Layout:
    """The places that a slide layout and its master give to placeholders; nothing for a layout that is not there."""
    layout = Layout()
    if part not in archive:
        return layout
    master = next((each for each in related(relations(archive, part), "slideMaster") if each in archive), None)
    for source in filter(None, (part, master)):
        for shape in descendants(child(parse(archive, source), "cSld", "spTree"), "sp"):
            mark = _placeholder(shape)
            place = _own_place(shape)
            if mark is None or place is None:
                continue
            layout.by_type.setdefault(attribute(mark, "type") or "body", place)
            # Indices of the master mean nothing to a slide.
            if source == part:
                layout.by_index.setdefault(attribute(mark, "idx") or "0", place)
    return layout


def shapes(tree: Element | None, layout: Layout) -> Iterator[Shape]:
    """The shapes of a shape tree, those in groups included, in the file's order."""
    yield from _shapes(tree, layout, (1.0, 1.0, 0.0, 0.0), hidden=False)


def in_reading_order(found: list[Shape]) -> list[Shape]:
    """Line by line from the top, within a line from the left; the file's order where boxes say nothing."""
    lines: list[list[Shape]] = []
    for shape in sorted(found, key=lambda each: each.place[0]):
        if lines and shape.place[0] - lines[-1][0].place[0] < _SAME_LINE_EMU:
            lines[-1].append(shape)
        else:
            lines.append([shape])
    return [shape for line in lines for shape in sorted(line, key=lambda each: each.place[1])]


_Scale = tuple[float, float, float, float]


def _shapes(tree: Element | None, layout: Layout, scale: _Scale, hidden: bool) -> Iterator[Shape]:
    for element in tree if tree is not None else ():
        name = local(element)
        if name in _SHAPES:
            mark = _placeholder(element)
            kind = (attribute(mark, "type") or "body") if mark is not None else ""
            place = _own_place(element)
            if place is None:
                place = _inherited_place(mark, kind, layout)
            else:
                place = (int(place[0] * scale[1] + scale[3]), int(place[1] * scale[0] + scale[2]))
            yield Shape(element, kind, place, hidden or _is_hidden(element))
        elif name == "grpSp":
            yield from _shapes(element, layout, _group_scale(element, scale), hidden or _is_hidden(element))
        elif name == "AlternateContent":
            yield from _shapes(chosen(element), layout, scale, hidden)


def _placeholder(shape: Element) -> Element | None:
    for each in shape:
        if local(each).startswith("nv"):
            return child(each, "nvPr", "ph")
    return None


def _is_hidden(shape: Element) -> bool:
    for each in shape:
        if local(each).startswith("nv"):
            properties = child(each, "cNvPr")
            return properties is not None and attribute(properties, "hidden") in ("1", "true")
    return False


def _own_place(shape: Element) -> Place | None:
    transform = child(shape, "spPr", "xfrm")
    transform = child(shape, "xfrm") if transform is None else transform
    offset = child(transform, "off")
    return (integer(offset, "y"), integer(offset, "x")) if offset is not None else None


def _inherited_place(mark: Element | None, kind: str, layout: Layout) -> Place:
    if mark is None:
        return _NOWHERE
    index = attribute(mark, "idx") or "0"
    if index in layout.by_index:
        return layout.by_index[index]
    return layout.by_type.get(kind, _NOWHERE)


def _group_scale(group: Element, outer: _Scale) -> _Scale:
    """A group has its own coordinates: how they map to those of the slide, as (x factor, y factor, x, y)."""
    transform = child(group, "grpSpPr", "xfrm")
    box, inner, size, inner_size = (child(transform, name) for name in ("off", "chOff", "ext", "chExt"))
    if box is None:
        return outer
    x_factor = integer(size, "cx", 1) / max(1, integer(inner_size, "cx", integer(size, "cx", 1)))
    y_factor = integer(size, "cy", 1) / max(1, integer(inner_size, "cy", integer(size, "cy", 1)))
    x = integer(box, "x") - integer(inner, "x") * x_factor
    y = integer(box, "y") - integer(inner, "y") * y_factor
    return (outer[0] * x_factor, outer[1] * y_factor, outer[0] * x + outer[2], outer[1] * y + outer[3])
