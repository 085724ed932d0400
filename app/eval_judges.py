"""Judges of entailment by name, for citation scores. Each report names its judge, since its figures hang on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docqa.errors import UsageError
from docqa.eval.judges import lexical_entails
from docqa.eval.metrics import Judge


def judge(name: str) -> Judge:
    """`lexical`, `embedded`, or `nli:MODEL`; raises UsageError for another name."""
    kind, _, argument = name.partition(":")
    if kind not in JUDGES:
        raise UsageError(f"unknown judge {name!r}; known: {', '.join(sorted(JUDGES))}")
    return JUDGES[kind](argument)


def _embedded(_: str) -> Judge:
    from docqa.llm.onnx_reader import OnnxReader  # loads onnxruntime

    reader = OnnxReader()
    return Judge(reader.name, lambda premise, claim: reader.supports(claim, premise).label == "supports")


def _nli(model: str) -> Judge:
    from docqa.app.build import nli_judge

    found = nli_judge(model)
    return Judge(found.name, lambda premise, claim: found.supports(claim, premise).label == "supports")


JUDGES: Mapping[str, Callable[[str], Judge]] = {
    "lexical": lambda _: Judge("lexical", lexical_entails),
    "embedded": _embedded,
    "nli": _nli,
}
