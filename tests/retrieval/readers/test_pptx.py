"""PowerPoint presentations, written by python-pptx."""

from __future__ import annotations

from pathlib import Path

import pptx
from PIL import Image
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from docqa.documents import Page
from tests.retrieval.readers.samples import marked, read, write_pptx


def deck_with(n_slides: int = 1) -> tuple[Presentation, list[Slide]]:
    deck = pptx.Presentation()
    return deck, [deck.slides.add_slide(deck.slide_layouts[6]) for _ in range(n_slides)]


def write_box(slide: Slide, text: str, left: float, top: float) -> None:
    slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5)).text_frame.text = text


def pages_of(deck: Presentation, tmp_path: Path) -> list[Page]:
    deck.save(str(tmp_path / "made.pptx"))
    return read(tmp_path / "made.pptx")


def test_each_slide_is_a_page_with_its_title_and_notes(tmp_path: Path) -> None:
    first, second = read(write_pptx(tmp_path / "a.pptx"))
    assert (first.place, first.number) == ("slide 1", None)
    assert marked(first, "heading") == ["Outlook"]
    assert marked(first, "paragraph") == ["Demand grows", "Prices fall", "Notes: Say this slowly."]
    assert second.place == "slide 2"


def test_tables_and_charts_are_rows(tmp_path: Path) -> None:
    page = read(write_pptx(tmp_path / "a.pptx"))[1]
    assert marked(page, "row") == ["Region\tSales", "North\t12", "\tOutput", "Q1\t1.5", "Q2\t2.5"]
    assert [region.header for region in page.regions if region.kind == "table"] == ["Region\tSales", "\tOutput"]


def test_shapes_are_read_line_by_line(tmp_path: Path) -> None:
    deck, (slide,) = deck_with()
    write_box(slide, "bottom", 1, 5)
    write_box(slide, "right", 5, 2.1)
    write_box(slide, "left", 1, 2)
    write_box(slide, "top", 3, 0.5)
    (page,) = pages_of(deck, tmp_path)
    assert marked(page, "paragraph") == ["top", "left", "right", "bottom"]


def test_shapes_in_groups_stand_where_the_slide_shows_them(tmp_path: Path) -> None:
    deck, (slide,) = deck_with()
    write_box(slide, "middle", 1, 3)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(0.5)).text_frame.text = "grouped"
    group.left, group.top = Inches(1), Inches(5)
    (page,) = pages_of(deck, tmp_path)
    assert marked(page, "paragraph") == ["middle", "grouped"]


def test_a_placeholder_without_a_box_stands_where_its_layout_says(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Title"
    write_box(slide, "below the body", 1, 7)
    write_box(slide, "above the body", 1, 1)
    slide.placeholders[1].text_frame.text = "body"
    (page,) = pages_of(deck, tmp_path)
    assert marked(page, "paragraph") == ["above the body", "body", "below the body"]


def test_a_hidden_slide_is_marked(tmp_path: Path) -> None:
    deck, (shown, hidden) = deck_with(2)
    write_box(shown, "seen", 1, 1)
    write_box(hidden, "unseen", 1, 1)
    hidden._element.set("show", "0")
    first, second = pages_of(deck, tmp_path)
    assert (first.health.note, second.health.note) == ("", "hidden slide")
    assert (first.place, second.place) == ("slide 1", "slide 2 (hidden)")
    assert second.health.n_hidden_chars == len(second.text) == 6


def test_a_slide_of_pictures_is_unreadable_and_an_empty_one_blank(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    deck, (picture, _, text) = deck_with(3)
    picture.shapes.add_picture(str(tmp_path / "red.png"), 0, 0)
    write_box(text, "words", 1, 1)
    pages = pages_of(deck, tmp_path)
    assert [page.health.source for page in pages] == ["unreadable", "blank", "text"]
    assert "only pictures" in pages[0].health.note
    assert [page.place for page in pages] == ["slide 1", "slide 2", "slide 3"]


def test_numbered_paragraphs_show_their_numbers_and_hidden_shapes_are_hidden(tmp_path: Path) -> None:
    deck, (slide,) = deck_with()
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame
    box.text = "first"
    box.add_paragraph().text = "second"
    for paragraph in box.paragraphs:
        properties = paragraph._p.get_or_add_pPr()
        properties.append(
            properties.makeelement("{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum", {})
        )
    write_box(slide, "trap", 1, 3)
    slide.shapes[-1]._element.xpath(".//p:cNvPr")[0].set("hidden", "1")
    (page,) = pages_of(deck, tmp_path)
    assert marked(page, "paragraph") == ["1. first", "2. second"]
    assert marked(page, "hidden") == ["trap"]


def test_slides_come_in_the_order_of_the_show(tmp_path: Path) -> None:
    deck, slides = deck_with(3)
    for number, slide in enumerate(slides):
        write_box(slide, f"made {number}", 1, 1)
    order = deck.slides._sldIdLst
    order.insert(0, order[-1])
    assert [page.text for page in pages_of(deck, tmp_path)] == ["made 2", "made 0", "made 1"]
