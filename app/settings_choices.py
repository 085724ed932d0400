"""What a person can choose on the page: ways to answer and ways to read, as far as this installation has them."""

from __future__ import annotations

from dataclasses import dataclass

from docqa.app.build import DEFAULT_READER, LLMS, READERS
from docqa.app.config import Settings

_ROUTES = {
    "auto": "Choose for me",
    "rag": "Best passages",
    "retrieve_then_reason": "Look up step by step",
    "chain": "Everything, part by part",
    "full_context": "Everything at once",
}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A way to answer. `argument` says what must be named behind the colon of `--model`, "" for nothing."""

    label: str
    help: str
    argument: str = ""
    needs_server: bool = False


def model_choices() -> dict[str, ModelChoice]:
    """The ways to answer by what `--model` calls them."""
    found = {f"embedded:{reader}": _READERS.get(reader, ModelChoice(reader, "")) for reader in READERS}
    return found | {name: _LLMS.get(name, ModelChoice(name, "", "Name or path")) for name in LLMS}


def chosen_model(settings: Settings) -> tuple[str, str]:
    """Which of the choices the settings name, and the argument that goes with it.

    >>> chosen_model(Settings(model="openai:qwen")), chosen_model(Settings())
    (('openai', 'qwen'), ('embedded:trained', ''))
    """
    name, _, argument = settings.model.partition(":")
    if name in LLMS:
        return name, argument
    reader, _, model = (argument or DEFAULT_READER).partition(":")
    return f"embedded:{reader}", model


def models_at_hand(settings: Settings) -> dict[str, str]:
    """What can answer without anything being set, by what `--model` calls it: the present one first, with a label."""
    name, argument = chosen_model(settings)
    choices = model_choices()
    current = {settings.model: f"{choices[name].label}: {argument}" if argument else choices[name].label}
    others = {key: choice.label for key, choice in choices.items() if not choice.argument and key != name}
    return current | others


def routes(model: str) -> tuple[str, ...]:
    """The ways to read that can be chosen with a model."""
    has_model = model.partition(":")[0] in LLMS
    return tuple(route for route in _ROUTES if has_model or route != "full_context")


def route_label(route: str) -> str:
    """A way of reading in plain words, with the name that the command line has for it."""
    return f"{_ROUTES[route]} ({route})" if route in _ROUTES else route


_READERS = {
    "lexical": ModelChoice("Quotes, by words", "No language model. Instant; quotes the sentences whose words fit."),
    "trained": ModelChoice("Quotes, by small networks", "No language model. A quarter of a second; quotes sentences."),
    "cross-encoder": ModelChoice(
        "Quotes, by a reranker of yours", "A cross-encoder of sentence-transformers ranks the sentences.", "Folder"
    ),
}
_LLMS = {
    "openai": ModelChoice(
        "A model on a server",
        "Any OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, or a hosted one. Passages go to it.",
        "Name of the model",
        needs_server=True,
    ),
    "local": ModelChoice("A model on this machine", "A folder with the weights of a model.", "Folder"),
}
