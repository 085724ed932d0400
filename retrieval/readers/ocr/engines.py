"""Choose an OCR engine that is installed and can read the asked languages, and run it on one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docqa.errors import UsageError
from docqa.retrieval.readers.ocr import rapid, tesseract
from docqa.retrieval.readers.ocr.words import Engine, OcrFailed, OcrPage, OcrUnavailable, RecognisedWord

__all__ = ["Engine", "OcrFailed", "OcrPage", "OcrUnavailable", "RecognisedWord", "available_engines", "recognise"]

_Recognise = Callable[[bytes, Sequence[str], float], OcrPage]
_Status = Callable[[Sequence[str]], Engine]
_ENGINES: dict[str, tuple[_Status, _Recognise]] = {
    "tesseract": (tesseract.status, tesseract.recognise),
    "rapidocr": (rapid.status, rapid.recognise),
}


def recognise(
    image: bytes, languages: Sequence[str] = ("eng",), engine: str = "auto", timeout_s: float = 60.0
) -> OcrPage:
    """Read the words of a PNG in reading order.

    `languages` are ISO 639-2 codes as tesseract names them. `engine` is "auto", "tesseract" or "rapidocr"; "auto"
    takes the first that is usable. 200 dpi is enough for body text, 300 for small print. The time limit binds
    tesseract, which is a process of its own; rapidocr runs in this process and cannot be stopped.
    Raises OcrUnavailable (say so on the page's health and go on), OcrFailed for this one picture, and UsageError for
    an engine name that nobody knows.
    """
    names = list(_ENGINES) if engine == "auto" else [engine]
    if unknown := [n for n in names if n not in _ENGINES]:
        raise UsageError(f"unknown OCR engine {unknown[0]!r}: use auto, {', '.join(_ENGINES)}")
    reasons = []
    for name in names:
        status, run = _ENGINES[name]
        found = status(languages)
        if found.usable:
            return run(image, languages, timeout_s)
        reasons.append(f"{name}: {found.reason}")
    raise OcrUnavailable(f"no OCR for {'+'.join(languages)} ({'; '.join(reasons)})")


def available_engines(languages: Sequence[str] = ("eng",)) -> tuple[Engine, ...]:
    """Say of every engine, best first, whether it can read these languages here. Runs no recognition."""
    return tuple(status(languages) for status, _ in _ENGINES.values())
