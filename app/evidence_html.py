"""An evidence file: one HTML page with the answer, its verdicts and the pages that prove it, and nothing from outside.

Whatever comes from a document or a model is escaped, and the page's own policy forbids scripts and every connection.
The answer's JSON is embedded, so that `docqa verify` can check the file again.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from docqa.answers import Answer, Statement, Support, one_line
from docqa.app.evidence import Evidence, Exhibit
from docqa.app.evidence_style import STYLE
from docqa.app.reports import emphasis
from docqa.app.saved_texts import embedded
from docqa.checks import Refused

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STATUS = {"answered": "good", "partial": "fair", "not_found": "bad"}
_TONE = {
    "supports": "good",
    "partly": "fair",
    "unrelated": "bad",
    "contradicts": "bad",
    "verbatim": "good",
    "close": "fair",
}
_ACTIONS = {
    "statement_removed": "left out of the answer",
    "citations_removed": "citation removed: it added nothing",
    "citations_replaced": "citation replaced by one that bears the statement out",
}


def html(evidence: Evidence) -> str:
    """The whole file."""
    answer = evidence.answer
    title = escape(one_line(answer.question))
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}</style>"
    )
    body = "".join(
        (
            *_heading(evidence),
            *_statements(evidence),
            *_absence(evidence),
            *_exhibits(evidence),
            *_refused(answer),
            *_remarks(evidence),
            *_making(answer),
        )
    )
    page = f'<html lang="en"><head>{head}</head><body><main>{body}</main>{embedded(answer)}</body></html>'
    return f"<!doctype html>\n{page}\n"


def _heading(evidence: Evidence) -> Iterator[str]:
    answer = evidence.answer
    yield f'<header><p class="kicker">docqa evidence</p><h1>{escape(one_line(answer.question))}</h1><p class="badges">'
    yield _badge(answer.status.replace("_", " "), _STATUS.get(answer.status, "plain"))
    if evidence.rows:
        tone = "good" if evidence.n_standing == len(evidence.rows) else "bad"
        yield _badge(f"{evidence.verified}, checked again for this file", tone)
    score = answer.check.score if answer.check else None
    if score is not None:
        s = score.score
        shown = f"citation recall {s.recall:.0%}, precision {s.precision:.0%}, F1 {s.f1:.0%}"
        yield _badge(f"{shown} ({score.mode}, judge: {score.judge})", "plain")
    yield "</p></header>"


def _statements(evidence: Evidence) -> Iterator[str]:
    if not evidence.answer.statements:
        return
    stands = {exhibit.number: exhibit.stands for exhibit in evidence.exhibits}
    yield '<section class="answer">'
    for statement, marks in zip(evidence.answer.statements, evidence.marks, strict=True):
        links = "".join(
            f'<a class="mark{"" if stands[n] else " bad"}" href="#exhibit-{n}">{n}{"" if stands[n] else " ✗"}</a>'
            for n in marks
        )
        flagged = "" if marks else _badge("no citation", "bad")
        yield f"<p>{_emphasised(statement)} {links}{flagged}</p>"
    yield "</section>"


def _emphasised(statement: Statement) -> str:
    """The statement, the words that answer in bold."""
    line = one_line(statement.text)
    if statement.emphasis is None:
        return escape(line)
    start, end = emphasis(statement, line)
    return f"{escape(line[:start])}<b>{escape(line[start:end])}</b>{escape(line[end:])}"


def _absence(evidence: Evidence) -> Iterator[str]:
    """The proof of a refusal: what was looked for, where, and what came nearest."""
    answer = evidence.answer
    if answer.absence is None:
        return
    coverage = answer.coverage
    yield f'<section class="answer"><p>{escape(one_line(answer.absence.reason))}</p>'
    if answer.absence.terms:
        yield f"<p class=note>Looked in {coverage.pages_read} of {coverage.pages} pages for "
        yield _words(answer.absence.terms)
        if answer.absence.missing_terms:
            yield f"; nowhere in them: {_words(answer.absence.missing_terms)}"
        yield ".</p>"
    yield "</section>"
    if evidence.nearest:
        yield "<section><h2>Nearest passages</h2>"
        for exhibit in evidence.nearest:
            yield from _exhibit(exhibit, "nearest")
        yield "</section>"


def _words(words: Sequence[str]) -> str:
    return ", ".join(f"<em>{escape(one_line(word))}</em>" for word in words)


def _exhibits(evidence: Evidence) -> Iterator[str]:
    if not evidence.exhibits:
        return
    yield "<section><h2>Evidence</h2>"
    for exhibit in evidence.exhibits:
        yield from _exhibit(exhibit, "exhibit")
    if evidence.left_out:
        yield f"<p class=note>{evidence.left_out} more pictures of pages are left out to keep the file small.</p>"
    yield "</section>"


def _exhibit(exhibit: Exhibit, kind: str) -> Iterator[str]:
    citation, row = exhibit.citation, exhibit.row
    yield f'<figure id="{kind}-{exhibit.number}"><figcaption><span class="number">{exhibit.number}</span>'
    yield f"<strong>{escape(one_line(citation.document))}</strong> {escape(one_line(citation.locator))}"
    yield f'<span class="badges">{"".join(_verdicts(exhibit))}</span></figcaption>'
    if row is not None and not exhibit.stands:
        found = row["found"]
        where = f"; found in {found['document']}, {found['locator']}" if found else ""
        reason = f"Checked again for this file, it does not stand: {row['verdict']}, {row['support']}{where}."
        yield f'<p class="alarm">{escape(one_line(reason))}</p>'
    if exhibit.picture is not None:
        data = base64.b64encode(exhibit.picture).decode("ascii")
        yield f'<img alt="The quoted words on the page" src="data:image/png;base64,{data}">'
    rows = ' class="rows"' if "\t" in citation.quote else ""
    yield f"<blockquote{rows}>{escape(exhibit.before)}<mark>{escape(citation.quote)}</mark>{escape(exhibit.after)}"
    yield "</blockquote></figure>"


def _verdicts(exhibit: Exhibit) -> Iterator[str]:
    citation, row = exhibit.citation, exhibit.row
    verdict = str(row["verdict"]) if row else citation.verdict
    yield _badge(verdict.replace("_", " "), _TONE.get(verdict, "bad"))
    if citation.support is not None:
        yield _support(citation.support)
    if citation.ocr_confidence is not None:
        yield _badge(f"OCR {citation.ocr_confidence:.0%}", "fair")


def _support(support: Support) -> str:
    score = "" if support.score in (0.0, 1.0) else f" {support.score:.2f}"
    return _badge(f"{support.label}{score} · {support.judge}", _TONE.get(support.label, "bad"))


def _refused(answer: Answer) -> Iterator[str]:
    if answer.check is None or not answer.check.refused:
        return
    yield f"<section><h2>What the check did not let through</h2><p class=note>{escape(str(answer.check))}</p><ul>"
    for refused in answer.check.refused:
        action = _badge(_ACTIONS.get(refused.action, refused.action), "fair")
        yield f"<li><p>{escape(one_line(refused.statement))} {action}</p>"
        yield from _refused_citations(refused)
        yield "</li>"
    yield "</ul></section>"


def _refused_citations(refused: Refused) -> Iterator[str]:
    for citation in refused.citations:
        verdict = _badge(citation.verdict.replace("_", " "), _TONE.get(citation.verdict, "bad"))
        support = "" if citation.support is None else _support(citation.support)
        place = f"{one_line(citation.document) or 'an unknown document'}, {one_line(citation.locator)}"
        yield f"<p class=note>{escape(place)}: “{escape(one_line(citation.quote))}” {verdict}{support}</p>"


def _remarks(evidence: Evidence) -> Iterator[str]:
    coverage, warnings = evidence.answer.coverage, evidence.answer.warnings
    lines = [f"{coverage.pages_read} of {coverage.pages} pages could be read and were searched."]
    if coverage.pages_shown is not None:
        lines.append(f"The answer was written from passages on {coverage.pages_shown} pages.")
    if coverage.unreadable:
        lines.append(f"Unreadable: {', '.join(map(one_line, coverage.unreadable))}.")
    yield "<section><h2>Coverage and warnings</h2><ul>"
    yield "".join(f"<li>{escape(line)}</li>" for line in [*lines, *map(one_line, warnings)])
    yield "</ul></section>"


def _making(answer: Answer) -> Iterator[str]:
    """What the answer was made from and with, and how to check it again."""
    yield "<section><h2>How it was made</h2>"
    yield _table(
        ["document", "pages", "SHA-256"],
        [[one_line(d.document), str(d.pages), d.sha256] for d in answer.documents]
        or [[c.document, "", c.sha256] for c in {c.sha256: c for c in answer.citations}.values()],
    )
    made: Mapping[str, object] = {
        "route": f"{answer.route.strategy}: {answer.route.reason}",
        **{f"setting {name}": value for name, value in answer.made_with.items()},
        **{f"used {name}": count for name, count in answer.usage.items()},
        **{f"seconds {name}": f"{seconds:.3f}" for name, seconds in answer.seconds.items()},
    }
    yield _table(["", ""], [[name, one_line(str(value))] for name, value in made.items()])
    yield (
        "<p class=note>This file holds the answer as JSON. It can be checked again, with no model and no network: "
        "<code>docqa verify THIS-FILE.html DOCUMENTS…</code></p></section>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = [f"<tr>{cells}</tr>"] if any(head) else []
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _badge(text: str, tone: str) -> str:
    return f'<span class="badge {tone}">{escape(one_line(text))}</span>'
