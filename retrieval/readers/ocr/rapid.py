"""RapidOCR (the extra `ocr`): runs wherever pip does, with the models that lie in its wheel and no others."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from docqa.documents import Box
from docqa.retrieval.readers.ocr.reading_order import in_reading_order
from docqa.retrieval.readers.ocr.words import Engine, OcrFailed, OcrPage, RecognisedWord, ocr_page

_NAME = "rapidocr"
_REMEDY = "`pip install 'docqa[ocr]'`"
_MODELS = {"Det": "*_det_*.onnx", "Cls": "*_cls_*.onnx", "Rec": "*_rec_*.onnx"}
# What the recogniser in the wheel was trained for and has the letters of. Models for Cyrillic, Greek, Arabic, Korean
# and Indian scripts exist, but rapidocr downloads them.
_LATIN = (
    "eng fra deu spa ita por nld dan nor swe fin isl pol ces slk slv hrv bos srp_latn hun ron lav lit est tur ind msa "
    "cat eus glg gle cym afr sqi lat oci ltz mlt epo swa tgl uzb aze mri que"
)
_LANGUAGES = frozenset([*_LATIN.split(), "chi_sim", "chi_tra", "jpn"])
_lock = threading.Lock()


def status(languages: Sequence[str]) -> Engine:
    """Say whether the package and its models are installed and know the languages. Imports nothing heavy."""
    if importlib.util.find_spec("rapidocr") is None or importlib.util.find_spec("onnxruntime") is None:
        return Engine(_NAME, "", False, f"not installed; {_REMEDY}")
    version = importlib.metadata.version("rapidocr")
    if len(_model_paths()) < len(_MODELS):
        return Engine(_NAME, version, False, f"its models are missing from the package; reinstall it: {_REMEDY}")
    if unknown := [code for code in languages if code not in _LANGUAGES]:
        reason = f"its models do not read {', '.join(unknown)}; install tesseract with that language"
        return Engine(_NAME, version, False, reason)
    return Engine(_NAME, version, True, "")


def recognise(image: bytes, languages: Sequence[str], timeout_s: float) -> OcrPage:
    """Read one picture. One model serves all languages; the time limit cannot be kept, as this runs in-process.

    Raises OcrFailed when the picture cannot be decoded.
    """
    del languages, timeout_s
    with _lock:
        found = _run(_engine(), image)
    lines = [line for line in found if line]
    words: list[RecognisedWord] = []
    for block, group in enumerate(in_reading_order(lines)):
        words += [RecognisedWord(*word, block, i) for i, line in enumerate(group) for word in line]
    return ocr_page(words, _NAME)


_Word = tuple[str, Box, float]


def _run(engine: Any, image: bytes) -> list[list[_Word]]:
    load_image = importlib.import_module("rapidocr.utils.load_image")
    try:
        result = engine(image, return_word_box=True)
    except (load_image.LoadImageError, OSError) as error:
        raise OcrFailed(f"rapidocr could not open the picture ({type(error).__name__})") from None
    if result.txts is None:
        return []
    return [list(_words(line)) for line in result.word_results]


def _words(line: Sequence[Any]) -> Iterator[_Word]:
    """Yield a line's words; the engine gives each the four corners of its box."""
    for text, confidence, corners in line:
        if corners is not None and text.strip():
            xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
            yield text.strip(), Box(min(xs), min(ys), max(xs), max(ys)), float(confidence)


@lru_cache(maxsize=1)
def _engine() -> Any:
    """Load the models from the package: with explicit paths rapidocr downloads nothing."""
    rapidocr = importlib.import_module("rapidocr")
    importlib.import_module("cv2").setNumThreads(1)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    paths = {f"{task}.model_path": str(path) for task, path in _model_paths().items()}
    return rapidocr.RapidOCR(params={"Global.log_level": "error", **threads, **paths})


@lru_cache(maxsize=1)
def _model_paths() -> dict[str, Path]:
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "models"
    found = {task: sorted(folder.glob(pattern)) for task, pattern in _MODELS.items()}
    return {task: paths[0] for task, paths in found.items() if paths}
