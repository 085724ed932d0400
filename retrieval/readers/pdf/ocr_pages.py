"""Pages that must be read from their picture: OCR in at most two threads, and what to say when there is none."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import cast

from docqa.documents import Box, Health, OcrWord, Page
from docqa.retrieval.readers.base import ReadOptions
from docqa.retrieval.readers.ocr.engines import OcrFailed, OcrUnavailable, recognise
from docqa.retrieval.readers.ocr.words import OcrPage
from docqa.retrieval.readers.pdf.frames import Frame, Json
from docqa.retrieval.readers.pdf.replies import is_mostly_picture, page_of

_N_THREADS = 2
_TIMEOUT_S = 120.0


@dataclass(slots=True)
class OcrPages:
    """Turns replies into pages, by OCR where the reply brings a picture. `missing` says why there is no OCR, if so."""

    options: ReadOptions
    missing: str = ""
    _pool: ThreadPoolExecutor | None = field(default=None)

    @property
    def mode(self) -> str:
        """What to ask the child for: a picture never, always, or of pages that need one."""
        return "off" if self.missing else self.options.ocr

    def page(self, index: int, reply: Frame) -> Future[Page]:
        """Return the page, at once or when OCR is done."""
        page = page_of(index, reply.body)
        if reply.blob:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_N_THREADS, thread_name_prefix="ocr")
            return self._pool.submit(self._read, page, reply)
        return done(self._without_ocr(page, reply.body))

    def close(self) -> None:
        """Forget what is not begun and wait for what is."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _read(self, page: Page, reply: Frame) -> Page:
        try:
            found = recognise(reply.blob, self.options.ocr_languages, timeout_s=_TIMEOUT_S)
        except OcrUnavailable as error:
            self.missing = f"OCR is not available: {error}"
            return self._without_ocr(page, reply.body)
        except OcrFailed as error:
            return _unread(page, reply.body, f"OCR failed: {error}")
        return _recognised(page, reply.body, found, self.options.ocr == "force")

    def _without_ocr(self, page: Page, body: Json) -> Page:
        if body["needs_ocr"]:
            return _unread(page, body, self.missing or "OCR is off")
        if self.options.ocr == "force" and self.missing:
            return replace(page, health=replace(page.health, note=self.missing))
        return page


def done(page: Page) -> Future[Page]:
    """Return a future that already has its page."""
    future: Future[Page] = Future()
    future.set_result(page)
    return future


def _unread(page: Page, body: Json, reason: str) -> Page:
    """Return a page with something on it that could not be turned into text; garbled text is not kept."""
    if page.health.garbled:
        health = replace(page.health, source="unreadable", note=f"its glyphs have no trustworthy meaning; {reason}")
        return replace(page, text="", regions=(), health=health)
    if is_mostly_picture(body):
        note = f"a picture with hardly any text; {reason}" if page.text else f"no text layer; {reason}"
        return replace(page, health=replace(page.health, source="unreadable", note=note))
    return replace(page, health=replace(page.health, note=f"pictures on it were not read; {reason}"))


def _recognised(page: Page, body: Json, found: OcrPage, forced: bool) -> Page:
    """Return the page with the words of OCR, unless its text layer says more."""
    n_found = sum(len(w.text) for w in found.words)
    if not n_found and page.health.garbled:
        return _unread(page, body, "OCR found no words")
    if not n_found or (not forced and not page.health.garbled and n_found <= len(page.text)):
        note = "OCR found no words in its pictures" if not n_found else page.health.note
        return replace(page, health=replace(page.health, note=note))
    width, _ = cast("list[int]", body["picture"])
    text, words = _set_in_lines(found, page.width / width)
    health = Health("ocr", page.health.garbled, ocr_engine=found.engine, ocr_confidence=found.confidence)
    return replace(page, text=text, words=words, regions=(), health=health)


def _set_in_lines(found: OcrPage, points_per_pixel: float) -> tuple[str, tuple[OcrWord, ...]]:
    """Join words by spaces and lines by line ends, and say where each word then stands."""
    texts: list[str] = []
    words: list[OcrWord] = []
    start_char = 0
    for _, line in groupby(found.words, key=lambda w: (w.block, w.line)):
        for k, word in enumerate(line):
            separator = " " if k else ("\n" if texts else "")
            start_char += len(separator)
            end_char = start_char + len(word.text)
            box = Box(*(round(points_per_pixel * v, 2) for v in word.box))
            words.append(OcrWord(start_char, end_char, box, word.confidence))
            texts.append(separator + word.text)
            start_char = end_char
    return "".join(texts), tuple(words)
