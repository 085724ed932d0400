"""What an OCR engine found on one picture, the order in which it is read, and what can go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docqa.documents import Box
from docqa.errors import DocqaError


class OcrUnavailable(DocqaError):
    """No engine on this machine can read the languages; the message says what to install."""


class OcrFailed(DocqaError):
    """An engine was there and could not read this picture: not an image, too slow, a crash."""


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word with its box in pixels of the picture (origin top left) and its confidence from 0 to 1.

    Words of one printed line share `(block, line)`; `line` starts anew at 0 in each block. A block is a paragraph
    or a column.
    """

    text: str
    box: Box
    confidence: float
    block: int
    line: int


@dataclass(frozen=True, slots=True)
class OcrPage:
    """The words of a picture in reading order. `confidence` is their mean by characters, 0.0 without words."""

    words: tuple[RecognisedWord, ...]
    engine: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Engine:
    """Whether one engine can be used for the asked languages; `reason` says why not and what to do, "" if it can."""

    name: str
    version: str
    usable: bool
    reason: str


def ocr_page(words: Sequence[RecognisedWord], engine: str) -> OcrPage:
    """Return a page with the mean confidence of its words."""
    n_chars = sum(len(w.text) for w in words)
    confidence = sum(w.confidence * len(w.text) for w in words) / n_chars if n_chars else 0.0
    return OcrPage(tuple(words), engine, confidence)
