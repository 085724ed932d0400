"""An answer as Markdown with a footnote for each citation, in the form that `docqa verify` reads."""

from __future__ import annotations

import re

from docqa.answers import Citation, one_line
from docqa.app.evidence import Evidence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~^=&])")
_CURLY = str.maketrans({"“": '"', "”": '"'})


def markdown(evidence: Evidence) -> str:
    """The answer, its footnotes, what was refused, and what it was made with."""
    answer = evidence.answer
    lines = [f"# {_escaped(answer.question)}", ""]
    for statement, marks in zip(answer.statements, evidence.marks, strict=True):
        lines += [_escaped(statement.text) + "".join(f"[^{number}]" for number in marks), ""]
    if answer.absence is not None:
        lines += [_escaped(answer.absence.reason), ""]
        lines += [f"- {_reference(exhibit.citation)}" for exhibit in evidence.nearest]
    lines += [f"[^{exhibit.number}]: {_reference(exhibit.citation)}" for exhibit in evidence.exhibits]
    remarks = [*map(one_line, answer.warnings), str(answer.check or "")]
    if evidence.rows:
        remarks.insert(0, f"{evidence.verified}, checked again for this file.")
    lines += ["", *(f"- {_escaped(remark)}" for remark in remarks if remark)]
    for refused in answer.check.refused if answer.check else ():
        if refused.action == "statement_removed":
            lines.append(f"- Left out, since no passage bears it out: {_escaped(refused.statement)}")
    lines += ["", "| document | pages | SHA-256 |", "| --- | --- | --- |"]
    lines += [f"| {_escaped(d.document)} | {d.pages} | {d.sha256} |" for d in answer.documents]
    made = ", ".join(f"{name} {value}" for name, value in answer.made_with.items())
    lines += ["", _escaped(f"{answer.route.strategy}: {answer.route.reason}. {made}")]
    return "\n".join(lines) + "\n"


def _reference(citation: Citation) -> str:
    """A place, its quote and the verdicts: `report.pdf, p. 8 (PDF 12): “…” (verbatim, supports)`."""
    support = f", {citation.support.label}" if citation.support else ""
    place = f"{one_line(citation.document)}, {one_line(citation.locator)}"
    quote = one_line(citation.quote).translate(_CURLY)
    return f"{_escaped(place)}: “{_escaped(quote)}” ({citation.verdict}{support})"


def _escaped(text: str) -> str:
    """Text of a document or a model that Markdown does not read as anything else."""
    return _SPECIAL.sub(r"\\\1", one_line(text))
