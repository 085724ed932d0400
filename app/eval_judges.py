"""Judges of entailment by name, for citation scores. Each report names its judge, since its figures hang on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from docqa.app.config import Settings
from docqa.errors import UsageError
from docqa.eval.judges import lexical_entails
from docqa.eval.metrics import Judge
from docqa.llm.reader import ClaimJudge


def judge(name: str, settings: Settings | None = None) -> Judge:
    """`lexical`, `embedded`, `nli:MODEL`, or a language model: `openai:NAME` on the server of the settings, `local:…`.

    Raises UsageError for another name.
    """
    kind, _, argument = name.partition(":")
    if kind not in JUDGES:
        raise UsageError(f"unknown judge {name!r}; known: {', '.join(sorted(JUDGES))}")
    return JUDGES[kind](argument, settings or Settings())


def _embedded(_: str, __: Settings) -> Judge:
    from docqa.llm.onnx_reader import OnnxReader  # loads onnxruntime

    return _of(OnnxReader())


def _nli(model: str, _: Settings) -> Judge:
    from docqa.app.build import nli_judge

    return _of(nli_judge(model))


def _of(found: ClaimJudge) -> Judge:
    return Judge(found.name, lambda premise, claim: found.supports(claim, premise).label == "supports")


def _language_model(kind: str, model: str, settings: Settings) -> Judge:
    """A language model, asked as `docqa ask --judge model` asks it; its replies are kept."""
    from docqa.agents.llm_reasoner import LLMReasoner
    from docqa.app.answering import close
    from docqa.app.build import LLMS, REPLIES
    from docqa.documents import Passage
    from docqa.llm.response_cache import CachedLLM, ReplyStore
    from docqa.text import sentences

    llm, replies = LLMS[kind](settings, model), ReplyStore(settings.cache_dir / REPLIES)
    reasoner = LLMReasoner(CachedLLM(llm, replies))

    def entails(premise: str, claim: str) -> bool:
        passage = Passage("", 0, 0, 0, len(premise), premise, tuple(sentences(premise)))
        return reasoner.supports(claim, [passage]).label == "supports"

    return Judge(f"{kind}:{model}", entails, partial(close, llm, replies))


JUDGES: Mapping[str, Callable[[str, Settings], Judge]] = {
    "lexical": lambda _, __: Judge("lexical", lexical_entails),
    "embedded": _embedded,
    "nli": _nli,
    "local": lambda model, settings: _language_model("local", model, settings),
    "openai": lambda model, settings: _language_model("openai", model, settings),
}
