"""What `docqa verify` and `docqa export` are given: a saved answer, an evidence file that holds one, or Markdown.

Anybody may have edited such a file, so nothing in it is trusted to be of the right type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from docqa.answers import Answer, Citation
from docqa.app import streams
from docqa.errors import UsageError

STDIN = "-"
EVIDENCE_ID = "docqa-answer"

_MAX_BYTES = 200_000_000  # an evidence file holds pictures
_EMBEDDED = re.compile(rf'<script type="application/json" id="{EVIDENCE_ID}">(.*?)</script>', re.DOTALL)
_MARKDOWN = frozenset(".md .markdown .mdown .qmd .rmd .txt .text".split())
_HTML = frozenset((".html", ".htm", ".xhtml"))
_FIRST = "the saved answer comes first: docqa verify answer.json FILES..."


@dataclass(frozen=True, slots=True)
class Markdown:
    """Somebody's text with quotes."""

    text: str


def read_saved(name: str, files: Sequence[str]) -> Answer | Markdown:
    """The answer or the text of a file or of standard input; raises UsageError, with its name, when it is neither."""
    if name == STDIN and STDIN in files:
        raise UsageError("only one of answer and document can come from standard input")
    shown = "standard input" if name == STDIN else name
    try:
        return _understood(_bytes_of(name), _kind(name))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown}: no JSON; {_FIRST}") from error
    except OSError as error:
        raise UsageError(f"{shown}: the answer cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from error


def read_answer(name: str, files: Sequence[str]) -> Answer:
    """As `read_saved`, where Markdown will not do."""
    saved = read_saved(name, files)
    if isinstance(saved, Markdown):
        raise UsageError(f"{name}: is no saved answer; make one with docqa ask --json")
    return saved


def embedded(answer: Answer) -> str:
    """The answer as JSON inside of HTML, as `read_saved` finds it again; no text of it can end the element."""
    text = json.dumps(answer.to_json(), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{EVIDENCE_ID}">{text}</script>'


def _kind(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    if name == STDIN or not suffix:
        return "any"
    return "markdown" if suffix in _MARKDOWN else "html" if suffix in _HTML else "json"


def _understood(content: bytes, kind: str) -> Answer | Markdown:
    text = content.decode("utf-8-sig")
    if kind == "any":
        start = text.lstrip()[:15].lower()
        kind = "json" if start.startswith("{") else "html" if start.startswith(("<!doctype html", "<html")) else kind
    if kind in ("markdown", "any"):
        return Markdown(text)
    if kind == "html":
        found = _EMBEDDED.search(text)
        if found is None:
            raise UsageError("holds no answer of docqa; evidence files are made by docqa export")
        text = found.group(1)
    answer = Answer.from_json(json.loads(text))
    _check_types(answer)
    return answer


def _bytes_of(name: str) -> bytes:
    if name == STDIN:
        read = streams.stdin_bytes().read(_MAX_BYTES + 1)
    else:
        with open(name, "rb") as file:
            read = file.read(_MAX_BYTES + 1)
    if len(read) > _MAX_BYTES:
        raise UsageError(f"more than {_MAX_BYTES:,} bytes are no saved answer")
    return read


def _check_types(answer: Answer) -> None:
    """Raise UsageError where a value that is looked up or shown is of the wrong type."""
    for number, statement in enumerate(answer.statements, start=1):
        _check(f"statement {number}", [statement.text], statement.emphasis or ())
        for citation in statement.citations:
            _check_citation(f"statement {number}", citation)
    for citation in answer.absence.nearest if answer.absence else ():
        _check_citation("absence", citation)
    for refused in answer.check.refused if answer.check else ():
        _check("check", [refused.statement, refused.action], ())
        for citation in refused.citations:
            _check_citation("check", citation)
    absence = () if answer.absence is None else (answer.absence.reason, *answer.absence.terms)
    missing = () if answer.absence is None else answer.absence.missing_terms
    head = [answer.question, answer.status, answer.route.strategy, answer.route.reason]
    _check("the answer", [*head, *answer.warnings, *absence, *missing], answer.seconds.values())
    _check("coverage", answer.coverage.unreadable, (answer.coverage.pages, answer.coverage.pages_read))
    for document in answer.documents:
        _check("documents", [document.document, document.sha256], [document.pages])


def _check_citation(where: str, citation: Citation) -> None:
    texts = [citation.document, citation.sha256, citation.locator, citation.quote, citation.verdict]
    numbers = [citation.part, citation.start_char, citation.end_char, *(side for box in citation.boxes for side in box)]
    support = citation.support
    _check(where, [*texts, *((support.label, support.judge) if support else ())], numbers)
    _check(where, (), [n for n in (support and support.score, citation.ocr_confidence) if n is not None])


def _check(where: str, texts: Iterable[object], numbers: Iterable[object]) -> None:
    if not all(isinstance(t, str) for t in texts) or not all(isinstance(n, int | float) for n in numbers):
        raise UsageError(f"the saved answer is damaged: a value of the wrong type in {where}")
