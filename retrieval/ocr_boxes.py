"""The boxes of a span on a page that OCR read, from the boxes of its words."""

from __future__ import annotations

from collections.abc import Sequence

from docqa.documents import Box, OcrWord, Span

SAME_LINE_OVERLAP = 0.5


def word_boxes(words: Sequence[OcrWord], span: Span) -> tuple[Box, ...]:
    """One box for each printed line that the span touches, in reading order.

    Words follow each other on a line while each stands to the right of the last and shares half its height.
    """
    boxes: list[Box] = []
    for word in words:
        if word.start_char >= span.end_char or word.end_char <= span.start_char:
            continue
        if boxes and _goes_on(boxes[-1], word.box):
            boxes[-1] = _around(boxes[-1], word.box)
        else:
            boxes.append(word.box)
    return tuple(boxes)


def _goes_on(line: Box, word: Box) -> bool:
    overlap = min(line.y1, word.y1) - max(line.y0, word.y0)
    height = min(line.y1 - line.y0, word.y1 - word.y0)
    return overlap >= SAME_LINE_OVERLAP * height and _middle(word) > _middle(line)


def _middle(box: Box) -> float:
    return (box.x0 + box.x1) / 2


def _around(first: Box, second: Box) -> Box:
    return Box(min(first.x0, second.x0), min(first.y0, second.y0), max(first.x1, second.x1), max(first.y1, second.y1))
