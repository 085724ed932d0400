"""`docqa doctor`: what works on this machine, found out by doing it, a whole question included."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from docqa import __version__
from docqa.app.config import Settings
from docqa.app.front_door import DocQA
from docqa.app.offline import OfflineGuard
from docqa.errors import DocqaError
from docqa.retrieval.readers.ocr.engines import available_engines
from docqa.tokens import count_tokens

State = Literal["ok", "missing", "fails"]

_EXTRAS = {"local": "sentence_transformers", "server": "uvicorn", "ui": "streamlit", "ocr": "rapidocr"}
_SENTENCES = (
    "The harbour bridge was opened to traffic in 1932.",
    "Its main arch spans 503 metres between the two pylons.",
    "Repainting the steel takes a crew of forty about nine months.",
)
_QUESTION = "How long is the main arch of the bridge?"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `missing` is an optional part that is not installed."""

    name: str
    state: State
    detail: str


def examine(settings: Settings, guard: OfflineGuard) -> list[Check]:
    """Try every part; the last check says whether anything tried to reach the network."""
    checks = [
        Check("docqa", "ok", f"{__version__} on Python {sys.version.split()[0]}, {sys.platform}"),
        _try("cache", lambda: _cache(settings)),
        _try("tokens", _tokens),
        _ocr(settings.ocr_languages),
        *(_extra(name, module) for name, module in _EXTRAS.items()),
        _try("question", lambda: whole_question(settings)),
    ]
    return [*checks, _network(settings, guard)]


def _try(name: str, part: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", part())
    except (DocqaError, OSError) as error:
        return Check(name, "fails", str(error))


def _cache(settings: Settings) -> str:
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.cache_dir):
        return f"{settings.cache_dir} can be written"


def _tokens() -> str:
    counted = count_tokens("How many tokens are there in this sentence?")
    if counted.estimated:
        return "estimated from the length: the vocabulary of llama-index-core was not found"
    return "exact, with the vocabulary that is installed"


def _ocr(languages: Sequence[str]) -> Check:
    engines = available_engines(tuple(languages))
    usable = [f"{engine.name} {engine.version}" for engine in engines if engine.usable]
    if usable:
        return Check("ocr", "ok", f"{', '.join(usable)} for {', '.join(languages)}")
    return Check("ocr", "missing", "; ".join(engine.reason for engine in engines))


def _extra(name: str, module: str) -> Check:
    if find_spec(module) is not None:
        return Check(f"extra {name}", "ok", f"{module} is installed")
    return Check(f"extra {name}", "missing", f"pip install 'docqa[{name}]' brings {module}")


def whole_question(settings: Settings) -> str:
    """Make a PDF, read it, ask it, and say so. Raises DocqaError when the answer is not the one that it holds."""
    with tempfile.TemporaryDirectory(prefix="docqa-doctor-") as folder:
        path = Path(folder) / "bridge.pdf"
        path.write_bytes(one_page_pdf(_SENTENCES))
        agent = DocQA(replace(settings, cache_dir=Path(folder) / "cache"))
        answer = agent.ask(path, _QUESTION)
        agent.close()
    if not answer.citations or _SENTENCES[1] != answer.citations[0].quote or not answer.citations[0].boxes:
        raise DocqaError(f"the made PDF was not answered from as expected: {answer.status} {answer.text!r}")
    return "a PDF was made, read, indexed and answered from, with page and box"


def _network(settings: Settings, guard: OfflineGuard) -> Check:
    if not settings.offline:
        return Check("network", "ok", "not forbidden; add --offline to prove that nothing needs it")
    if guard.attempts:
        return Check("network", "fails", f"stopped attempts to reach {', '.join(sorted(set(guard.attempts)))}")
    return Check("network", "ok", "every connection was forbidden, and none was attempted")


def one_page_pdf(lines: Sequence[str]) -> bytes:
    """A complete PDF of one A4 page with these lines of plain ASCII, in Helvetica, without any library."""
    shown = "".join(f"({line.translate(_PDF_ESCAPES)}) Tj T* " for line in lines)
    content = f"BT /F1 12 Tf 16 TL 72 760 Td {shown}ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, written in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{written}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")


_PDF_ESCAPES = str.maketrans({"\\": r"\\", "(": r"\(", ")": r"\)"})
